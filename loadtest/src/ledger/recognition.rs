//! How a delivery is known: all deliveries of a lobby begin alike up to the tag, so the place of the tag is learnt from the
//! first one, and the others cost a comparison.

use crate::wire::tag::{MARKER_LEN, Marker, TAG_LEN, Tag};

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

    /// The tag, and whether `filler` follows it as it was published. `None` if the text begins otherwise.
    #[inline]
    pub fn look(&self, payload: &[u8], marker: Marker, filler: &[u8]) -> Option<(Tag, bool)> {
        let rest = payload.strip_prefix(&*self.before)?;
        let (tag, rest) = rest.split_first_chunk::<TAG_LEN>()?;
        if tag[..MARKER_LEN] != marker.0 {
            return None;
        }
        let whole = rest.starts_with(filler);
        Some((Tag::read(tag)?, whole))
    }
}
