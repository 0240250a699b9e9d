//! Where the public keys of an issuer come from: `jwks_url`, whom it is believed, and how often.

use http::Uri;
use http::uri::Scheme;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The JWK set of an issuer at a URL. The server fetches it at its start, again as often as the
/// answer's `Cache-Control: max-age` says (within a minute and a day), and when a token names a key
/// that it does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwksSource {
    url: Uri,
    pub(super) times: JwksTimes,
    /// Certificates of authorities that are believed beside the public ones.
    ca: Vec<CertificateDer<'static>>,
}

/// When a set is fetched, and for how long it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JwksTimes {
    pub refresh_ms: u64,
    pub cooldown_ms: u64,
    pub stale_max_ms: u64,
}

impl Default for JwksTimes {
    fn default() -> JwksTimes {
        JwksTimes {
            refresh_ms: 600_000,
            cooldown_ms: 30_000,
            stale_max_ms: 86_400_000,
        }
    }
}

/// Why no keys can be fetched from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksSourceProblem {
    /// The text is no URL with a host.
    #[error("not a URL such as https://id.example.com/.well-known/jwks.json")]
    NotUrl,
    /// Keys that come in the clear could be anybody's.
    #[error("https:// alone, but for 127.0.0.1, [::1] and localhost")]
    NotHttps,
    /// A name and password before the host, which would show in logs.
    #[error("no name or password in the URL: a JWK set is public")]
    UserInfo,
    /// The text of `ca_file` has no certificate, or a broken one.
    #[error("not PEM blocks of the certificates of authorities")]
    Ca,
}

impl JwksSource {
    /// Returns the source of the set at this URL, which is taken as it is: nothing is added to it.
    pub fn new(url: &str) -> Result<JwksSource, JwksSourceProblem> {
        let url: Uri = url.parse().map_err(|_| JwksSourceProblem::NotUrl)?;
        let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
            return Err(JwksSourceProblem::NotUrl);
        };
        if authority.host().is_empty() {
            return Err(JwksSourceProblem::NotUrl);
        }
        if authority.as_str().contains('@') {
            return Err(JwksSourceProblem::UserInfo);
        }
        if *scheme != Scheme::HTTPS && !(*scheme == Scheme::HTTP && is_loopback(authority.host())) {
            return Err(JwksSourceProblem::NotHttps);
        }
        Ok(JwksSource {
            url,
            times: JwksTimes::default(),
            ca: Vec::new(),
        })
    }

    /// Believes the authorities of this PEM text too, beside the public ones.
    pub fn ca_pem(mut self, pem: &str) -> Result<JwksSource, JwksSourceProblem> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let read = read.map_err(|_| JwksSourceProblem::Ca)?;
        let (taken, left_out) = RootCertStore::empty().add_parsable_certificates(read.clone());
        if taken == 0 || left_out > 0 {
            return Err(JwksSourceProblem::Ca);
        }
        self.ca.extend(read);
        Ok(self)
    }

    /// Sets `auth.jwks_refresh_s`, 600 if nothing is said: how long after an answer without
    /// `max-age` the set is fetched again.
    #[must_use]
    pub fn refresh_s(mut self, seconds: u64) -> JwksSource {
        self.times.refresh_ms = seconds.saturating_mul(1_000);
        self
    }

    /// Sets `auth.jwks_cooldown_s`, 30 if nothing is said: how long after a try no token can cause
    /// another one.
    #[must_use]
    pub fn cooldown_s(mut self, seconds: u64) -> JwksSource {
        self.times.cooldown_ms = seconds.saturating_mul(1_000);
        self
    }

    /// Sets `auth.jwks_stale_max_s`, 86,400 if nothing is said: how long keys are good that cannot
    /// be fetched again.
    #[must_use]
    pub fn stale_max_s(mut self, seconds: u64) -> JwksSource {
        self.times.stale_max_ms = seconds.saturating_mul(1_000);
        self
    }

    /// Returns the URL.
    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// Returns the certificates of authorities that are believed beside the public ones.
    pub(crate) fn ca(&self) -> &[CertificateDer<'static>] {
        &self.ca
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<std::net::IpAddr, _> = bare.parse();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_of_keys_is_https_but_for_loopback_and_has_no_password() {
        let problem = |url: &str| JwksSource::new(url).err();
        for good in [
            "https://id.example.com/.well-known/jwks.json",
            "https://id.example.com:8443/jwks?tenant=1",
            "http://127.0.0.1:8080/jwks",
            "http://[::1]/jwks",
            "http://LocalHost:1/jwks",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        let table = [
            ("http://id.example.com/jwks", JwksSourceProblem::NotHttps),
            ("http://127.0.0.1.example.com/", JwksSourceProblem::NotHttps),
            (
                "file://id.example.com/etc/passwd",
                JwksSourceProblem::NotHttps,
            ),
            ("https://a:b@id.example.com/", JwksSourceProblem::UserInfo),
            ("id.example.com/jwks", JwksSourceProblem::NotUrl),
            ("/jwks.json", JwksSourceProblem::NotUrl),
            ("https://", JwksSourceProblem::NotUrl),
            ("", JwksSourceProblem::NotUrl),
        ];
        for (url, expected) in table {
            assert_eq!(problem(url), Some(expected), "{url}");
        }
    }

    #[test]
    fn certificates_of_authorities_are_whole_pem_blocks() {
        let source = JwksSource::new("https://id.example.com/").unwrap();
        let authority = rcgen::generate_simple_self_signed([]).unwrap().cert.pem();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let problem = |pem: &str| source.clone().ca_pem(pem).err();
        assert_eq!(problem(&authority), None);
        let two = source.clone().ca_pem(&format!("{authority}{authority}"));
        assert_eq!(two.unwrap().ca().len(), 2);
        for wrong in ["", "no PEM", broken, &format!("{authority}{broken}")] {
            assert_eq!(problem(wrong), Some(JwksSourceProblem::Ca), "{wrong}");
        }
    }
}
