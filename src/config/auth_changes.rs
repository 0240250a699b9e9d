//! The changes between the issuers and grants of two configurations.

use super::auth::auth_tables::{ISSUER, KEY};
use super::auth::auth_values::IssuerConfig;
use super::auth::loaded_tokens::{FileDigest, LoadedTokens};
use super::change::Change;
use super::room_changes::of_names;
use super::setting::Setting;
use super::tree::Config;

/// Returns the differences: of issuers by their names, of their keys by their places, of grants as
/// a whole, and of what their files hold.
pub(super) fn of_auth(running: &Config, new: &Config) -> Vec<Change> {
    let (old, now) = (&running.auth, &new.auth);
    let mut changes = of_names(
        old.issuers.iter().map(|one| &*one.name).collect(),
        now.issuers.iter().map(|one| &*one.name).collect(),
        "auth.issuer",
        "order of issuers",
    );
    for issuer in &now.issuers {
        let before = old.issuers.iter().find(|one| one.name == issuer.name);
        changes.extend(
            before
                .into_iter()
                .flat_map(|before| of_issuer(before, issuer)),
        );
    }
    if old.grants != now.grants {
        changes.push(counted("auth.grant", old.grants.len(), now.grants.len()));
    }
    let (Some(before), Some(after)) = (&running.tokens, &new.tokens) else {
        return changes;
    };
    changes.extend(of_secrets(before, after));
    changes.extend(of_files(before, after));
    if before.revoked != after.revoked {
        let count = before.revoked.len();
        changes.push(changed(
            "auth: the revocations of the file",
            &count.to_string(),
        ));
    }
    changes
}

fn of_issuer(old: &IssuerConfig, new: &IssuerConfig) -> Vec<Change> {
    let what = format!("auth.issuer {}", new.name);
    let mut changes = of_keys(&ISSUER, old, new, &what);
    let counts = (old.keys.len(), new.keys.len());
    if counts.0 != counts.1 {
        changes.push(counted(&format!("{what} keys"), counts.0, counts.1));
        return changes;
    }
    for (at, (before, key)) in old.keys.iter().zip(&new.keys).enumerate() {
        changes.extend(of_keys(&KEY, before, key, &new.key_name(at)));
    }
    changes
}

fn of_keys<T: 'static>(settings: &[Setting<T>], old: &T, new: &T, what: &str) -> Vec<Change> {
    let changes = settings
        .iter()
        .map(|setting| setting.change(what, old, new));
    changes.flatten().collect()
}

/// Returns the secrets of files and variables that have other contents now. One that stands in the
/// configuration itself is among the settings.
fn of_secrets(before: &LoadedTokens, after: &LoadedTokens) -> Vec<Change> {
    let of_one = |(what, text): &(String, _)| {
        let mut old = before.secrets.iter();
        let (_, old) = old.find(|(name, _)| name == what)?;
        let is_told = old == text || what.ends_with(" secret");
        (!is_told).then(|| changed(what, &old.to_string()))
    };
    after.secrets.iter().filter_map(of_one).collect()
}

/// Returns the files of public keys that have other contents now, under the same setting.
fn of_files(before: &LoadedTokens, after: &LoadedTokens) -> Vec<Change> {
    let of_one = |file: &FileDigest| {
        let mut old = before.files.iter();
        let old = old.find(|old| old.what == file.what)?;
        (old.digest != file.digest).then(|| changed(&file.what, "its contents before"))
    };
    after.files.iter().filter_map(of_one).collect()
}

fn changed(what: &str, old: &str) -> Change {
    Change {
        what: what.to_owned(),
        old: old.to_owned(),
        new: "changed".to_owned(),
    }
}

fn counted(what: &str, old: usize, new: usize) -> Change {
    let shown = |count: usize| match count {
        1 => "1 table".to_owned(),
        _ => format!("{count} tables"),
    };
    Change {
        what: what.to_owned(),
        old: shown(old),
        new: match old == new {
            true => format!("{}, changed", shown(new)),
            false => shown(new),
        },
    }
}
