//! The parse state of a connection's byte stream, as positions only.
//!
//! Frames are cut out, unmasked and joined in place, in the memory that holds them: the shared
//! buffer, or the bytes that a connection keeps. The caller hands the bytes in.
//!
//! ```text
//! … yielded │ message: joined, unmasked │ gap: headers, controls │ not understood yet │ free …
//!           message.start     message.end                    start                  end
//! ```
//!
//! Each byte is unmasked once and moved down over the gap at most twice, however the stream is cut
//! into reads. An incomplete text is checked for UTF-8 as it comes, so that a broken text is
//! refused early. The reader checks a whole text once more, because it needs a `&str` of it.

use std::ops::Range;

use fastwebsockets::OpCode;
use simdutf8::compat;

use super::close;
use super::header;
use super::header::{Expected, Header};
use super::limits::ReadLimits;
use super::mask::Mask;
use super::tally;
use super::violation::Violation;

#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// A data message that is not whole yet.
    message: Option<Fragments>,
    /// The header of a control frame, already behind `start`, whose payload is not whole yet.
    control: Option<Header>,
    /// Number of frames begun that do not end a message, since the count was last
    /// [taken](Assembly::take_fragments).
    fragments: u32,
    start: usize,
    end: usize,
}

#[derive(Debug)]
struct Fragments {
    opcode: OpCode,
    start: usize,
    end: usize,
    /// Position up to which an unfinished text is known to be UTF-8.
    checked: usize,
    /// The frame whose payload is arriving; `None` between two fragments.
    frame: Option<Rest>,
}

/// The part of a data frame that is still to come.
#[derive(Debug)]
struct Rest {
    payload_len: usize,
    /// The mask, turned so that it fits the next byte to come.
    mask: Mask,
    fin: bool,
}

#[derive(Debug)]
pub(super) enum Step {
    /// A control frame or a whole data message, its payload unmasked at `payload`. A text is not
    /// known to be UTF-8 yet.
    Whole {
        opcode: OpCode,
        payload: Range<usize>,
    },
    /// No whole message or control frame is left: the rest of one, or all of the next one, is still
    /// to come.
    Incomplete,
}

/// The bytes that are surely still to come of the arriving frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    /// At least this number of bytes.
    pub bytes: usize,
    /// Nothing incomplete is left after these bytes.
    pub is_last: bool,
}

impl Assembly {
    /// Goes on in `bytes` to the next whole message or control frame.
    pub(super) fn step(
        &mut self,
        bytes: &mut [u8],
        limits: &ReadLimits,
    ) -> Result<Step, Violation> {
        loop {
            if self.absorb(bytes)? {
                return Ok(self.finish_message());
            }
            if self.is_inside_frame() {
                return Ok(Step::Incomplete);
            }
            let Some(header) = self.header(bytes, limits)? else {
                return Ok(Step::Incomplete);
            };
            if header::is_control(header.opcode) {
                return self.control(bytes, header);
            }
            if header.fin && self.message.is_none() && header.payload_len <= self.end - self.start {
                return Ok(self.whole_message(bytes, header));
            }
            self.begin_frame(header);
        }
    }

    /// Accepts `read` more bytes behind `end`.
    pub(super) fn extend(&mut self, read: usize) {
        self.end += read;
    }

    pub(super) fn take_fragments(&mut self) -> u32 {
        std::mem::take(&mut self.fragments)
    }

    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Returns the bytes that must survive until the next read. The range may be empty although a
    /// message is incomplete, if none of its payload has come yet. Ask `is_idle` whether anything
    /// is incomplete.
    pub(super) fn live(&self) -> Range<usize> {
        let start = self.message.as_ref().map_or(self.start, |m| m.start);
        start..self.end
    }

    /// True if no frame and no message is incomplete.
    pub(super) fn is_idle(&self) -> bool {
        self.message.is_none() && self.control.is_none() && self.start == self.end
    }

