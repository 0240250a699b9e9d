//! SIGHUP with `[auth]`: keys rotate, and what did not change keeps the tokens that it knows.

use std::sync::Arc;

use lobbyd::config::settle;
use rcgen::KeyPair;
use testkit::{connect_to, upgrade};

use crate::config::fixture::Folder;

fn issuer(keys: &str) -> String {
    format!("[auth]\nrefusal_delay_ms = 0\n[[auth.issuer]]\nname = \"accounts\"\n{keys}")
}

fn key(id: &str) -> String {
    format!("[[auth.issuer.key]]\nid = \"{id}\"\nsecret_file = \"{id}\"\n")
}

fn token(folder: &Folder, id: &str) -> String {
    let arguments = [
        "token",
        "sign",
        "--config",
        "lobbyd.toml",
        "--subject",
        "u17",
        "--key",
        id,
    ];
    let (code, stdout, stderr) = folder.run(&arguments);
    assert_eq!((code, &*stderr), (0, ""));
    stdout.trim_end().to_owned()
}

#[test]
fn key_that_is_added_and_taken_out_at_sighup_rotates_without_a_restart() {
    let folder = Folder::of("rotated_key").with(&issuer(&key("old")));
    folder.secret("old", "the old secret of 32 bytes or more\n");
    folder.secret("new", "the new secret of 32 bytes or more\n");
    let served = folder.serve(&[]);
    let target = |token: &str| format!("/socket/websocket?vsn=2.0.0&token={token}");
    let status = |token: &str| match upgrade(served.address(), &target(token), "") {
        Ok(_) => "101".to_owned(),
        Err(answer) => answer.split(' ').nth(1).unwrap_or_default().to_owned(),
    };
    let of_old = token(&folder, "old");
    assert_eq!(status(&of_old), "101");
    folder.write(&issuer(&(key("old") + &key("new"))));
    let of_new = token(&folder, "new");
    assert_eq!(status(&of_new), "401");
    served.reload(&["the configuration was read again"]);
    served.logs(&[
        "changed",
        "setting=\"auth.issuer accounts keys\"",
        "old=\"1 table\"",
        "new=\"2 tables\"",
    ]);
    assert_eq!(
        (status(&of_old), status(&of_new)),
        ("101".to_owned(), "101".to_owned())
    );
    let mut client = connect_to(served.address(), &target(&of_old));
    client.join("room:lobby");
    folder.write(&issuer(&key("new")));
    served.reload(&["the configuration was read again"]);
    assert_eq!(
        (status(&of_old), status(&of_new)),
        ("401".to_owned(), "101".to_owned())
    );
    // The client with the old token stays (auth.removed_key = "keep").
    client.expect_nothing();
    let told = [
        "takes tokens",
        "accounts: ",
        "key \\\"old\\\" of secret_file",
    ];
    served.logs(&told);
}

#[test]
fn verifier_stays_unless_what_it_is_made_of_changes() {
    let folder = Folder::of("kept_checks");
    folder.secret("old", "the old secret of 32 bytes or more\n");
    let file = issuer(&format!(
        "[[auth.issuer.key]]\nsecret_file = {:?}\n",
        folder.path("old")
    ));
    let read = |file: &str| {
        folder.write(file);
        folder.config()
    };
    let running = read(&file);
    let is_kept = |file: &str| {
        let mut new = read(file);
        settle(&running, &mut new);
        let of = |config: &lobbyd::config::Config| {
            let tokens = config.tokens.as_ref().unwrap();
            Arc::clone(tokens.checks.verifier())
        };
        Arc::ptr_eq(&of(&running), &of(&new))
    };
    assert!(is_kept(&file));
    // Where tokens arrive, and rooms, are no part of the checks.
    for other in [
        "params = [\"jwt\"]",
        "expired = \"refuse\"",
        "required = false",
    ] {
        assert!(
            is_kept(&file.replace("[auth]\n", &format!("[auth]\n{other}\n"))),
            "{other}"
        );
    }
    assert!(is_kept(&format!("{file}[[room]]\ntopic = \"a\"\n")));
    for other in [
        "leeway_s = 1",
        "keep_claims = true",
        "token_bytes_max = 1_000",
    ] {
        assert!(
            !is_kept(&file.replace("[auth]\n", &format!("[auth]\n{other}\n"))),
            "{other}"
        );
    }
    assert!(!is_kept(
        &file.replace("name = ", "audience = \"any\"\nname = ")
    ));
    folder.secret("old", "another secret of 32 bytes or more\n");
    assert!(!is_kept(&file));
}

