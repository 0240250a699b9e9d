//! The tag at the start of every published text, by which a delivery is recognized.
//!
//! A tag has only letters and digits, so it passes any server unchanged. Its length is fixed, so it
//! is at the same place in every frame of a lobby.

/// Bytes of a tag: marker, stream, sequence, time, and a check of the last three.
pub const TAG_LEN: usize = MARKER_LEN + STREAM_LEN + SEQUENCE_LEN + TIME_LEN + CHECK_LEN;

/// Bytes of the marker.
pub const MARKER_LEN: usize = 8;
const STREAM_LEN: usize = 6;
const SEQUENCE_LEN: usize = 8;
const TIME_LEN: usize = 14;
const CHECK_LEN: usize = 2;

/// The content of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The number of the publisher's stream.
    pub stream: u32,
    /// The number of the message in its stream, from 0.
    pub sequence: u32,
    /// The time at which the message was to be sent, in nanoseconds of the system's monotonic
    /// clock, which all processes of a machine share.
    pub intended_ns: u64,
}

/// The marker of one run, which distinguishes its messages from others in the same lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker(pub [u8; MARKER_LEN]);

impl Marker {
    /// Returns a random marker. Its letters are not hexadecimal digits.
    pub fn unique() -> Marker {
        Marker::random(&mut fastrand::Rng::new())
    }

    fn random(random: &mut fastrand::Rng) -> Marker {
        let letters = b"ghijklmnopqrstuvwxyz";
        Marker([(); MARKER_LEN].map(|()| letters[random.usize(..letters.len())]))
    }
}

impl Tag {
    /// Writes the tag over the first [`TAG_LEN`] bytes of `text`.
    pub fn write(&self, marker: Marker, text: &mut [u8]) {
        let (head, rest) = text.split_at_mut(MARKER_LEN);
        head.copy_from_slice(&marker.0);
        let (stream, rest) = rest.split_at_mut(STREAM_LEN);
        write_hex(self.stream.into(), stream);
        let (sequence, rest) = rest.split_at_mut(SEQUENCE_LEN);
        write_hex(self.sequence.into(), sequence);
        let (time, rest) = rest.split_at_mut(TIME_LEN);
        write_hex(self.intended_ns, time);
        write_hex(self.check(), &mut rest[..CHECK_LEN]);
    }

    /// Returns a check of two digits, which nearly always changes when a digit of the tag does.
    #[inline]
    fn check(&self) -> u64 {
        let numbers = u64::from(self.stream) << 32 | u64::from(self.sequence);
        let mixed =
            (numbers ^ self.intended_ns.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed >> 56
    }

    /// Reads the tag in `text`, whose marker the caller has compared. `None` if a byte is no digit
    /// or the check differs.
    #[inline]
    pub fn read(text: &[u8; TAG_LEN]) -> Option<Tag> {
        // The first sixteen digits: 6 of the stream, 8 of the sequence, 2 of the time. The last
        // sixteen: all 14 of the time, and the check.
        let begin = hex16(text, MARKER_LEN)?;
        let end = hex16(text, TAG_LEN - 16)?;
        let tag = Tag {
            stream: (begin >> 40) as u32,
            sequence: (begin >> 8) as u32,
            intended_ns: end >> 8,
        };
        (tag.check() == end & 0xff).then_some(tag)
    }
}

fn write_hex(mut value: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 15) as usize];
        value >>= 4;
    }
}

/// Reads sixteen hexadecimal digits from `at` on, eight at a time.
#[inline]
fn hex16(text: &[u8; TAG_LEN], at: usize) -> Option<u64> {
    let high = hex8(text.get(at..at + 8)?.try_into().ok()?)?;
    let low = hex8(text.get(at + 8..at + 16)?.try_into().ok()?)?;
    Some(u64::from(high) << 32 | u64::from(low))
}

/// Reads eight digits at once. A loop over digits would cost more than all other work.
#[inline]
fn hex8(digits: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let bytes = u64::from_be_bytes(digits);
    let letters = (bytes >> 6) & ONES;
    let value = (bytes & (ONES * 0x0f)) + letters * 9;
    // A value that does not convert back to its bytes had a byte that was no digit: ten or more
    // without a letter, or less with one.
    let again = value + ONES * 0x30 + letters * 0x27;
    let over_nine = ((value + ONES * 6) >> 4) & ONES;
    if again != bytes || over_nine != letters || value & (ONES * 0xf0) != 0 {
        return None;
    }
    let pairs = (value | (value >> 4)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    Some(((quads | (quads >> 16)) & 0xffff_ffff) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_read_back_and_a_changed_tag_is_refused() {
        let mut random = fastrand::Rng::with_seed(7);
        let marker = Marker::random(&mut random);
        let mut broken = 0;
        for _ in 0..1_000 {
            let tag = Tag {
                stream: random.u32(..1 << 24),
                sequence: random.u32(..),
                intended_ns: random.u64(..1 << 56),
            };
            let mut text = [0; TAG_LEN];
            tag.write(marker, &mut text);
            assert_eq!(text[..MARKER_LEN], marker.0);
            assert!(text.iter().all(u8::is_ascii_alphanumeric));
            assert_eq!(Tag::read(&text), Some(tag));
            let at = random.usize(MARKER_LEN..TAG_LEN);
            text[at] = if text[at] == b'0' { b'7' } else { b'0' };
            broken += usize::from(Tag::read(&text).is_none());
        }
        assert!(
            broken > 980,
            "{broken} of 1,000 changed digits were noticed"
        );
    }

    #[test]
    fn eight_digits_are_read_as_the_standard_library_does() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let mut digits = *b"0a9f5b3c";
                digits[at] = byte;
                let valid = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                let expected = valid.then(|| {
                    u32::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                });
                assert_eq!(hex8(digits), expected, "{digits:?}");
            }
        }
    }
}
