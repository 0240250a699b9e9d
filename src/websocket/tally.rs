//! Counts the bytes the reader looks at, moves or clears, so that a test can hold its cost to linear without a clock.
//! Compiles to nothing outside tests.

#[cfg(test)]
thread_local! {
    /// Of this thread, since it was last set to 0.
    pub(super) static BYTES_TOUCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[inline(always)]
pub(super) fn touched(_bytes: usize) {
    #[cfg(test)]
    BYTES_TOUCHED.set(BYTES_TOUCHED.get() + _bytes);
}
