//! Wrong `[auth]` of every kind: exit code 2, and a line that says what is wrong and what to do.

use std::fs;
use std::path::Path;

use crate::config::fixture::{Folder, ended};

/// A file, and the lines about it, each without its prefix `lobbyd.toml:`. The files that it names
/// are made by [`folder`].
const WRONG: &[(&str, &[&str])] = &[
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"short\"",
        &[
            "4: auth.issuer.key.secret_file: the secret has 5 bytes, and must have at least 32; expected a longer one, such as openssl rand -hex 32 prints",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nid = \"k\"\nsecret_file = \"p256.pem\"",
        &[
            "5: auth.issuer.key.secret_file: the secret is a PEM block: a key of a key pair belongs into public_key_file",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"none\"",
        &[
            "4: auth.issuer.key.secret_file: the file cannot be read: No such file or directory (os error 2)",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_env = \"UNSET\"",
        &["4: auth.issuer.key.secret_env: the variable that it names is not set"],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"right\"\nencoding = \"hex\"",
        &[
            "4: auth.issuer.key.secret_file: the secret is not hexadecimal; expected encoding = \"utf8\", \"base64\", \"base64url\" or \"hex\", as it is written",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\npublic_key_file = \"rsa_1024.pem\"",
        &[
            "4: auth.issuer.key.public_key_file: the RSA key has 1024 bits, and must have 2048 to 8192; expected a larger key of the issuer",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\npublic_key_file = \"right\"\nencoding = \"hex\"",
        &[
            "4: auth.issuer.key.public_key_file: not a PEM block of a public key (SPKI, PKCS#1) or of a certificate",
            "5: auth.issuer.key.encoding: means nothing beside public_key_file",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nalgorithms = [\"RS256\"]\nsecret_file = \"right\"",
        &[
            "4: auth.issuer.key.algorithms: RS256 does not fit a key of the kind secret; expected algorithms of that kind",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\nalgorithms = [\"HS256\"]\n[[auth.issuer.key]]\npublic_key_file = \"p256.pem\"",
        &[
            "5: auth.issuer.key.algorithms: no algorithm of the list fits a key of the kind P-256; expected algorithms of that kind",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\nalgorithms = [\"none\"]\n[[auth.issuer.key]]\nuntil = \"soon\"\nsecret_file = \"right\"",
        &[
            "3: auth.issuer.algorithms: expected a list of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, found \"none\"",
            "5: auth.issuer.key.until: expected a time with its zone, as in \"2026-12-01T00:00:00Z\", found \"soon\"",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nid = \"k\"\n[[auth.issuer.key]]\nsecret_file = \"right\"\npublic_key_file = \"p256.pem\"",
        &[
            "3: auth.issuer.key: has no key; expected secret_file, secret_env or public_key_file",
            "7: auth.issuer.key.public_key_file: stands beside secret_file; expected one of the two",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nid = \"k\"\nsecret_file = \"right\"\n[[auth.issuer.key]]\nid = \"k\"\nsecret_file = \"right\"",
        &["7: auth.issuer.key.id: stands in line 4 already"],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"",
        &[
            "1: auth.issuer: has no keys; expected an [[auth.issuer.key]], a jwks_file or a jwks_url",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"phoenix\"\n[[auth.issuer.key]]\nsecret_file = \"right\"",
        &[
            "2: auth.issuer.name: is the name of [auth.phoenix] in logs and metrics; expected another one",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\nclaims = \"supabase\"\nexp_required = false\n[[auth.issuer.key]]\nsecret_file = \"right\"",
        &[
            "4: auth.issuer.exp_required: means nothing with claims = \"supabase\", whose tokens always have an exp",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\niss = \"i\"\n[[auth.issuer.key]]\nsecret_file = \"right\"\n[[auth.issuer]]\nname = \"a\"\niss = \"i\"\n[[auth.issuer.key]]\nsecret_file = \"right\"",
        &[
            "7: auth.issuer.name: \"a\" stands in line 2 already",
            "8: auth.issuer.iss: \"i\" stands in line 3 already",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\njwks_url = \"http://id.example.com/keys\"",
        &["3: auth.issuer.jwks_url: https:// alone, but for 127.0.0.1, [::1] and localhost"],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\nalgorithms = [\"HS256\", \"RS256\"]\njwks_url = \"https://id.example.com/keys\"",
        &[
            "3: auth.issuer.algorithms: HS256 is for shared secrets, and everybody can read the keys of a URL; expected it at an [[auth.issuer.key]] alone",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\njwks_file = \"right\"\nca_file = \"p256.pem\"",
        &[
            "3: auth.issuer.jwks_file: not a JWK set: an object with an array `keys`",
            "4: auth.issuer.ca_file: is for a jwks_url, and there is none",
        ],
    ),
    (
        "[[auth.issuer]]\nnam = \"a\"\nkey = \"marker\"",
        &[
            "1: auth.issuer: has no name; expected one for logs and metrics",
            "2: auth.issuer.nam: no such setting; did you mean auth.issuer.name?",
            "3: auth.issuer.key: expected [[auth.issuer.key]]",
        ],
    ),
    (
        "[auth]\nrequired = true\nsocket_id = \"user\"\nrefresh_event = \"phx_join\"",
        &[
            "2: auth.required: nobody signs tokens, so no client could come in; expected an [[auth.issuer]], or auth.phoenix.secret_key_base_file",
            "3: auth.socket_id: all clients would have the same id; expected {subject} in it, or \"\" for none",
            "4: auth.refresh_event: is an event of the protocol's own; expected another name, or \"\" for none",
        ],
    ),
    (
        "[auth]\nexpired = \"forget\"\nleeway_s = -1\nrevoked_file = \"right\"",
        &[
            "2: auth.expired: expected \"tell\" or \"refuse\", found \"forget\"",
            "3: auth.leeway_s: expected a whole number of seconds from 0, found -1",
            "4: auth.revoked_file: the file is wrong in line 1: no JSON object: a line is {\"jti\": \"…\"} or {\"subject\": \"…\", \"issued_before\": seconds}",
        ],
    ),
    (
        "[auth.phoenix]\nsecret_key_base_file = \"short\"\nmax_age_s = 0",
        &[
            "2: auth.phoenix.secret_key_base_file: a secret_key_base has at least 20 bytes",
            "3: auth.phoenix.max_age_s: expected a whole number of seconds from 1, \"token\" or \"infinity\", found 0",
        ],
    ),
    (
        "[auth.phoenix]\nsecret_key_base_file = \"right\"\nsecret_key_base_env = \"A\"\nsecret_key_base = \"marker\"",
        &[
            "2: auth.phoenix.secret_key_base_file: stands beside auth.phoenix.secret_key_base_env; expected one of the two",
            "4: auth.phoenix.secret_key_base: no such setting; did you mean auth.phoenix.secret_key_base_file?",
        ],
    ),
    (
        "[auth.phoenix]\nprevious_file = \"right\"",
        &[
            "2: auth.phoenix.previous_file: needs the present secret too, in secret_key_base_file or _env",
        ],
    ),
    (
        "[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"right\"\n[[auth.grant]]\nwhen = { claim = \"role\", has = \"x\" }\ntopics = [\"a*b\"]\nallow = [\"jion\"]",
        &[
            "7: auth.grant.topics: \"a*b\" has a star that does not stand alone at its end",
            "8: auth.grant.allow: \"jion\" is no operation; expected join, push, push:EVENT, presence, history or *",
        ],
    ),
    (
        "[background]\nthreads = 0\nnice = 20",
        &[
            "2: background.threads: expected a whole number from 1 to 1024, found 0",
            "3: background.nice: expected a whole number from 0 to 19, found 20",
        ],
    ),
];

/// Returns a folder with the files that [`WRONG`] names, none of which other users can read.
fn folder(test: &str) -> Folder {
    let folder = Folder::of(test);
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/credentials/tests/pem");
    for name in ["p256", "rsa_1024"] {
        let pem = fs::read(keys.join(format!("spki_{name}.pem"))).unwrap();
        folder.secret(&format!("{name}.pem"), pem);
    }
    folder.secret("short", "short\n");
    folder.secret("right", "a secret of 32 bytes, or of more\n");
    folder
}

#[test]
fn wrong_auth_is_refused_with_its_lines_before_a_port_is_bound() {
    let folder = folder("wrong_auth");
    for (file, lines) in WRONG {
        folder.write(file);
        let expected: String = lines
            .iter()
            .map(|line| format!("lobbyd.toml:{line}\n"))
            .collect();
        for arguments in [
            &["config", "check", "lobbyd.toml"][..],
            &["--config", "lobbyd.toml"],
        ] {
            let (code, stdout, stderr) = folder.run(arguments);
            assert_eq!(stderr, expected, "of {file}");
            assert_eq!((code, &*stdout), (2, ""), "of {file}");
        }
    }
}

#[test]
fn doubtful_auth_is_taken_with_a_warning() {
    let folder = folder("doubtful_auth");
    folder.write(
        "[server]\nlisten = \"0.0.0.0:0\"\n[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nuntil = 2020-01-01T00:00:00Z\n\
         secret = \"a secret of 32 bytes, or of more\"\n",
    );
    let check = ["config", "check", "lobbyd.toml"];
    let (code, stdout, stderr) = folder.run(&check);
    let told = [
        "2: server.listen: warning: clients on other machines send their tokens in plain text; put a proxy with TLS in front, and name its network in server.trusted_proxies",
        "6: auth.issuer.key.until: warning: is over: no token of this key is taken",
        "7: auth.issuer.key.secret: warning: whoever reads the configuration has the secret; secret_file or secret_env keep it apart",
    ];
    let told: String = told.iter().map(|l| format!("lobbyd.toml:{l}\n")).collect();
    assert_eq!((code, &*stderr), (0, &*told));
    let ok = "lobbyd.toml: ok: 1 setting, 1 issuer of tokens (a) and the built-in 2 rooms (room:lobby, room:*)\n";
    assert_eq!(stdout, ok);
    // A proxy that is trusted, or loopback, and a file that others cannot read, are as they should be.
    for server in [
        "listen = \"0.0.0.0:0\"\ntrusted_proxies = [\"10.0.0.0/8\"]",
        "listen = \"localhost:0\"",
        "listen = \"[::1]:0\"",
    ] {
        folder.write(&format!(
            "[server]\n{server}\n[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"right\"\n"
        ));
        let (code, _, stderr) = folder.run(&check);
        assert_eq!((code, &*stderr), (0, ""), "{server}");
    }
}

#[test]
fn auth_without_an_issuer_is_taken_with_a_warning_that_it_does_nothing() {
    let folder = Folder::of("idle_auth");
    folder.secret("revoked", "");
    let grant = "[[auth.grant]]\nwhen = {claim = \"role\", has = \"staff\"}\ntopics = [\"*\"]\nallow = [\"*\"]\n";
    for (file, place) in [
        ("[auth]\nexpired = \"refuse\"\n", "2: auth.expired"),
        (
            "[auth]\nrevoked_file = \"revoked\"\n",
            "2: auth.revoked_file",
        ),
        ("[auth.phoenix]\nsalt = \"mine\"\n", "2: auth.phoenix.salt"),
        (grant, "1: auth.grant"),
    ] {
        folder.write(file);
        let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
        let told = format!(
            "lobbyd.toml:{place}: warning: does nothing, because nobody signs tokens: every client comes in without one; \
             expected an [[auth.issuer]], or auth.phoenix.secret_key_base_file\n"
        );
        assert_eq!((code, stderr), (0, told), "of {file}");
    }
    // What happens anyway is no surprise.
    for file in ["[auth]\nexpired = \"tell\"\n", "[auth]\nrequired = false\n"] {
        folder.write(file);
        let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
        assert_eq!((code, &*stderr), (0, ""), "of {file}");
    }
}

#[test]
fn key_of_a_set_that_cannot_be_taken_is_left_out_with_a_warning() {
    let folder = folder("left_out_key");
    let set = r#"{"keys": [{"kty": "oct", "kid": "s", "k": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"},
        {"kty": "wood", "kid": "w"}, {"kty": "RSA", "use": "enc"}]}"#;
    folder.secret("set", set);
    folder.write("[[auth.issuer]]\nname = \"a\"\njwks_file = \"set\"\n");
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    let told = [
        "the key \"w\" is left out: the JWK is of an unknown kind or curve",
        "a key without a kid is left out: the JWK is not for signatures (`use`, `key_ops`)",
    ];
    let told = told.map(|l| format!("lobbyd.toml:3: auth.issuer.jwks_file: warning: {l}\n"));
    assert_eq!((code, stderr), (0, told.concat()));
    folder.secret("set", r#"{"keys": [{"kty": "wood", "kid": "w"}]}"#);
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    let told = "lobbyd.toml:3: auth.issuer.jwks_file: has no key that can be taken\n";
    assert_eq!((code, &*stderr), (2, told));
}

#[test]
fn secret_file_that_every_user_can_read_is_taken_with_a_warning() {
    let folder = folder("readable_secret");
    folder.file("open", "a secret of 32 bytes, or of more\n", 0o644);
    folder.write(
        "[auth.phoenix]\nsecret_key_base_file = \"open\"\n[[auth.issuer]]\nname = \"a\"\n[[auth.issuer.key]]\nsecret_file = \"open\"\n",
    );
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    let why = "warning: every user of this machine can read the file; chmod o-r takes that away";
    let told = format!(
        "lobbyd.toml:2: auth.phoenix.secret_key_base_file: {why}\nlobbyd.toml:6: auth.issuer.key.secret_file: {why}\n"
    );
    assert_eq!((code, stderr), (0, told));
}

#[test]
fn issuers_stand_in_the_file_alone_and_variables_set_the_rest_of_auth() {
    let folder = Folder::of("auth_variables");
    folder.secret("right", "a secret of 32 bytes, or of more\n");
    let mut command = folder.lobbyd(&["config", "show"]);
    command.env("LOBBYD_AUTH_PHOENIX_SECRET_KEY_BASE_FILE", "right");
    command.env("LOBBYD_AUTH_PARAMS", "token,jwt");
    let (code, stdout, stderr) = ended(&mut command);
    assert_eq!((code, &*stderr), (0, ""));
    for line in [
        "params = [\"token\", \"jwt\"]                # LOBBYD_AUTH_PARAMS",
        "secret_key_base_file = \"right\"           # LOBBYD_AUTH_PHOENIX_SECRET_KEY_BASE_FILE",
        "# secret: \"…(32 bytes, from file)\"",
    ] {
        assert!(
            stdout.lines().any(|shown| shown == line),
            "{line} in {stdout}"
        );
    }
    let mut command = folder.lobbyd(&["config", "show"]);
    let (code, _, stderr) = ended(command.env("LOBBYD_AUTH_ISSUER_KEY_UNTIL", "2026-12-01"));
    let told = "LOBBYD_AUTH_ISSUER_KEY_UNTIL: no such setting; issuers and grants stand in the file alone, as [[auth.issuer]] and [[auth.grant]]\n";
    assert_eq!((code, &*stderr), (2, told));
}
