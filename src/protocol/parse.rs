//! JSON parsed into an app's types by simd-json, in memory that each thread keeps between parses.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use simd_json::{Buffers, Deserializer, INPUT_PADDING, Tape, fill_tape_padded};
use thiserror::Error;

/// Bytes of text up to which a parse leaves its memory to the next parse on the thread. The memory
/// is up to 28 bytes for each byte of text, if the text has only brackets and commas. So it is at
/// most half a megabyte a thread, and some 16 KiB after usual messages.
const KEPT_TEXT_BYTES_MAX: usize = 16 << 10;

thread_local! {
    /// Memory that the last parse left. Empty while a parse runs.
    static MEMORY: Cell<Option<Box<Memory>>> = const { Cell::new(None) };
}

/// Memory that simd-json needs in addition to the text. The memory grows to the need of the largest
/// text, and holds nothing between parses.
struct Memory {
    /// A copy of the text: simd-json parses in place, and reads up to [`INPUT_PADDING`] bytes
    /// beyond the end.
    copy: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

/// The error for a payload that does not fit the requested type. Its text reports the place and the
/// reason.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Mismatch(MisfitCause);

#[derive(Debug, Error)]
enum MisfitCause {
    #[error("a binary payload is not JSON")]
    Binary,
    #[error(transparent)]
    Json(simd_json::Error),
}

impl Mismatch {
    pub(super) const BINARY: Self = Self(MisfitCause::Binary);
}

/// Parses one JSON value. Copies the text once. If the thread has parsed a text as large before,
/// only `T` itself allocates.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Mismatch> {
    // The memory is taken out, not borrowed: `T` may parse something itself while it is made, and
    // that parse gets memory of its own.
    let mut memory = MEMORY.take().unwrap_or_default();
    let parsed = memory.parse(text);
    if text.len() <= KEPT_TEXT_BYTES_MAX {
        MEMORY.set(Some(memory));
    }
    parsed.map_err(|error| Mismatch(MisfitCause::Json(error)))
}

impl Memory {
    fn parse<T: DeserializeOwned>(&mut self, text: &str) -> Result<T, simd_json::Error> {
        let len = text.len();
        self.copy.clear();
        self.copy.extend_from_slice(text.as_bytes());
        self.copy.resize(len + INPUT_PADDING, 0);
        let empty = Tape(Vec::new());
        let mut tape = std::mem::replace(&mut self.tape, empty).reset();
        fill_tape_padded(&mut self.copy, len, &mut self.buffers, &mut tape)?;
        let mut values = Deserializer::from_tape(tape);
        let parsed = T::deserialize(&mut values);
        self.tape = values.into_tape().reset();
        parsed
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            copy: Vec::new(),
            buffers: Buffers::default(),
            tape: Tape(Vec::new()),
        }
    }
}
