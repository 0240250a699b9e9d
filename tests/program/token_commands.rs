//! `lobbyd token explain` and `lobbyd token sign`: a round trip, and each way to be refused.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use rcgen::KeyPair;

use crate::config::fixture::Folder;

const FILE: &str = r#"
[auth]
token_bytes_max = 600
revoked_file = "revoked"
[auth.phoenix]
secret_key_base_file = "key_base"
[[auth.issuer]]
name = "accounts"
iss = "https://id.example.com/"
audience = ["chat"]
[[auth.issuer.key]]
id = "a"
secret_file = "secret"
[[auth.issuer.key]]
id = "pair"
public_key_file = "public.pem"
[[auth.issuer]]
name = "cent"
iss = "cent"
claims = "centrifugo"
[[auth.issuer.key]]
secret_file = "secret"
[[auth.issuer]]
name = "supa"
iss = "supa"
claims = "supabase"
[[auth.issuer.key]]
secret_file = "secret"
[[auth.grant]]
when = { claim = "role", has = "service_role" }
topics = ["*"]
allow = ["*"]
"#;

pub fn folder(test: &str) -> Folder {
    let folder = Folder::of(test).with(FILE);
    folder.secret("secret", "a secret of 32 bytes, or of more\n");
    folder.secret("key_base", "the secret_key_base of an app of Phoenix\n");
    folder.secret("revoked", "{\"subject\": \"bad\"}\n{\"jti\": \"j1\"}\n");
    let pem = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/credentials/tests/pem/spki_p256.pem");
    folder.secret("public.pem", fs::read(pem).unwrap());
    folder
}

/// Makes a token with these flags.
fn sign(folder: &Folder, flags: &[&str]) -> String {
    let arguments = [&["token", "sign", "--config", "lobbyd.toml"], flags].concat();
    let (code, stdout, stderr) = folder.run(&arguments);
    assert_eq!(code, 0, "{flags:?}: {stderr}");
    let token = stdout.trim_end();
    assert_eq!(format!("{token}\n"), stdout, "one line");
    token.to_owned()
}

/// Explains a token. The token itself is not in the answer.
fn explain(folder: &Folder, token: &str, flags: &[&str]) -> (i32, String) {
    let arguments = [
        &["token", "explain", "--config", "lobbyd.toml"],
        flags,
        &["--", token],
    ];
    let (code, stdout, stderr) = folder.run(&arguments.concat());
    assert_eq!(stderr, "", "{token}");
    if token.len() > 20 {
        assert!(!stdout.contains(token), "{stdout}");
        let signature = token.rsplit('.').next().unwrap_or_default();
        assert!(
            signature.is_empty() || !stdout.contains(signature),
            "{stdout}"
        );
    }
    (code, stdout)
}

