//! Connections per address, and the refusal of an address that has too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::refusal::Refusal;
use crate::server::limits::fair_queue::Party;

/// The number of connections of each address, shared by all shards. An address without connections
/// takes no memory.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    counts: Mutex<HashMap<u64, u32>>,
}

/// One connection of an address, or one request that a proxy passes on for it. It counts until this
/// value is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    addresses: Arc<Addresses>,
    key: u64,
}

impl Addresses {
    /// Counts one more connection of `address`, if `admits` allows the new count. `None` for
    /// loopback, which is not counted.
    ///
    /// # Errors
    /// The address has too many connections already.
    pub fn enter(
        self: &Arc<Addresses>,
        address: IpAddr,
        admits: impl FnOnce(u32) -> bool,
    ) -> Result<Option<Counted>, Refusal> {
        let Some(key) = key_of(address) else {
            return Ok(None);
        };
        let (counted, count) = self.count(key);
        match admits(count) {
            true => Ok(Some(counted)),
            false => Err(Refusal::Address),
        }
    }

    fn count(self: &Arc<Addresses>, key: u64) -> (Counted, u32) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        *count += 1;
        let addresses = Arc::clone(self);
        (Counted { addresses, key }, *count)
    }
}

impl Counted {
    /// Returns the address that the connection counts for.
    pub fn party(&self) -> Party {
        Party::Address(self.key)
    }
}

/// Returns whom something that came from `address` is charged to: `alone` if connections of that
/// address are not counted.
pub(crate) fn party_of(address: IpAddr, alone: u64) -> Party {
    key_of(address).map_or(Party::Alone(alone), Party::Address)
}

impl Drop for Counted {
    fn drop(&mut self) {
        let counts = self.addresses.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
                let spare = counts.capacity() / 8;
                if counts.len() < spare {
                    counts.shrink_to(2 * spare);
                }
            }
        }
    }
}

/// Returns the key of an address. IPv6 is counted by its first 64 bits, the least that one
/// subscriber gets. The key of an IPv4 address begins with `ffff`, which is multicast in IPv6, so
/// that no client's IPv6 address has the same key. `None` for loopback.
fn key_of(address: IpAddr) -> Option<u64> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(v4) => Some(0xffff << 48 | u64::from(u32::from(v4))),
        IpAddr::V6(v6) => Some((u128::from(v6) >> 64) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(addresses: &Arc<Addresses>, address: &str) -> Option<(Counted, u32)> {
        let mut seen = 0;
        let admits = |count| {
            seen = count;
            true
        };
        let counted = addresses.enter(address.parse().unwrap(), admits);
        counted.unwrap().map(|counted| (counted, seen))
    }

    #[test]
    fn refused_connection_is_not_counted() {
        let addresses: Arc<Addresses> = Arc::default();
        let refused = addresses.enter("192.0.2.1".parse().unwrap(), |_| false);
        assert_eq!(refused.map(drop), Err(Refusal::Address));
        assert!(addresses.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn address_is_counted_only_while_it_has_connections() {
        let addresses = Arc::default();
        let (one, first) = enter(&addresses, "192.0.2.1").unwrap();
        let (two, second) = enter(&addresses, "::ffff:192.0.2.1").unwrap();
        let (other, third) = enter(&addresses, "192.0.2.2").unwrap();
        assert_eq!((first, second, third), (1, 2, 1));
        drop((one, two, other));
        assert!(addresses.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn ipv6_counts_by_its_first_64_bits_and_loopback_not_at_all() {
        let addresses = Arc::default();
        let (_one, first) = enter(&addresses, "2001:db8::1").unwrap();
        let (_two, second) = enter(&addresses, "2001:db8::ffff:1").unwrap();
        let (_other, third) = enter(&addresses, "2001:db8:0:1::1").unwrap();
        assert_eq!((first, second, third), (1, 2, 1));
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(enter(&addresses, loopback).is_none(), "{loopback}");
        }
    }
}
