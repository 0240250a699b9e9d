//! How a delivery is known among all that a member gets.
//!
//! All deliveries of a lobby begin alike up to the tag, so the place of the tag is learnt from the
//! first one, and the others cost a comparison.

use crate::load::wire::tag::{MARKER_LEN, Marker, TAG_LEN, Tag};

/// A text with a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// As it was published.
    Whole(Tag),
    /// The tag is as it was, what follows it is not.
    Altered(Tag),
    /// The tag itself was changed, so it is not known whose it is.
    Broken,
}

/// What stands before the tag in a lobby's deliveries.
#[derive(Debug, Default)]
pub struct Recognition {
    /// Empty until a delivery was seen.
    before: Box<[u8]>,
}

impl Recognition {
    /// From a text that has the marker somewhere.
    pub fn learn(payload: &[u8], marker: Marker) -> Option<Recognition> {
        let at = memchr::memmem::find(payload, &marker.0)?;
        Some(Recognition {
            before: payload[..at].into(),
        })
    }

    /// The tag, and whether `filler` follows it as it was
    /// published. `None` if the text begins otherwise.
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