#[test]
fn file_that_changed_is_told_at_sighup_beside_other_changes() {
    let folder = Folder::of("changed_files");
    let keys = format!(
        "jwks_file = {:?}\n[[auth.issuer.key]]\nid = \"p\"\npublic_key_file = {:?}\n",
        folder.path("set"),
        folder.path("public")
    );
    let keys = issuer(&keys);
    let set = |kid: &str| {
        let x = "11qYAycSpj1FpXbM9KdOtzq5mRzfnAOjUyI3s-fkVhM";
        format!(r#"{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "{x}"}}]}}"#)
    };
    let public = || KeyPair::generate().unwrap().public_key_pem();
    folder.secret("set", set("one"));
    folder.secret("public", public());
    folder.write(&keys);
    let running = folder.config();
    let changes = |file: &str| {
        folder.write(file);
        let settled = settle(&running, &mut folder.config());
        let lines: Vec<String> = settled.now.iter().map(ToString::to_string).collect();
        lines
    };
    let none: [&str; 0] = [];
    assert_eq!(changes(&keys), none);
    folder.secret("set", set("two"));
    let of_set = "auth.issuer accounts jwks_file: its contents before -> changed";
    assert_eq!(changes(&keys), [of_set]);
    folder.secret("public", public());
    let of_public = "auth.issuer accounts key p public_key_file: its contents before -> changed";
    let file = keys.replace("[auth]\n", "[auth]\nleeway_s = 1\n");
    let told = ["auth.leeway_s: 30 -> 1", of_public, of_set];
    assert_eq!(changes(&file), told);
}

#[test]
fn revocations_of_the_file_are_those_of_the_last_file_that_was_right() {
    let folder = Folder::of("revocations");
    folder.secret("old", "the old secret of 32 bytes or more\n");
    let other = "{\"jti\": \"other\"}\n";
    folder.secret("revoked", other);
    let revoking = issuer(&key("old")).replace("[auth]\n", "[auth]\nrevoked_file = \"revoked\"\n");
    folder.write(&revoking);
    let served = folder.serve(&[]);
    let sign = [
        "token",
        "sign",
        "--config",
        "lobbyd.toml",
        "--subject",
        "u17",
    ];
    let (code, token, stderr) = folder.run(&[&sign[..], &["--claim", "jti=mine"]].concat());
    assert_eq!((code, &*stderr), (0, ""));
    let target = format!("/socket/websocket?vsn=2.0.0&token={}", token.trim_end());
    let status = || match upgrade(served.address(), &target, "") {
        Ok(_) => "101".to_owned(),
        Err(answer) => answer.split(' ').nth(1).unwrap_or_default().to_owned(),
    };
    assert_eq!(status(), "101");
    folder.secret("revoked", format!("{other}{{\"jti\": \"mine\"}}\n"));
    served.reload(&["the configuration was read again"]);
    assert_eq!(status(), "403");
    // With a faulty file nothing changes, and the line that is wrong is named.
    folder.secret("revoked", format!("{other}garbage\n"));
    served.reload(&["nothing was changed"]);
    served.logs(&["auth.revoked_file: the file is wrong in line 2"]);
    assert_eq!(status(), "403");
    folder.secret("revoked", other);
    served.reload(&["the configuration was read again"]);
    assert_eq!(status(), "101");
}
