//! Counts of each kind of event since the start, to which all threads add.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// An enum without data whose values have places and names.
pub trait Kind: Copy + 'static {
    /// All values of the enum, each at its place.
    const ALL: &'static [Self];

    /// The value's place among [`ALL`](Kind::ALL).
    fn place(self) -> usize;

    /// A stable word for metric labels.
    fn word(self) -> &'static str;
}

/// Makes an enum a [`Kind`] that derives `strum`'s `VariantArray` and `IntoStaticStr`.
macro_rules! kind {
    ($Kind:ty) => {
        impl $crate::server::limits::counters::Kind for $Kind {
            const ALL: &'static [$Kind] = <$Kind as strum::VariantArray>::VARIANTS;

            fn place(self) -> usize {
                self as usize
            }

            fn word(self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use kind;

/// A count for each of the `N` values of `K`. Rare events only, so all shards share the counters.
#[derive(Debug)]
pub(crate) struct Counters<K, const N: usize> {
    by_kind: [AtomicU64; N],
    kinds: PhantomData<K>,
}

/// The counts in [`Counters`] at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts<K, const N: usize> {
    by_kind: [u64; N],
    kinds: PhantomData<K>,
}

impl<K, const N: usize> Default for Counters<K, N> {
    fn default() -> Counters<K, N> {
        Counters {
            by_kind: [const { AtomicU64::new(0) }; N],
            kinds: PhantomData,
        }
    }
}

impl<K: Kind, const N: usize> Counters<K, N> {
    pub fn count(&self, kind: K) {
        self.by_kind[kind.place()].fetch_add(1, Ordering::Relaxed);
    }

    pub fn of(&self, kind: K) -> u64 {
        self.by_kind[kind.place()].load(Ordering::Relaxed)
    }

    pub fn read(&self) -> Counts<K, N> {
        Counts {
            by_kind: self
                .by_kind
                .each_ref()
                .map(|count| count.load(Ordering::Relaxed)),
            kinds: PhantomData,
        }
    }
}

impl<K: Kind, const N: usize> Counts<K, N> {
    pub fn of(&self, kind: K) -> u64 {
        self.by_kind[kind.place()]
    }

    /// Returns the count of the kind with the name `name`; 0 if there is no such kind.
    pub fn named(&self, name: &str) -> u64 {
        let found = self.by_name().find(|(known, _)| *known == name);
        found.map_or(0, |(_, count)| count)
    }

    /// Returns every kind's name with its count, in the order of the variants.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = K::ALL.iter().map(|kind| kind.word());
        names.zip(self.by_kind)
    }
}
