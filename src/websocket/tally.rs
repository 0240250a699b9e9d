//! A count of the bytes that the reader looks at, moves or clears, for tests of linear cost.
//!
//! With this count a test needs no clock. Outside tests it compiles to nothing.

#[cfg(test)]
thread_local! {
    /// Bytes touched by this thread since the count was last set to 0.
    pub(super) static BYTES_TOUCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[inline(always)]
pub(super) fn touched(_bytes: usize) {
    #[cfg(test)]
    BYTES_TOUCHED.set(BYTES_TOUCHED.get() + _bytes);
}
