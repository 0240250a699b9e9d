//! The present time, as nanoseconds of the system's monotonic clock.
//!
//! Every process of a machine shares this clock, so a time in a payload can be compared in the
//! process that receives it.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a second.
pub const SECOND_NS: u64 = 1_000_000_000;
/// Nanoseconds of a millisecond.
pub const MILLISECOND_NS: u64 = 1_000_000;

/// Returns the present time of the clock.
#[inline]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * SECOND_NS + now.tv_nsec as u64
}
