//! Forms of keys, and the keys that are refused before a port is bound.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::{Jwks, JwksReaders, KeyProblem, SecretFormat};
use super::*;

const RSA_LIST: KeyAlgorithms<'static> = KeyAlgorithms::Each(&[Algorithm::Rs256, Algorithm::Ps512]);
const EC_LIST: KeyAlgorithms<'static> = KeyAlgorithms::Each(&[Algorithm::Es256]);
const ALL: KeyAlgorithms<'static> = KeyAlgorithms::Fitting(Algorithm::ALL);

#[test]
fn secret_has_one_value_in_each_encoding() {
    let bytes = [0xfb, 0xff, 0x00, 0x61];
    for (encoding, text) in [
        (SecretFormat::Base64, "+/8AYQ=="),
        (SecretFormat::Base64, "+/8AYQ"),
        (SecretFormat::Base64Url, "-_8AYQ"),
        (SecretFormat::Base64Url, "-_8AYQ=="),
        (SecretFormat::Hex, "fBff0061"),
    ] {
        let secret = encoding.decode(text.as_bytes()).unwrap();
        assert_eq!(secret.expose(), bytes, "{encoding:?}");
    }
    for (encoding, text) in [
        (SecretFormat::Utf8, &b"\xff"[..]),
        (SecretFormat::Base64, b"-_8AYQ"),
        (SecretFormat::Base64Url, b"+/8AYQ"),
        (SecretFormat::Hex, b"fbf"),
        (SecretFormat::Hex, b"fg"),
    ] {
        let problem = encoding.decode(text).unwrap_err();
        assert!(matches!(problem, KeyProblem::Encoding(_)), "{problem}");
    }
}

#[test]
fn secret_that_is_short_or_a_public_key_is_refused() {
    let of = |secret: &[u8]| TokenKey::secret(&Secret::new(secret), ALL).map(drop);
    assert_eq!(of(&[7; 31]), Err(KeyProblem::SecretShort(31)));
    assert_eq!(of(&[7; 32]), Ok(()));
    let pem = include_str!("pem/spki_rsa.pem");
    assert_eq!(of(pem.as_bytes()), Err(KeyProblem::SecretIsPem));
    assert_eq!(
        of(format!("\n {pem}").as_bytes()),
        Err(KeyProblem::SecretIsPem)
    );
}

#[test]
fn pem_blocks_are_keys_of_one_kind() {
    let rsa = [
        include_str!("pem/spki_rsa.pem"),
        include_str!("pem/pkcs1_rsa.pem"),
        include_str!("pem/certificate_rsa.pem"),
    ];
    for text in rsa {
        let key = TokenKey::public_pem(text, RSA_LIST).unwrap();
        assert_eq!(key.algorithms(), [Algorithm::Rs256, Algorithm::Ps512]);
        let first = TokenKey::public_pem(rsa[0], RSA_LIST).unwrap();
        assert_eq!(key.digest(), first.digest(), "all three are one key");
    }
    for text in [
        include_str!("pem/spki_p256.pem"),
        include_str!("pem/certificate_p256.pem"),
    ] {
        assert_eq!(
            TokenKey::public_pem(text, ALL).unwrap().algorithms(),
            [Algorithm::Es256]
        );
    }
    let key = TokenKey::public_pem(&ED25519.public, ALL).unwrap();
    assert_eq!(key.algorithms(), [Algorithm::EdDsa]);
}

#[test]
fn pem_blocks_that_no_algorithm_has_are_refused() {
    fn of(text: &str, list: KeyAlgorithms<'_>) -> Result<(), KeyProblem> {
        TokenKey::public_pem(text, list).map(drop)
    }
    let table = [
        (
            include_str!("pem/spki_rsa_1024.pem"),
            RSA_LIST,
            KeyProblem::RsaBits(1_024),
        ),
        (
            include_str!("pem/spki_secp256k1.pem"),
            EC_LIST,
            KeyProblem::Broken,
        ),
        (
            include_str!("pem/spki_p521.pem"),
            EC_LIST,
            KeyProblem::Broken,
        ),
        (&RSA.private, RSA_LIST, KeyProblem::Private),
        ("a secret", RSA_LIST, KeyProblem::NotPem),
        ("", RSA_LIST, KeyProblem::NotPem),
    ];
    for (text, list, expected) in table {
        assert_eq!(of(text, list), Err(expected));
    }
    let algorithm = Algorithm::Rs256;
    let problem = of(
        &P256.public,
        KeyAlgorithms::Each(&[Algorithm::Es256, algorithm]),
    );
    let words = problem.unwrap_err().to_string();
    assert_eq!(words, "RS256 does not fit a key of the kind P-256");
    let none = of(&P256.public, KeyAlgorithms::Fitting(&[algorithm]));
    assert_eq!(none, Err(KeyProblem::NoAlgorithm("P-256")));
}

