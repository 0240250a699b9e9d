//! The signature algorithms of RFC 7518 and RFC 8037 that a key may have.

/// A signature algorithm. `none` is no value of it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "UPPERCASE")]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    /// `Ed25519`, its name in RFC 9864, is taken too: no other Edwards curve has a key here.
    #[strum(to_string = "EdDSA", serialize = "Ed25519")]
    EdDsa,
}

impl Algorithm {
    /// All of them, in the order of the documentation.
    pub const ALL: &[Algorithm] = <Algorithm as strum::VariantArray>::VARIANTS;

    /// Returns the algorithm of this name. Case counts (RFC 7515, section 4.1.1).
    pub fn of_name(name: &str) -> Option<Algorithm> {
        name.parse().ok()
    }

    /// Returns the name, as a header has it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True for an algorithm with a shared secret. Its check takes a few µs; that of a public key
    /// takes up to 100.
    pub fn is_hmac(self) -> bool {
        matches!(self, Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512)
    }

    /// True for an algorithm with an RSA key.
    pub(super) fn is_rsa(self) -> bool {
        matches!(
            self,
            Algorithm::Rs256
                | Algorithm::Rs384
                | Algorithm::Rs512
                | Algorithm::Ps256
                | Algorithm::Ps384
                | Algorithm::Ps512
        )
    }

    pub(super) fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::Hs384 => jsonwebtoken::Algorithm::HS384,
            Algorithm::Hs512 => jsonwebtoken::Algorithm::HS512,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
            Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
            Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
            Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfcs() {
        let names: Vec<&str> = Algorithm::ALL.iter().map(|one| one.name()).collect();
        let list = "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA";
        assert_eq!(names.join(" "), list);
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::of_name(algorithm.name()), Some(*algorithm));
            let theirs = format!("{:?}", algorithm.of_library());
            assert_eq!(theirs, algorithm.name());
        }
        assert_eq!(Algorithm::of_name("Ed25519"), Some(Algorithm::EdDsa));
        for other in ["none", "ES512", "Ed448", "hs256", "EDDSA"] {
            assert_eq!(Algorithm::of_name(other), None);
        }
    }
}
