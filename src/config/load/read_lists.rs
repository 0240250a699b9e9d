//! The reading of `[[auth.issuer]]` and `[[auth.grant]]` in the file.

use toml::de::DeTable;

use crate::config::auth::auth_lines::IssuerLines;
use crate::config::auth::auth_tables::{GRANT, ISSUER, KEY, WHEN};
use crate::config::auth::auth_values::{GrantConfig, IssuerConfig, KeyConfig};
use crate::config::file::{FileReader, TomlValue};
use crate::config::lines::TableLines;

impl FileReader<'_> {
    /// Reads one of the lists. False if `path` is none of them.
    pub(in crate::config) fn auth_list(&mut self, path: &str, value: &TomlValue<'_>) -> bool {
        match path {
            "auth.issuer" => self.issuers(value),
            "auth.grant" => self.grants(value),
            _ => return false,
        }
        true
    }

    fn issuers(&mut self, value: &TomlValue<'_>) {
        for (at, table) in self.tables("auth.issuer", value).unwrap_or_default() {
            let mut lines = IssuerLines {
                issuer: TableLines::new(self.line(at)),
                keys: Vec::new(),
            };
            let issuer = self.issuer(at, table, &mut lines);
            self.effective.config.auth.issuers.push(issuer);
            self.effective.auth_lines.issuers.push(lines);
        }
    }

    fn issuer(&mut self, at: usize, table: &DeTable<'_>, lines: &mut IssuerLines) -> IssuerConfig {
        let mut issuer = IssuerConfig::default();
        let inner = &["key"];
        self.fields(
            "auth.issuer",
            (&ISSUER, inner),
            table,
            &mut issuer,
            &mut lines.issuer,
        );
        if !table.contains_key("name") {
            self.problem(
                at,
                "auth.issuer",
                "has no name; expected one for logs and metrics",
            );
        }
        let Some(value) = table.get("key") else {
            return issuer;
        };
        for (at, table) in self.tables("auth.issuer.key", value).unwrap_or_default() {
            let mut key = KeyConfig::default();
            let mut of_key = TableLines::new(self.line(at));
            self.fields("auth.issuer.key", (&KEY, &[]), table, &mut key, &mut of_key);
            issuer.keys.push(key);
            lines.keys.push(of_key);
        }
        issuer
    }

    fn grants(&mut self, value: &TomlValue<'_>) {
        for (at, table) in self.tables("auth.grant", value).unwrap_or_default() {
            let mut grant = GrantConfig::default();
            let mut lines = TableLines::new(self.line(at));
            self.fields(
                "auth.grant",
                (&GRANT, &["when"]),
                table,
                &mut grant,
                &mut lines,
            );
            match table.get("when") {
                None => self.problem(
                    at,
                    "auth.grant",
                    "has no when; expected when = { claim = …, has = … }",
                ),
                Some(when) => match when.get_ref().as_table() {
                    Some(when) => {
                        self.fields(
                            "auth.grant.when",
                            (&WHEN, &[]),
                            when,
                            &mut grant,
                            &mut lines,
                        );
                        for (name, is_missing) in [
                            ("claim", grant.claim.is_empty()),
                            ("has", grant.has.is_empty()),
                        ] {
                            if is_missing && !when.contains_key(name) {
                                let text = format!("has no {name}");
                                self.problem(at, "auth.grant.when", &text);
                            }
                        }
                    }
                    None => self.no_table("auth.grant.when", when),
                },
            }
            for (name, is_missing) in [
                ("topics", grant.topics.is_empty()),
                ("allow", grant.allow.is_empty()),
            ] {
                if is_missing && lines.is_sound {
                    self.problem(
                        at,
                        "auth.grant",
                        &format!("has no {name}, so it grants nothing"),
                    );
                }
            }
            self.effective.config.auth.grants.push(grant);
            self.effective.auth_lines.grants.push(lines);
        }
    }
}