#[test]
fn key_shows_no_byte_in_debug() {
    let issuer = accounts();
    let shown = format!("{issuer:?} {:?}", Signer::secret(&Secret::new(SECRET)));
    let bytes = format!("{:?}", &SECRET[..8]);
    assert!(!shown.contains("secret of") && !shown.contains(bytes.trim_matches(['[', ']'])));
}

#[test]
fn jwk_set_takes_keys_for_signatures_alone() {
    let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    let ec = |more: Value| {
        let mut jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        for (name, value) in more.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    };
    let table = [
        (ec(json!({})), None),
        (ec(json!({"use": "sig", "alg": "ES256"})), None),
        (ec(json!({"key_ops": ["verify"], "x5c": "ignored"})), None),
        (
            ec(json!({"use": "enc"})),
            Some(KeyProblem::NotForSignatures),
        ),
        (
            ec(json!({"key_ops": ["sign"]})),
            Some(KeyProblem::NotForSignatures),
        ),
        (
            ec(json!({"use": "sig", "key_ops": []})),
            Some(KeyProblem::NotForSignatures),
        ),
        (
            ec(json!({"alg": "ECDH-ES"})),
            Some(KeyProblem::Member("alg")),
        ),
        (
            ec(json!({"alg": "ES384"})),
            Some(KeyProblem::NoAlgorithm("P-256")),
        ),
        (ec(json!({"crv": "P-521"})), Some(KeyProblem::Kind)),
        (ec(json!({"crv": "secp256k1"})), Some(KeyProblem::Kind)),
        (ec(json!({"y": x})), Some(KeyProblem::Broken)),
        (ec(json!({"y": "AAAA"})), Some(KeyProblem::Member("y"))),
        (ec(json!({"x": 7})), Some(KeyProblem::Member("x"))),
        (ec(json!({"kid": 7})), Some(KeyProblem::Member("kid"))),
        (
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
            Some(KeyProblem::RsaBits(17)),
        ),
        (
            json!({"kty": "oct", "k": "AAAA"}),
            Some(KeyProblem::SecretInPublicSet),
        ),
        (json!({"kty": "AKP"}), Some(KeyProblem::Kind)),
        (json!({}), Some(KeyProblem::Member("kty"))),
    ];
    for (jwk, expected) in table {
        let text = json!({"keys": [jwk]}).to_string();
        let jwks = Jwks::parse(&text, Algorithm::ALL, JwksReaders::Everybody).unwrap();
        let problem = jwks.left_out.first().map(|(_, problem)| problem.clone());
        assert_eq!(problem, expected, "{text}");
        assert_eq!(jwks.keys.len(), usize::from(expected.is_none()));
    }
}

#[test]
fn jwk_set_of_a_file_may_have_secrets_and_has_bounds() {
    let secret = json!({"kty": "oct", "kid": "s", "k": URL_SAFE_NO_PAD.encode(SECRET)});
    let parse = |keys: &Value| Jwks::parse(&keys.to_string(), Algorithm::ALL, JwksReaders::Server);
    let jwks = parse(&json!({"keys": [secret]})).unwrap();
    assert_eq!(jwks.keys[0].kid(), Some("s"));
    let hmacs = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];
    assert_eq!(jwks.keys[0].algorithms(), hmacs);
    for (wrong, problem) in [
        (json!([]), KeyProblem::NotJwks),
        (json!({"keys": {}}), KeyProblem::NotJwks),
        (json!({"keys": [7]}), KeyProblem::NotJwks),
        (
            json!({"keys": vec![json!({}); 101]}),
            KeyProblem::TooManyKeys(101),
        ),
    ] {
        assert_eq!(parse(&wrong).unwrap_err(), problem);
    }
}

#[test]
fn tokens_signed_with_each_kind_of_key_are_taken() {
    let secret = || Signer::secret(&Secret::new(SECRET)).unwrap();
    for algorithm in Algorithm::ALL
        .iter()
        .copied()
        .filter(|one| *one != Algorithm::Es384)
    {
        let list = [algorithm];
        let (key, signing) = match algorithm {
            Algorithm::Es256 => (P256.key(&list), P256.signing()),
            Algorithm::EdDsa => (ED25519.key(&list), ED25519.signing()),
            _ if algorithm.is_hmac() => {
                let list = KeyAlgorithms::Each(&list);
                (
                    TokenKey::secret(&Secret::new(SECRET), list).unwrap(),
                    secret(),
                )
            }
            _ => (RSA.key(&list), RSA.signing()),
        };
        let verifier = verifier(accounts().keys(KeySet::new([key.id("k")])));
        let token = signing
            .sign(algorithm, Some("k"), &claims(json!({})))
            .unwrap();
        taken(&verifier, &token);
        let wrong = Signer::private_pem("no key").unwrap_err();
        assert_eq!(wrong, KeyProblem::NotPrivatePem);
    }
    let problem = P256
        .signing()
        .sign(Algorithm::Rs256, None, &claims(json!({})));
    assert_eq!(problem, Err(KeyProblem::Sign(Algorithm::Rs256)));
}
