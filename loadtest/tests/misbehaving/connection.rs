//! A connection of a misbehaving server: its upgrade, and the frames of its client.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lobbyd_loadtest::load::wire::upgrade;

use super::fault::{Fault, hold_back};
use super::room::Room;

/// Time without a frame after which held-back bytes are written and the stop flag is read.
const QUIET: Duration = Duration::from_millis(20);

/// Longest wait for a client to take bytes; then the client has failed.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// Serves one client until its connection ends.
pub fn serve(
    stream: TcpStream,
    fault: Fault,
    room: &Mutex<Room>,
    stop: &AtomicBool,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIME_MAX))?;
    let key = key(&request(&stream)?)?;
    if let Fault::Answers(answer) = fault {
        hold_back(&stream);
        return (&stream).write_all(answer.as_bytes());
    }
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        upgrade::accept(&key)
    );
    (&stream).write_all(answer.as_bytes())?;
    stream.set_read_timeout(Some(QUIET))?;
    // The stream is shared and not cloned, so that dropping its last owner closes it.
    let stream = Arc::new(stream);
    let ended = take_frames(&stream, room, stop);
    lock(room).leave(&stream);
    ended
}

fn take_frames(stream: &Arc<TcpStream>, room: &Mutex<Room>, stop: &AtomicBool) -> io::Result<()> {
    let mut read = Vec::new();
    let mut buffer = [0; 16 << 10];
    while !stop.load(Ordering::Relaxed) {
        match (&**stream).read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(came) => read.extend_from_slice(&buffer[..came]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => lock(room).quiet(),
            Err(error) => return Err(error),
        }
        while let Some((opcode, payload)) = next(&mut read) {
            if lock(room).take(stream, opcode, &payload).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Locks the room. A thread that panicked has reported its failure, so its poison is ignored.
fn lock(room: &Mutex<Room>) -> std::sync::MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Reads a request up to its empty line. It reads byte by byte, so that no frame is read too.
fn request(mut stream: &TcpStream) -> io::Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    String::from_utf8(request).map_err(|_| ErrorKind::InvalidData.into())
}

fn key(request: &str) -> io::Result<String> {
    let mut headers = request.lines().filter_map(|line| line.split_once(':'));
    let key = headers.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
    let (_, key) = key.ok_or(ErrorKind::InvalidData)?;
    Ok(key.trim().to_owned())
}

/// Takes the next frame of a client, unmasked, out of the bytes that were read.
fn next(read: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let &[first, second, ..] = &read[..] else {
        return None;
    };
    let (head, length) = match second & 0x7f {
        127 => (10, u64::from_be_bytes(*read[2..].first_chunk()?) as usize),
        126 => (
            4,
            usize::from(u16::from_be_bytes(*read[2..].first_chunk()?)),
        ),
        short => (2, usize::from(short)),
    };
    let mask: [u8; 4] = *read.get(head..)?.first_chunk()?;
    let payload = read.get(head + 4..head + 4 + length)?;
    let unmasked = payload.iter().zip(mask.iter().cycle());
    let payload = unmasked.map(|(byte, mask)| byte ^ mask).collect();
    read.drain(..head + 4 + length);
    Some((first & 0x0f, payload))
}
