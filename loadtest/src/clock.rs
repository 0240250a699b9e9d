//! Nanoseconds of the system's monotonic clock.
//!
//! Every process of a machine shares it, so a time that travels in a payload can be compared
//! wherever it arrives.

use rustix::time::{ClockId, clock_gettime};

/// A second.
pub const SECOND_NS: u64 = 1_000_000_000;
/// A millisecond.
pub const MILLISECOND_NS: u64 = 1_000_000;

/// Now.
#[inline]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * SECOND_NS + now.tv_nsec as u64
}
