//! Members that were blocked while frames passed, and that lack them.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{Budget, Class, Draft, Fanout, FanoutSettings, Hub, Sink, Wants};
use lobbyd::protocol::Version;

use crate::scenes::lobby::{payload, sealed};
use crate::scenes::messages::TOPIC;

/// Frames that a late member lacks.
pub const LACKED: u64 = 64;

/// A lobby whose members take nothing until they catch up.
pub struct LateMembers {
    fanout: Fanout,
    sockets: Sockets,
    members: u32,
    frame: Bytes,
}

impl LateMembers {
    /// Returns `members` members that lack [`LACKED`] frames, each with a body of `body_bytes`.
    pub fn new(members: u32, body_bytes: usize) -> LateMembers {
        let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::default());
        for outlet in 0..members {
            fanout.open(outlet, Class::V2);
            let id = fanout.new_id();
            fanout.subscribe(outlet, id, TOPIC, &[]);
        }
        let mut late = LateMembers {
            fanout,
            sockets: Sockets::default(),
            members,
            frame: sealed(Version::V2, &payload(body_bytes)),
        };
        late.block();
        late
    }

    /// Lets frames pass while the sockets take nothing.
    pub fn block(&mut self) {
        self.sockets = Sockets::default();
        let frame = &self.frame;
        for _ in 0..LACKED {
            let seal =
                &mut |draft: &mut Draft, _: Wants| draft.seal(Class::V2, Some(frame.clone()));
            self.fanout.publish(TOPIC, None, seal);
            while self.fanout.flush(&mut self.sockets, Budget::default()) {}
        }
        assert_eq!(self.sockets.bytes, 0);
    }

    /// Sends each member a frame of its own, which stays behind the frames that it lacks.
    pub fn answer(&mut self) {
        for outlet in 0..self.members {
            self.fanout.send(outlet, self.frame.clone(), None);
        }
    }

    /// Lets each member become writable, and writes all that it lacks, with `own` frames of its
    /// own.
    pub fn catch_up(&mut self, own: u64) {
        self.sockets.take_bytes = true;
        for outlet in 0..self.members {
            self.fanout.writable(outlet);
        }
        while self.fanout.flush(&mut self.sockets, Budget::default()) {}
        let bytes = self.frame.len() as u64 * (LACKED + own);
        assert_eq!(self.sockets.bytes, bytes * u64::from(self.members));
    }

    /// Returns the number of writes of several pieces.
    pub fn vectored(&self) -> u64 {
        self.sockets.vectored
    }
}

/// The sockets of all members, which take nothing or everything.
#[derive(Default)]
struct Sockets {
    take_bytes: bool,
    bytes: u64,
    vectored: u64,
}

impl Sink for Sockets {
    fn write(&mut self, _outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        if !self.take_bytes {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes += bytes.len() as u64;
        Ok(black_box(bytes).len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.vectored += 1;
        pieces.iter().map(|piece| self.write(outlet, piece)).sum()
    }
}
