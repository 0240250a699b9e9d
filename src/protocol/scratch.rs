//! Memory of the decoders, kept from one message to the next.

use super::scan::Nesting;

/// Reusable memory of the decoders. One value is enough for each thread that decodes. The memory
/// grows to at most 32 bytes, or two bits for each byte of the largest message decoded with it.
#[derive(Debug, Default)]
pub struct DecodeScratch {
    pub(super) nesting: Nesting,
}

impl DecodeScratch {
    /// Returns empty memory, which grows with the first messages.
    pub fn new() -> Self {
        Self::default()
    }
}
