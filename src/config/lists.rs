//! Values that are lists: networks, origins and names.

use std::net::IpAddr;

use ipnet::IpNet;

use super::form::{Form, quoted};
use super::raw::Raw;
use super::unfit::Unfit;
use crate::channel::CheckOrigin;
use crate::channel::OriginError;

/// A list of networks. A bare address is a network of one address.
impl Form for Vec<IpNet> {
    fn expected() -> String {
        "a list of networks, as in [\"10.0.0.0/8\", \"::1\"]".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<Vec<IpNet>, Unfit> {
        each(raw, network)
    }

    fn show(&self) -> Option<String> {
        Some(list(self.iter().map(IpNet::to_string)))
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let found = text.parse().ok().or_else(address);
    let network: IpNet = found.ok_or_else(|| {
        format!("{text:?} is no network; expected one as in \"10.0.0.0/8\" or \"::1\"")
    })?;
    if network.addr() != network.network() {
        let meant = network.trunc();
        return Err(format!(
            "{text:?} has bits behind its prefix; did you mean \"{meant}\"?"
        ));
    }
    Ok(network)
}

/// The web pages that may connect, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// [`CheckOrigin::own_host`].
    OwnHost,
    /// [`CheckOrigin::off`].
    Any,
    /// [`CheckOrigin::list`], which accepts each of these entries.
    List(Vec<String>),
}

impl Form for Origins {
    fn expected() -> String {
        "\"own_host\", \"any\" or a list of origins, as in [\"https://example.com\"]".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<Origins, Unfit> {
        match raw.text() {
            Some("own_host") => return Ok(Origins::OwnHost),
            Some("any") => return Ok(Origins::Any),
            _ => {}
        }
        let entries = each(raw, origin)?;
        match entries.is_empty() {
            true => Err(Unfit::Form),
            false => Ok(Origins::List(entries)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Origins::OwnHost => quoted("own_host"),
            Origins::Any => quoted("any"),
            Origins::List(entries) => list(entries.iter()),
        })
    }
}

fn origin(text: &str) -> Result<String, String> {
    match CheckOrigin::list([text]) {
        Ok(_) => Ok(text.to_owned()),
        // The text of the error itself is written for an app's code.
        Err(OriginError::BadWildcard(_)) => Err(format!(
            "origin {text:?} has a * that is not \"*.\" in front of a host; to allow every origin use origins = \"any\""
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the texts of a list, each with `one`. Err has everything that is wrong with the list.
pub fn each<E>(raw: Raw<'_>, one: impl Fn(&str) -> Result<E, String>) -> Result<Vec<E>, Unfit> {
    let entries = raw.list().ok_or(Unfit::Form)?;
    if !entries.is_empty() && entries.iter().all(|entry| entry.text().is_none()) {
        return Err(Unfit::Form);
    }
    let (mut taken, mut wrong) = (Vec::new(), Vec::new());
    for entry in entries {
        let text = entry.text();
        let text =
            text.ok_or_else(|| format!("expected texts in the list, found {}", entry.found()));
        match text.and_then(&one) {
            Ok(entry) => taken.push(entry),
            Err(text) => wrong.push(text),
        }
    }
    match wrong.is_empty() {
        true => Ok(taken),
        false => Err(Unfit::Each(wrong)),
    }
}

/// Returns a list of texts, as TOML has it.
pub fn list<S: AsRef<str>>(entries: impl Iterator<Item = S>) -> String {
    let entries: Vec<String> = entries.map(|entry| quoted(entry.as_ref())).collect();
    format!("[{}]", entries.join(", "))
}