/// Returns the states of the checks and their names, in order.
fn checks(text: &str) -> Vec<(&str, &str)> {
    let words = |line: &'_ str| line.starts_with("  ");
    let lines = text.lines().take_while(|line| words(line));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            (
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn token_that_was_signed_is_taken_and_shown_with_what_it_grants() {
    let folder = folder("token_round_trip");
    let grants = ["--grant", "room:*=join,push:say", "--grant", "a=b=presence"];
    let flags = [&["--issuer", "accounts", "--subject", "u17"], &grants[..]].concat();
    let (code, text) = explain(&folder, &sign(&folder, &flags), &["--topic", "room:x"]);
    assert_eq!(code, 0, "{text}");
    let names = [
        "presence",
        "length",
        "form",
        "type",
        "issuer",
        "algorithm",
        "key",
        "signature",
        "claims",
        "times",
        "audience",
        "subject",
        "revocation",
    ];
    assert_eq!(checks(&text), names.map(|name| ("ok", name)));
    for line in [
        "  ok       issuer      accounts (iss \"https://id.example.com/\")",
        "  ok       key         kid \"a\"",
        "  ok       audience    \"chat\"",
        "taken: subject \"u17\" of accounts",
        "  room:*  join, push:say",
        "  a=b  presence",
        "join of \"room:x\": granted",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    let (_, text) = explain(&folder, &sign(&folder, &flags), &["--topic", "other"]);
    assert!(text.ends_with("join of \"other\": not granted\n"), "{text}");
}

#[test]
fn token_of_each_dialect_is_signed_as_it_is_read() {
    let folder = folder("token_dialects");
    let cent = [
        "--issuer",
        "cent",
        "--subject",
        "u17",
        "--grant",
        "chat:*=join,push",
    ];
    let (code, text) = explain(&folder, &sign(&folder, &cent), &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\n  chat:*  join, push\n"), "{text}");
    // A token for one topic is good for its join alone.
    let of_topic = sign(
        &folder,
        &["--issuer", "cent", "--subject", "u17", "--topic", "chat:1"],
    );
    assert_eq!(explain(&folder, &of_topic, &["--topic", "chat:1"]).0, 0);
    assert_eq!(explain(&folder, &of_topic, &[]).0, 1);
    let supa = ["--issuer", "supa", "--claim", "role=service_role"];
    let (code, text) = explain(&folder, &sign(&folder, &supa), &[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("taken: a token of supa without a subject\ngrants:\n  *  *\n"),
        "{text}"
    );
    let (code, text) = explain(
        &folder,
        &sign(&folder, &["--phoenix", "--subject", "17"]),
        &[],
    );
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("taken: subject \"17\" of phoenix\ngrants: none"),
        "{text}"
    );
}

#[test]
fn token_of_a_private_key_is_taken_by_its_public_key() {
    let folder = folder("token_of_a_pair");
    let pair = KeyPair::generate().unwrap();
    folder.secret("private.pem", pair.serialize_pem());
    folder.secret("public.pem", pair.public_key_pem());
    let flags = ["--issuer", "accounts", "--subject", "u17", "--key", "pair"];
    let signed = sign(
        &folder,
        &[&flags[..], &["--private-key", "private.pem"]].concat(),
    );
    let (code, text) = explain(&folder, &signed, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("  ok       algorithm   \"ES256\"\n"),
        "{text}"
    );
    assert!(
        text.contains("  ok       key         kid \"pair\"\n"),
        "{text}"
    );
    folder.secret("public.pem", KeyPair::generate().unwrap().public_key_pem());
    let (code, text) = explain(&folder, &signed, &[]);
    assert!(
        code == 1 && text.contains("(code token_signature)"),
        "{text}"
    );
}

/// Holds that a token is refused at this check, with this code.
fn assert_refused(folder: &Folder, token: &str, check: &str, code: &str) {
    let (exit, text) = explain(folder, token, &[]);
    assert_eq!(exit, 1, "{code}: {text}");
    let refused: Vec<_> = checks(&text)
        .into_iter()
        .filter(|(state, _)| *state == "refused")
        .collect();
    assert_eq!(refused, [("refused", check)], "{code}: {text}");
    assert!(
        text.contains("\nrefused: ") && text.contains(&format!("(code {code}): ")),
        "{text}"
    );
    // Checks behind it were not made, but for a token whose time alone is over.
    let behind = checks(&text)
        .into_iter()
        .skip_while(|(state, _)| *state != "refused")
        .skip(1);
    let state = if code == "token_expired" { "ok" } else { "-" };
    assert!(
        behind.clone().all(|(behind, _)| behind == state),
        "{code}: {text}"
    );
}

#[test]
fn token_that_is_refused_is_told_with_its_check_its_code_and_what_helps() {
    let folder = folder("token_refusals");
    let signed = |claims: &[&str]| {
        let mut flags = vec!["--issuer", "accounts", "--subject", "u17"];
        flags.extend(claims.iter().flat_map(|claim| ["--claim", claim]));
        sign(&folder, &flags)
    };
    let good = signed(&[]);
    let (body, _) = good.rsplit_once('.').unwrap();
    let other = format!("{body}.{}", "A".repeat(43));
    let table = [
        (String::new(), "presence", "token_missing"),
        (
            signed(&[&format!("x={}", "x".repeat(600))]),
            "length",
            "token_too_long",
        ),
        ("a.b.c".to_owned(), "form", "token_malformed"),
        ("a.b.c.d.e".to_owned(), "form", "token_encrypted"),
        (signed(&["iss=other"]), "issuer", "token_issuer"),
        (other, "signature", "token_signature"),
        (signed(&["exp=soon"]), "claims", "token_claims"),
        (signed(&["exp=1"]), "times", "token_expired"),
        (signed(&["nbf=9999999999"]), "times", "token_not_yet_valid"),
        (
            signed(&["iat=9999999999"]),
            "times",
            "token_issued_in_future",
        ),
        (signed(&["aud=other"]), "audience", "token_audience"),
        (signed(&["sub="]), "subject", "token_claims"),
        (signed(&["sub=bad"]), "revocation", "token_revoked"),
        (signed(&["jti=j1"]), "revocation", "token_revoked"),
    ];
    for (token, check, code) in table {
        assert_refused(&folder, &token, check, code);
    }
    let phoenix = sign(&folder, &["--phoenix", "--subject", "17"]);
    let (body, _) = phoenix.rsplit_once('.').unwrap();
    let (exit, text) = explain(&folder, &format!("{body}.AAAA"), &[]);
    assert_eq!(exit, 1);
    assert!(text.contains("  refused  signature\n"), "{text}");
}

#[test]
fn token_from_stdin_is_in_no_list_of_processes() {
    let folder = folder("token_stdin");
    let token = sign(&folder, &["--phoenix", "--subject", "u17"]);
    let mut command = folder.lobbyd(&["token", "explain", "--config", "lobbyd.toml", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "  {token}").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("taken: subject \"u17\" of phoenix"), "{text}");
}

#[test]
fn token_that_its_own_configuration_refuses_is_signed_with_a_warning() {
    let folder = folder("token_warning");
    let (code, stdout, stderr) = folder.run(&[
        "token",
        "sign",
        "--config",
        "lobbyd.toml",
        "--issuer",
        "accounts",
        "--subject",
        "u17",
        "--audience",
        "x",
    ]);
    assert_eq!(code, 0);
    assert_eq!(stdout.matches('.').count(), 2, "{stdout}");
    let start = "lobbyd: warning: this configuration refuses the token: token audience: ";
    assert!(stderr.starts_with(start), "{stderr}");
}
