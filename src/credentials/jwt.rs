//! A JWT taken apart (RFC 7515, section 7.1): three parts, its header, and claims not yet verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::refusal::TokenRefusal;

/// Most bytes of a header.
const HEADER_BYTES_MAX: usize = 1_024;
/// First parts of tokens that Phoenix.Token.encrypt makes.
const PHOENIX_ENCRYPTED: &[&str] = &["XCP", "QTEyOEdDTQ"];

/// A token taken apart. Nothing of it is verified.
#[derive(Debug)]
pub(super) struct Jwt<'a> {
    /// What the signature is of: the first two parts, as they were sent.
    pub signed: &'a [u8],
    pub signature: Vec<u8>,
    /// `None` for an algorithm that no key can have, such as `none`.
    pub algorithm: Option<Algorithm>,
    pub kid: Option<String>,
    pub media_type: Option<String>,
    pub claims: Map<String, Value>,
}

impl Jwt<'_> {
    /// Takes a token apart. Of the header `alg`, `kid` and `typ` are read. `jwk`, `jku`, `x5u` and
    /// `x5c` would let a token name its own key, and are never looked at (RFC 8725, section 3.10).
    pub fn parse(token: &str) -> Result<Jwt<'_>, TokenRefusal> {
        let mut parts = token.split('.');
        let first = parts.next().unwrap_or_default();
        if PHOENIX_ENCRYPTED.contains(&first) {
            return Err(TokenRefusal::Encrypted);
        }
        let (Some(second), Some(third)) = (parts.next(), parts.next()) else {
            return Err(TokenRefusal::Malformed);
        };
        match parts.count() {
            0 => {}
            2 => return Err(TokenRefusal::Encrypted), // five parts: RFC 7516, section 7.1
            _ => return Err(TokenRefusal::Malformed),
        }
        let header = part(first)?;
        if header.len() > HEADER_BYTES_MAX {
            return Err(TokenRefusal::Malformed);
        }
        let header = object(&header)?;
        // RFC 7515, section 4.1.11: an extension that is not understood makes the token invalid.
        // We understand none. A compressed token is a bomb, and no JWS.
        if header.contains_key("crit") || header.contains_key("zip") {
            return Err(TokenRefusal::Malformed);
        }
        let algorithm = text(&header, "alg")?.ok_or(TokenRefusal::Malformed)?;
        Ok(Jwt {
            signed: &token.as_bytes()[..first.len() + 1 + second.len()],
            signature: part(third)?,
            algorithm: Algorithm::of_name(&algorithm),
            kid: text(&header, "kid")?,
            media_type: text(&header, "typ")?,
            claims: object(&part(second)?)?,
        })
    }

    /// Returns the algorithm of a token without a look at anything else. A wrong guess costs time
    /// on the wrong thread, and nothing else.
    pub fn algorithm_of(token: &str) -> Option<Algorithm> {
        let (first, _) = token.split_once('.')?;
        let name = text(&object(&part(first).ok()?).ok()?, "alg").ok()?;
        Algorithm::of_name(&name?)
    }
}

fn part(text: &str) -> Result<Vec<u8>, TokenRefusal> {
    if text.is_empty() {
        return Err(TokenRefusal::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| TokenRefusal::Malformed)
}

fn text(header: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenRefusal> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenRefusal::Malformed),
    }
}

/// Returns the members of an object. A name that is there twice is refused, because another parser
/// may take the other one (RFC 7515, section 4; RFC 7519, section 4).
fn object(json: &[u8]) -> Result<Map<String, Value>, TokenRefusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let members = deserializer.deserialize_map(UniqueMembers);
    let members = members.and_then(|members| deserializer.end().map(|()| members));
    members.map_err(|_| TokenRefusal::Malformed)
}

struct UniqueMembers;

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object without a name twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(members)
    }
}
