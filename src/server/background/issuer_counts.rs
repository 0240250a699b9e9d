//! Counts by the name of an issuer and a result: both come from the configuration and the code.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

type ByIssuer = BTreeMap<Box<str>, BTreeMap<&'static str, u64>>;

/// Counts of a server. They go on over a reload, because issuers are known by their names.
#[derive(Debug, Default)]
pub(crate) struct IssuerCounts(Mutex<ByIssuer>);

impl IssuerCounts {
    pub fn count(&self, issuer: &str, result: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.contains_key(issuer) {
            counts.insert(issuer.into(), BTreeMap::new());
        }
        if let Some(results) = counts.get_mut(issuer) {
            *results.entry(result).or_default() += 1;
        }
    }

    /// Returns the counts by issuer and result.
    pub fn read(&self) -> Vec<(Box<str>, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counts.iter().flat_map(|(issuer, results)| {
            let results = results.iter();
            results.map(|(result, count)| (issuer.clone(), *result, *count))
        });
        rows.collect()
    }
}
