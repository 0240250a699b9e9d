//! Sums of bytes that never fall below zero, and the count of broken invariants.
//!
//! A bug in the broker must neither skip a member's entries silently nor make a sum wrap, which
//! would hold up all publishers for ever. The member is closed, the sum stops at zero, and both
//! count.

/// A sum of bytes in use.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    bytes: usize,
    /// How often more bytes were taken out than the sum had.
    shortfalls: u64,
}

impl Balance {
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn shortfalls(&self) -> u64 {
        self.shortfalls
    }

    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Takes bytes out. A sum that has fewer is zero then, and right again once nothing is in use.
    pub fn take(&mut self, bytes: usize) {
        match self.bytes.checked_sub(bytes) {
            Some(left) => self.bytes = left,
            None => self.falls_short(),
        }
    }

    #[cold]
    fn falls_short(&mut self) {
        self.bytes = 0;
        self.shortfalls += 1;
    }
}

/// How often an invariant of the fan-out was found broken, since the start. All are bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenInvariants {
    /// Members that lacked an entry which their log did not hold. They were closed.
    pub gaps: u64,
    /// Sums of bytes from which more was taken than they had.
    pub shortfalls: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_stops_at_zero_and_counts_instead_of_wrapping() {
        let mut balance = Balance::default();
        balance.add(5);
        balance.take(7);
        balance.add(3);
        assert_eq!((balance.bytes(), balance.shortfalls()), (3, 1));
    }
}
