//! Unmasking: a client's payload is made readable in place, whole or part by part.

use fastwebsockets::unmask;

use super::tally;

/// The four bytes by which a client masked a frame's payload (RFC 6455 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mask(pub [u8; 4]);

impl Mask {
    /// Unmasks a whole payload.
    pub fn unmask(self, payload: &mut [u8]) {
        tally::touched(payload.len());
        unmask(payload, self.0);
    }

    /// Unmasks the next part of a payload, and rotates the mask so that it fits the part that
    /// follows.
    pub fn unmask_part(&mut self, part: &mut [u8]) {
        self.unmask(part);
        self.0.rotate_left(part.len() % 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_in_parts_is_unmasked_like_a_whole_one() {
        let masked: Vec<u8> = (0..=40).collect();
        let mut whole = masked.clone();
        Mask([7, 11, 13, 17]).unmask(&mut whole);
        for first in 0..masked.len() {
            let mut parts = masked.clone();
            let mut mask = Mask([7, 11, 13, 17]);
            let (a, b) = parts.split_at_mut(first);
            mask.unmask_part(a);
            mask.unmask_part(b);
            assert_eq!(parts, whole, "cut at {first}");
        }
    }
}
