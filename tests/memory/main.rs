//! The counted heap: finished work gives its memory back, and logs weigh what is stated.
//!
//! The tests have a binary of their own, because the allocator counts the whole process. For the
//! same reason they run one at a time.

mod parse;
mod served;
mod topics;

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Locks the heap, so that one test uses it at a time.
pub fn heap() -> MutexGuard<'static, PeakAlloc> {
    static ALONE: Mutex<PeakAlloc> = Mutex::new(PeakAlloc);
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints the size of the heap and of the resident memory.
pub fn report(what: &str, heap_bytes: usize) {
    let resident_bytes = testkit::own_process::resident_bytes();
    println!(
        "{what}: {} KiB on the heap, {} KiB resident",
        heap_bytes >> 10,
        resident_bytes >> 10
    );
}
