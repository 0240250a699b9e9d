//! The heap, counted: what comes and goes gives its memory back, and what is kept weighs what it is said to weigh. In a
//! binary of its own, since the allocator counts the whole process; one test at a time, for the same reason.

mod parse;
mod served;
#[path = "../engine/stage.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;
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
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let resident = line.and_then(|line| line.split_whitespace().nth(1));
    let kib = resident.expect("VmRSS");
    println!(
        "{what}: {} KiB on the heap, {kib} KiB resident",
        heap_bytes >> 10
    );
}