    pub(super) fn is_inside_message(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn missing(&self) -> Option<Missing> {
        if let Some(control) = &self.control {
            return Some(Missing {
                bytes: control.payload_len.saturating_sub(self.end - self.start),
                is_last: self.message.is_none(),
            });
        }
        let rest = self.message.as_ref()?.frame.as_ref()?;
        Some(Missing {
            bytes: rest.payload_len,
            is_last: rest.fin,
        })
    }

    /// Moves the bytes not understood yet down to the end of the open message, so that the gap of a
    /// message does not grow with the pings inside it. Called when a step was incomplete; moves
    /// less than a control frame.
    pub(super) fn close_gap(&mut self, bytes: &mut [u8]) {
        let Some(message) = &self.message else { return };
        if message.end < self.start {
            tally::touched(self.end - self.start);
            bytes.copy_within(self.start..self.end, message.end);
            self.end -= self.start - message.end;
            self.start = message.end;
        }
    }

    /// Returns the same positions for a copy of the bytes that begins at the former `live().start`.
    pub(super) fn rebased(mut self) -> Self {
        let base = self.live().start;
        self.start -= base;
        self.end -= base;
        if let Some(message) = &mut self.message {
            message.start -= base;
            message.end -= base;
            message.checked -= base;
        }
        self
    }

    // Frames

    fn header(&mut self, bytes: &[u8], limits: &ReadLimits) -> Result<Option<Header>, Violation> {
        if let Some(header) = self.control.take() {
            return Ok(Some(header));
        }
        let message_len = self.message.as_ref().map_or(0, |m| m.end - m.start);
        let expected = Expected {
            inside_message: self.message.is_some(),
            room: limits.message_bytes_max.saturating_sub(message_len),
            message_bytes_max: limits.message_bytes_max,
        };
        tally::touched((self.end - self.start).min(header::HEADER_BYTES_MAX));
        let header = header::parse(&bytes[self.start..self.end], expected)?;
        if let Some(header) = &header {
            self.start += header.len;
        }
        Ok(header)
    }

    fn control(&mut self, bytes: &mut [u8], header: Header) -> Result<Step, Violation> {
        if self.end - self.start < header.payload_len {
            self.control = Some(header);
            return Ok(Step::Incomplete);
        }
        let payload = self.take(bytes, header);
        if header.opcode == OpCode::Close {
            close::check_payload(&bytes[payload.clone()])?;
        }
        Ok(Step::Whole {
            opcode: header.opcode,
            payload,
        })
    }

    /// Yields a message in one frame that is there as a whole, the common case.
    fn whole_message(&mut self, bytes: &mut [u8], header: Header) -> Step {
        let payload = self.take(bytes, header);
        Step::Whole {
            opcode: header.opcode,
            payload,
        }
    }

    /// Unmasks the whole payload at `start`, and goes behind it.
    fn take(&mut self, bytes: &mut [u8], header: Header) -> Range<usize> {
        let payload = self.start..self.start + header.payload_len;
        header.mask.unmask(&mut bytes[payload.clone()]);
        self.start = payload.end;
        payload
    }

    // Messages in pieces

    fn is_inside_frame(&self) -> bool {
        self.message.as_ref().is_some_and(|m| m.frame.is_some())
    }

    fn begin_frame(&mut self, header: Header) {
        self.fragments += u32::from(!header.fin);
        let start = self.start;
        let message = self.message.get_or_insert(Fragments {
            opcode: header.opcode,
            start,
            end: start,
            checked: start,
            frame: None,
        });
        message.frame = Some(Rest {
            payload_len: header.payload_len,
            mask: header.mask,
            fin: header.fin,
        });
    }

    /// Joins the bytes of the arriving frame that are there to the message. True if the message is
    /// whole.
    fn absorb(&mut self, bytes: &mut [u8]) -> Result<bool, Violation> {
        let Some(message) = &mut self.message else {
            return Ok(false);
        };
        let Some(rest) = &mut message.frame else {
            return Ok(false);
        };
        let here = rest.payload_len.min(self.end - self.start);
        let arrived = self.start..self.start + here;
        rest.mask.unmask_part(&mut bytes[arrived.clone()]);
        rest.payload_len -= here;
        self.start = arrived.end;
        message.join(bytes, arrived);

        let frame_is_whole = message.frame.take_if(|rest| rest.payload_len == 0);
        let is_whole = frame_is_whole.is_some_and(|rest| rest.fin);
        if !is_whole {
            message.check_text(bytes)?;
        }
        Ok(is_whole)
    }

    fn finish_message(&mut self) -> Step {
        match self.message.take() {
            Some(message) => Step::Whole {
                opcode: message.opcode,
                payload: message.start..message.end,
            },
            None => Step::Incomplete,
        }
    }
}

impl Fragments {
    /// Appends the bytes at `arrived` to the message, moving them down if other bytes lie between.
    fn join(&mut self, bytes: &mut [u8], arrived: Range<usize>) {
        let len = arrived.len();
        if self.end < arrived.start {
            tally::touched(len);
            bytes.copy_within(arrived, self.end);
        }
        self.end += len;
    }

    /// Checks new bytes of a text (RFC 6455 §8.1), as early as they allow: a broken character is
    /// refused before its frame is whole.
    fn check_text(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        if self.opcode != OpCode::Text {
            return Ok(());
        }
        let unchecked = &bytes[self.checked..self.end];
        tally::touched(unchecked.len());
        match compat::from_utf8(unchecked) {
            Ok(_) => self.checked = self.end,
            // The last character is only cut off: its rest may come.
            Err(e) if e.error_len().is_none() => self.checked += e.valid_up_to(),
            Err(_) => return Err(Violation::TextNotUtf8),
        }
        Ok(())
    }
}
