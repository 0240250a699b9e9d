//! Framing by RFC 6455: ingress of messages, egress of sealed frames, and close reasons.
//!
//! The module is at both ends of the data path: bytes of a socket become whole messages
//! ([`FrameReader`]), answers become frames ([`seal`]), and an end has a reason ([`CloseReason`]).
//!
//! This module is engine: it is public with the feature `engine`, for benches and tests, and may
//! change at any time.
//!
//! Nothing here does I/O or knows a clock: the caller hands the reader a closure that reads, and
//! the rest are plain functions. The module imports nothing else of this crate.
//!
//! ```
//! use lobbyd::websocket::{FrameReader, Inbound, ReadBuffer, ReadLimits, seal};
//! use fastwebsockets::OpCode;
//!
//! let limits = ReadLimits { message_bytes_max: 64 * 1024 };
//! let mut buffer = ReadBuffer::default(); // one for all connections of a thread
//! let mut reader = FrameReader::new(); // one a connection
//!
//! let from_client = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
//! reader.fill(&mut buffer, |space| {
//!     space[..8].copy_from_slice(&from_client);
//!     Ok(8)
//! })?;
//! while let Some(inbound) = reader.next(&mut buffer, &limits)? {
//!     assert_eq!(inbound, Inbound::Text("hi"));
//!     assert_eq!(&seal(OpCode::Text, inbound.payload())[..], b"\x81\x02hi");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assembly;
mod buffer;
mod close;
mod header;
mod inbound;
mod limits;
mod mask;
mod partial;
mod reader;
mod seal;
mod tally;
#[cfg(test)]
mod tests;
mod violation;

pub use buffer::ReadBuffer;
pub(crate) use close::CloseKind;
pub use close::{CloseReason, Overrun};
pub use inbound::Inbound;
pub use limits::{Filled, ReadLimits};
pub use reader::FrameReader;
pub use seal::seal;
pub use violation::Violation;
