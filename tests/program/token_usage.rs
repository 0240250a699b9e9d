//! Wrong use of `lobbyd token`: one line, exit code 2, and no token in it.

use crate::token_commands::folder;

/// Flags of `token sign`, and a part of the line about them.
const WRONG: &[(&[&str], &str)] = &[
    (&[], "expected --issuer with one of accounts, cent, supa"),
    (
        &["--issuer", "acounts"],
        "--issuer: \"acounts\" is none of accounts, cent, supa",
    ),
    (
        &["--issuer", "accounts", "--key", "b"],
        "has no shared secret \"b\" that is in force; expected --private-key FILE",
    ),
    (
        &["--issuer", "accounts", "--algorithm", "HS257"],
        "--algorithm: \"HS257\" is none of HS256",
    ),
    (
        &["--issuer", "accounts", "--algorithm", "ES256"],
        "has no shared secret with ES256 that is in force",
    ),
    (
        &["--issuer", "accounts", "--topic", "a"],
        "only tokens with claims = \"centrifugo\" are for one topic",
    ),
    (
        &["--issuer", "supa", "--grant", "a=join"],
        "as [[auth.grant]]",
    ),
    (
        &["--issuer", "cent", "--grant", "a=push:x"],
        "cannot say \"push:x\"",
    ),
    (
        &["--issuer", "accounts", "--private-key", "none"],
        "--private-key: the file cannot be read",
    ),
    (
        &["--issuer", "accounts", "--private-key", "secret"],
        "not a PEM block of a private key",
    ),
    (
        &["--issuer", "accounts", "--grant", "a=jion"],
        "\"jion\" is no operation",
    ),
    (
        &["--issuer", "accounts", "--expires-in", "0"],
        "a time is expected, as in 90, 15m, 1h or 7d",
    ),
    (&["--phoenix"], "expected --subject"),
    (
        &["--phoenix", "--key", "a"],
        "'--phoenix' cannot be used with '--key <ID>'",
    ),
    (
        &["--phoenix", "--subject", "1", "--claim", "a=b"],
        "expected auth.phoenix.subject",
    ),
];

#[test]
fn wrong_use_of_token_commands_is_one_line_and_exit_code_2() {
    let folder = folder("token_usage");
    let sign = ["token", "sign", "--config", "lobbyd.toml"];
    for (flags, told) in WRONG {
        let (code, stdout, stderr) = folder.run(&[&sign[..], flags].concat());
        assert_eq!((code, &*stdout), (2, ""), "{flags:?}");
        assert!(
            stderr.starts_with("lobbyd: ") && stderr.contains(told),
            "{flags:?}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    // Without [auth] no token can be explained, and a wrong file is told as by `config check`.
    let (code, _, stderr) = folder.run(&["token", "explain", "x"]);
    assert!(
        code == 2 && stderr.contains("looks at no tokens"),
        "{stderr}"
    );
    folder.write("[auth]\nparms = []\n");
    let (code, _, stderr) = folder.run(&["token", "explain", "x", "--config", "lobbyd.toml"]);
    let told = "lobbyd.toml:2: auth.parms: no such setting; did you mean auth.params?\n";
    assert_eq!((code, &*stderr), (2, told));
}

#[test]
fn token_in_place_of_a_command_is_not_in_the_message() {
    let folder = folder("misplaced_token");
    for arguments in [
        &["token", "eyJmarker.marker.marker"][..],
        &["eyJmarker.marker.marker"],
        &["token", "explain", "a", "eyJmarker.marker.marker"],
    ] {
        let (code, stdout, stderr) = folder.run(arguments);
        assert_eq!((code, &*stdout), (2, ""));
        assert!(!stderr.contains("marker"), "{stderr}");
    }
}
