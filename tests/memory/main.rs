//! The heap, counted: what comes and goes gives its memory back, and what is kept weighs what it is said to weigh. In a
//! binary of its own, since the allocator counts the whole process; one test at a time, for the same reason.

mod parse;
mod served;
mod topics;

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// The heap for one test alone.
pub fn heap() -> MutexGuard<'static, PeakAlloc> {
    static ALONE: Mutex<PeakAlloc> = Mutex::new(PeakAlloc);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says how the heap and the resident memory stand.
pub fn report(what: &str, heap_bytes: usize) {
    let resident_bytes = testkit::own_process::resident_bytes();
    println!(
        "{what}: {} KiB on the heap, {} KiB resident",
        heap_bytes >> 10,
        resident_bytes >> 10
    );
}
