//! The recognition of deliveries among all texts that a member gets.
//!
//! All deliveries of a lobby begin alike up to the tag, so the place of the tag is learnt from the
//! first one, and the others cost a comparison.

use crate::load::wire::tag::{MARKER_LEN, Marker, TAG_LEN, Tag};

/// The state of a text that has a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The text is as it was published.
    Whole(Tag),
    /// The tag is as it was published; the text after it is not.
    Altered(Tag),
    /// The tag itself was changed, so its message is unknown.
    Broken,
}

/// The bytes before the tag, which are the same in all deliveries of a lobby.
#[derive(Debug, Default)]
pub struct Recognition {
    /// Empty until a delivery was seen.
    before: Box<[u8]>,
}

impl Recognition {
    /// Learns the bytes before the tag from a text that has the marker somewhere.
    pub fn learn(payload: &[u8], marker: Marker) -> Option<Recognition> {
        let at = memchr::memmem::find(payload, &marker.0)?;
        Some(Recognition {
            before: payload[..at].into(),
        })
    }

    /// Returns the tag, and whether `filler` follows it as published. `None` if the text does not
    /// begin with the learnt bytes and the marker.
    #[inline]
    pub fn look(&self, payload: &[u8], marker: Marker, filler: &[u8]) -> Option<Seen> {
        let rest = payload.strip_prefix(&*self.before)?;
        let (tag, rest) = rest.split_first_chunk::<TAG_LEN>()?;
        if tag[..MARKER_LEN] != marker.0 {
            return None;
        }
        Some(match Tag::read(tag) {
            Some(tag) if rest.starts_with(filler) => Seen::Whole(tag),
            Some(tag) => Seen::Altered(tag),
            None => Seen::Broken,
        })
    }
}
