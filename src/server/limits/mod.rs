//! Limits: their names and values, the effect of each, and how near each is.

pub(crate) mod counters;
pub(crate) mod fair_queue;
pub(crate) mod limit;
pub(crate) mod meters;
pub(crate) mod observe;
pub(crate) mod peak;
pub(crate) mod row;
pub(crate) mod step_timer;
pub(crate) mod token_bucket;
pub(crate) mod values;
pub(crate) mod wait_clock;
