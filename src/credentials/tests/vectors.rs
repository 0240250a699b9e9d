//! Signatures of RFC 7515 (A.1 to A.3) and RFC 8037 (A.4).

use serde_json::json;

use super::super::{Jwks, JwksReaders};
use super::*;

const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// Before their `exp` of 2011.
const THEN_MS: u64 = 1_300_819_000_000;

fn key_of(jwk: &Value) -> TokenKey {
    let text = json!({"keys": [jwk]}).to_string();
    let jwks = Jwks::parse(&text, Algorithm::ALL, JwksReaders::Server).unwrap();
    assert_eq!(jwks.left_out, []);
    jwks.keys.into_iter().next().unwrap()
}

#[test]
fn rfc_7515_examples_are_taken_and_a_changed_byte_is_not() {
    let octets = json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
    let rsa = json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let table = [
        (
            octets,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            rsa,
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            ec,
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ];
    for (jwk, header, signature) in table {
        let issuer = Issuer::new("joe").iss("joe").subject_claim("iss");
        let verifier = verifier(issuer.keys(KeySet::new([key_of(&jwk)])));
        let then = Occasion::connect(THEN_MS);
        let token = format!("{header}.{CLAIMS}.{signature}");
        let verdict = verifier.verify(&token, &then);
        assert!(
            matches!(verdict, Verdict::Taken(_)),
            "{header}: {verdict:?}"
        );
        assert_eq!(refusal(&verifier, &token), Some(TokenRefusal::Expired));
        let swapped = signature.replacen(
            &signature[8..9],
            if &signature[8..9] == "A" { "B" } else { "A" },
            1,
        );
        let changed = format!("{header}.{CLAIMS}.{swapped}");
        let verdict = verifier.verify(&changed, &then);
        assert_eq!(
            verdict,
            Verdict::Refused(TokenRefusal::Signature),
            "{header}"
        );
    }
}

/// Its payload is no JSON: the key alone is asked.
#[test]
fn rfc_8037_example_is_the_signature_of_its_key() {
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let key = key_of(&jwk);
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let text =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let mut signature = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap();
    assert!(key.verify(Algorithm::EdDsa, signed, &signature));
    assert!(!key.verify(Algorithm::Es256, signed, &signature));
    signature[0] ^= 1;
    assert!(!key.verify(Algorithm::EdDsa, signed, &signature));
}
