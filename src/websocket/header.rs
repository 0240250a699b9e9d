//! One frame's header, parsed by a plain function (RFC 6455 §5.2).
//!
//! A broken rule is refused at the first byte that shows it, so that the server keeps and awaits
//! nothing for an illegal frame.

use fastwebsockets::OpCode;

use super::mask::Mask;
use super::violation::Violation;

/// The longest header of a client: two bytes, a 64-bit length, a mask.
pub(super) const HEADER_BYTES_MAX: usize = 14;
/// RFC 6455 §5.5: the longest payload of a control frame.
pub(super) const CONTROL_BYTES_MAX: usize = 125;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// A legal header of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub fin: bool,
    pub opcode: OpCode,
    pub mask: Mask,
    /// Bytes of payload. In a text or binary message no more than [`Expected::room`].
    pub payload_len: usize,
    /// Bytes of the header itself.
    pub len: usize,
}

/// The state of the stream before a frame, by which the frame's header is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// A fragmented message waits for its continuation.
    pub inside_message: bool,
    /// Most bytes of payload that the message may still get.
    pub room: usize,
    /// Most bytes of payload that a message may have in all. Only for the text of the error.
    pub message_bytes_max: usize,
}

/// Parses the header at the front of `bytes`. Returns `None` if it is incomplete and legal so far.
pub(super) fn parse(bytes: &[u8], expected: Expected) -> Result<Option<Header>, Violation> {
    let Some((&first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let (fin, opcode) = parse_first(first, expected.inside_message)?;
    let Some((&second, rest)) = rest.split_first() else {
        return Ok(None);
    };
    let short_len = parse_second(second, opcode)?;
    let Some((payload_len, rest)) = parse_length(short_len, rest, opcode, expected)? else {
        return Ok(None);
    };
    Ok(rest.first_chunk().map(|&mask: &[u8; 4]| Header {
        fin,
        opcode,
        mask: Mask(mask),
        payload_len,
        len: bytes.len() - rest.len() + mask.len(),
    }))
}

pub(super) fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong)
}

fn parse_first(byte: u8, inside_message: bool) -> Result<(bool, OpCode), Violation> {
    if byte & RESERVED != 0 {
        return Err(Violation::ReservedBits);
    }
    let fin = byte & FIN != 0;
    let code = byte & 0x0F;
    let opcode = OpCode::try_from(code).map_err(|_| Violation::UnknownOpcode(code))?;
    match opcode {
        OpCode::Continuation if !inside_message => Err(Violation::StrayContinuation),
        OpCode::Text | OpCode::Binary if inside_message => Err(Violation::MessageInsideMessage),
        _ if is_control(opcode) && !fin => Err(Violation::FragmentedControl),
        _ => Ok((fin, opcode)),
    }
}

fn parse_second(byte: u8, opcode: OpCode) -> Result<u8, Violation> {
    if byte & MASKED == 0 {
        return Err(Violation::Unmasked);
    }
    let short_len = byte & !MASKED;
    if is_control(opcode) && usize::from(short_len) > CONTROL_BYTES_MAX {
        return Err(Violation::LongControl);
    }
    // RFC 6455 §5.5.1: a Close payload is empty or begins with the two bytes of the code.
    if opcode == OpCode::Close && short_len == 1 {
        return Err(Violation::HalfCloseCode);
    }
    Ok(short_len)
}

/// Returns the payload length and the bytes behind it. Of an incomplete length, the smallest and
/// the largest value that are still possible are checked. So `00 00 00 00 00 00` or `7f` of a
/// 64-bit length is refused without the rest.
fn parse_length(
    short_len: u8,
    rest: &[u8],
    opcode: OpCode,
    expected: Expected,
) -> Result<Option<(usize, &[u8])>, Violation> {
    let (width, smallest_allowed) = match short_len {
        126 => (2, 126),
        127 => (8, 65_536),
        _ => (0, 0),
    };
    let seen = rest.len().min(width);
    let (length, behind) = rest.split_at(seen);
    let (least, most) = if width == 0 {
        (u64::from(short_len), u64::from(short_len))
    } else {
        bounds(length, width)
    };
    if width == 8 && least >> 63 == 1 {
        return Err(Violation::LengthHighBit);
    }
    if most < smallest_allowed {
        return Err(Violation::LengthNotMinimal);
    }
    let room = if is_control(opcode) {
        CONTROL_BYTES_MAX
    } else {
        expected.room
    };
    let too_big = Violation::MessageTooBig {
        max: expected.message_bytes_max,
    };
    let least = usize::try_from(least).map_err(|_| too_big)?;
    if least > room {
        return Err(too_big);
    }
    Ok((seen == width).then_some((least, behind)))
}

