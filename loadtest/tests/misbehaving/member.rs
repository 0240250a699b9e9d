//! A member of a misbehaving room, and the right, rough and wrong ways to deliver to it.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::fault::{AT, Fault, hold_back};
use super::frame::{CLOSE, FIN, TEXT, altered, fragments, garbled, sealed, write};

/// A member, and the bytes that wait to be written to it.
pub struct Member {
    pub stream: Arc<TcpStream>,
    pub topic: String,
    /// True if the member joined after the first [`EARLY`](super::fault::EARLY).
    pub late: bool,
    /// Bytes to be written with the next message, or when no frame comes for a while.
    pub held: Vec<u8>,
}

impl Member {
    /// Delivers a message. `fault` is the fault to commit for this member. `rough` makes use of
    /// fragments, pings and cut frames, which WebSocket allows.
    pub fn deliver(&mut self, fault: Option<Fault>, rough: bool, number: u64, text: &str) {
        const NEXT: u64 = AT + 1;
        let frame = sealed(FIN | TEXT, text.as_bytes());
        match (fault, number) {
            (Some(Fault::Drops), AT) => {}
            (Some(Fault::DeliversTwice), AT) => write(&self.stream, &[&frame[..], &frame].concat()),
            (Some(Fault::Swaps), AT) => self.held = frame,
            (Some(Fault::Swaps), NEXT) => {
                write(&self.stream, &frame);
                write(&self.stream, &std::mem::take(&mut self.held));
            }
            (Some(Fault::Alters), AT) => {
                write(&self.stream, &sealed(FIN | TEXT, altered(text).as_bytes()));
            }
            (Some(Fault::Garbles(place)), AT) => {
                write(
                    &self.stream,
                    &sealed(FIN | TEXT, garbled(text, place).as_bytes()),
                );
            }
            (Some(Fault::ClosesOne), AT) => self.close(),
            (Some(Fault::EndsOne), AT) => self.end_with(&frame),
            _ if rough => self.deliver_roughly(number, frame, text),
            _ => write(&self.stream, &frame),
        }
    }

    fn close(&self) {
        let payload = [&1013_u16.to_be_bytes()[..], b"try again later"].concat();
        write(&self.stream, &sealed(FIN | CLOSE, &payload));
        let _ = self.stream.shutdown(Shutdown::Write); // the client may have closed first
    }

    /// Writes the last bytes in one segment with the end of the connection, without a Close frame.
    fn end_with(&self, bytes: &[u8]) {
        hold_back(&self.stream);
        write(&self.stream, bytes);
        let _ = self.stream.shutdown(Shutdown::Write); // the client may have closed first
    }

    /// Resets the connection: it is closed without time to linger. The shutdown makes the member's
    /// reading thread let go of the stream. Frames that this thread has read before are dropped.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// Delivers by turns whole, in fragments with pings between them, and held back until the next
    /// message. All bytes are written in small pieces.
    fn deliver_roughly(&mut self, number: u64, frame: Vec<u8>, text: &str) {
        match number % 4 {
            0 => self.held.extend(frame),
            1 => self.held.extend(fragments(text.as_bytes())),
            _ => {
                self.held.extend(frame);
                return; // written with the next message, or after a quiet while
            }
        }
        self.write_in_pieces();
    }

    pub fn write_in_pieces(&mut self) {
        let mut rest = &self.held[..];
        for length in [1, 2, 40, 7, 1, 90, 3].into_iter().cycle() {
            let Some((piece, after)) = rest.split_at_checked(length) else {
                break;
            };
            write(&self.stream, piece);
            rest = after;
        }
        write(&self.stream, rest);
        self.held.clear();
    }
}
