//! WebSocket frames both ways: a client's, unmasked in place, and the heads of the floor's.

/// The opcodes that the floor understands.
pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// Largest payload of a frame; a larger one ends its connection. It bounds the memory kept for an
/// incomplete frame. 1 MiB is more than load tests publish in one message.
pub(super) const FRAME_BYTES_MAX: usize = 1 << 20;

/// Longest head of a client's frame: two bytes, the longest length field, the mask.
pub(super) const HEAD_BYTES_MAX: usize = 14;

/// Largest payload of a control frame (RFC 6455 §5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// Bytes that this load test does not send: their connection is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A client's frame, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
}

/// Returns the frame at the start of `bytes`, and its length in bytes; `None` if it is incomplete.
///
/// # Errors
///
/// When the frame is unmasked, a fragment, too large, or has reserved bits or another opcode.
pub(super) fn next(bytes: &mut [u8]) -> Result<Option<(Frame<'_>, usize)>, Malformed> {
    let &mut [first, second, ..] = bytes else {
        return Ok(None);
    };
    let opcode = known(first)?;
    let Some((length, mut head)) = length(second, bytes)? else {
        return Ok(None);
    };
    if length > FRAME_BYTES_MAX || opcode >= CLOSE && length > CONTROL_BYTES_MAX {
        return Err(Malformed);
    }
    let Some(&mask) = bytes[head..].first_chunk::<4>() else {
        return Ok(None);
    };
    head += mask.len();
    let Some(payload) = bytes[head..].get_mut(..length) else {
        return Ok(None);
    };
    unmask(payload, mask);
    Ok(Some((Frame { opcode, payload }, head + length)))
}

/// Returns the opcode, if the frame is a whole message without extensions.
fn known(first: u8) -> Result<u8, Malformed> {
    match first ^ 0x80 {
        opcode @ (TEXT | CLOSE | PING | PONG) => Ok(opcode),
        _ => Err(Malformed),
    }
}

/// Returns the payload's length, and the bytes of the head before the mask.
fn length(second: u8, bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    if second & 0x80 == 0 {
        return Err(Malformed);
    }
    Ok(match second & 0x7f {
        126 => bytes[2..]
            .first_chunk()
            .map(|&long| (usize::from(u16::from_be_bytes(long)), 4)),
        127 => bytes[2..].first_chunk().map(|&long| {
            let length = u64::from_be_bytes(long);
            (usize::try_from(length).unwrap_or(usize::MAX), 10)
        }),
        short => Some((usize::from(short), 2)),
    })
}

/// Unmasks eight bytes at a time; the compiler makes the steps wider still.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends an unmasked frame with the pieces as its payload.
pub(super) fn append(out: &mut Vec<u8>, opcode: u8, pieces: &[&[u8]]) {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    out.push(0x80 | opcode);
    if length < 126 {
        out.push(length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, opcode, &[payload]);
        bytes[1] |= 0x80;
        let head = bytes.len() - payload.len();
        let mask = [7, 90, 200, 33];
        unmask(&mut bytes[head..], mask);
        bytes.splice(head..head, mask);
        bytes
    }

    #[test]
    fn frame_of_any_length_is_found_once_it_is_whole_and_not_before() {
        for length in [0, 1, 7, 8, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let frame = masked(TEXT, &payload);
            for cut in [0, 1, 2, 3, 5, 9, 13, frame.len() - 1] {
                let cut = cut.min(frame.len() - 1);
                assert_eq!(
                    next(&mut frame[..cut].to_vec()),
                    Ok(None),
                    "{length} at {cut}"
                );
            }
            let mut more = [frame.clone(), vec![0x81]].concat();
            let (found, used) = next(&mut more).unwrap().unwrap();
            assert_eq!((found.opcode, found.payload), (TEXT, &payload[..]));
            assert_eq!(used, frame.len());
        }
    }

    #[test]
    fn bytes_that_this_load_test_never_sends_are_malformed() {
        let length_over_max = [0x81, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0];
        let cases: [&[u8]; 7] = [
            b"\x81\x02hi",           // not masked
            b"\x01\x82abcdhi",       // the first of several fragments
            b"\x80\x82abcdhi",       // a continuation
            b"\xc1\x82abcdhi",       // a reserved bit
            b"\x82\x82abcdhi",       // binary
            &length_over_max,        // larger than the limit
            b"\x89\xfe\x00\x7eabcd", // a ping of 126 bytes
        ];
        for bytes in cases {
            assert_eq!(next(&mut bytes.to_vec()), Err(Malformed), "{bytes:02x?}");
        }
    }
}