/// Smallest and largest big-endian number of `width` bytes that starts with `seen`.
fn bounds(seen: &[u8], width: usize) -> (u64, u64) {
    (0..width).fold((0, 0), |(least, most), i| {
        let byte = seen.get(i).copied();
        (
            least << 8 | u64::from(byte.unwrap_or(0x00)),
            most << 8 | u64::from(byte.unwrap_or(0xFF)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Expected = Expected {
        inside_message: false,
        room: 70_000,
        message_bytes_max: 70_000,
    };
    const INSIDE: Expected = Expected {
        inside_message: true,
        room: 100,
        ..FRESH
    };

    #[test]
    fn broken_header_is_refused_at_the_first_byte_that_shows_it() {
        use Violation::*;
        let cases: &[(&str, Expected, &[u8], Violation)] = &[
            ("rsv1", FRESH, &[0xC1], ReservedBits),
            ("rsv2", FRESH, &[0xA1], ReservedBits),
            ("rsv3", FRESH, &[0x91], ReservedBits),
            ("opcode 3", FRESH, &[0x83], UnknownOpcode(3)),
            ("opcode 11", FRESH, &[0x8B], UnknownOpcode(11)),
            ("continuation", FRESH, &[0x80], StrayContinuation),
            ("text in message", INSIDE, &[0x81], MessageInsideMessage),
            ("binary in message", INSIDE, &[0x02], MessageInsideMessage),
            ("ping, no fin", INSIDE, &[0x09], FragmentedControl),
            ("close, no fin", FRESH, &[0x08], FragmentedControl),
            ("no mask", FRESH, &[0x81, 0x05], Unmasked),
            ("ping 126", FRESH, &[0x89, 0xFE], LongControl),
            ("pong 127", FRESH, &[0x8A, 0xFF], LongControl),
            ("close 1", FRESH, &[0x88, 0x81], HalfCloseCode),
            (
                "125 in 16 bits",
                FRESH,
                &[0x81, 0xFE, 0, 125],
                LengthNotMinimal,
            ),
            (
                "64 bits, six zeros",
                FRESH,
                &[0x81, 0xFF, 0, 0, 0, 0, 0, 0],
                LengthNotMinimal,
            ),
            ("high bit", FRESH, &[0x81, 0xFF, 0x80], LengthHighBit),
            (
                "2^56",
                FRESH,
                &[0x81, 0xFF, 0x01],
                MessageTooBig { max: 70_000 },
            ),
            (
                "101 after much",
                INSIDE,
                &[0x80, 0x80 | 101],
                MessageTooBig { max: 70_000 },
            ),
            (
                "256 after much",
                INSIDE,
                &[0x80, 0xFE, 1],
                MessageTooBig { max: 70_000 },
            ),
        ];
        for (name, expected, bytes, violation) in cases {
            let before = &bytes[..bytes.len() - 1];
            assert_eq!(
                parse(before, *expected),
                Ok(None),
                "{name}: one byte earlier"
            );
            assert_eq!(parse(bytes, *expected), Err(*violation), "{name}");
        }
    }

    #[test]
    fn length_form_is_read_from_its_smallest_to_its_largest_value() {
        let cases: &[(&[u8], usize)] = &[
            (&[0x80], 0),
            (&[0x80 | 125], 125),
            (&[0xFE, 0, 126], 126),
            (&[0xFE, 0xFF, 0xFF], 65_535),
            (&[0xFF, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
            (&[0xFF, 0, 0, 0, 0, 0, 1, 0x11, 0x70], 70_000),
        ];
        for (length, payload_len) in cases {
            let bytes = [&[0x82], *length, &[1, 2, 3, 4]].concat();
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut], FRESH), Ok(None), "{length:02x?}");
            }
            let header = Header {
                fin: true,
                opcode: OpCode::Binary,
                mask: Mask([1, 2, 3, 4]),
                payload_len: *payload_len,
                len: bytes.len(),
            };
            assert_eq!(parse(&bytes, FRESH), Ok(Some(header)), "{length:02x?}");
        }
    }

    #[test]
    fn control_frame_is_not_held_to_the_message_limit() {
        let bytes = [0x89, 0x80 | 125, 0, 0, 0, 0];
        let full = Expected {
            inside_message: true,
            room: 0,
            message_bytes_max: 10,
        };
        assert!(matches!(parse(&bytes, full), Ok(Some(_))));
    }
}
