//! The changes between the issuers and grants of two configurations.

use super::auth::auth_tables::{ISSUER, KEY};
use super::change::Change;
use super::room_changes::{of_keys, of_names};
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
        let Some(before) = before else { continue };
        let what = format!("auth.issuer {}", issuer.name);
        changes.extend(of_keys(&ISSUER, before, issuer, &what));
        let counts = (before.keys.len(), issuer.keys.len());
        if counts.0 != counts.1 {
            changes.push(changed(&format!("{what} keys"), counts.0, counts.1));
            continue;
        }
        for (at, (old, new)) in before.keys.iter().zip(&issuer.keys).enumerate() {
            let what = format!("{what} key {}", at + 1);
            changes.extend(of_keys(&KEY, old, new, &what));
        }
    }
    if old.grants != now.grants {
        changes.push(changed("auth.grant", old.grants.len(), now.grants.len()));
    }
    let digest = |config: &Config| config.tokens.as_ref().map(|tokens| tokens.digest);
    if changes.is_empty() && old == now && digest(running) != digest(new) {
        changes.push(Change {
            what: "auth: the contents of a file or variable".to_owned(),
            old: "as they were".to_owned(),
            new: "changed".to_owned(),
        });
    }
    changes
}

fn changed(what: &str, old: usize, new: usize) -> Change {
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
