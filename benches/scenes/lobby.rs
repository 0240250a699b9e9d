//! A lobby on one shard whose sockets take every byte and keep only counts.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use fastwebsockets::OpCode;
use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Budget, Class, Draft, Fanout, Hub, Sink, Wants};
use lobbyd::protocol::{FrameKind, Json, PayloadBuf, Version};
use lobbyd::websocket::seal;
use lobbyd::{HubCounts, IntoPayload};

use super::messages::{EVENT, TOPIC, body};

/// A sink that takes every write whole, and counts writes and bytes.
#[derive(Debug, Default)]
pub struct NullSinks {
    pub writes: u64,
    pub bytes: u64,
}

impl Sink for NullSinks {
    fn write(&mut self, _outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        self.bytes += bytes.len() as u64;
        Ok(black_box(bytes).len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let written = pieces.iter().map(|piece| piece.len()).sum();
        black_box((outlet, pieces));
        self.writes += 1;
        self.bytes += written as u64;
        Ok(written)
    }
}

/// The members of `room:lobby`, with one connection of version 2 each.
pub struct Lobby {
    pub fanout: Fanout,
    hub: Arc<Hub>,
    members: u64,
    payload: PayloadBuf,
    frame: Bytes,
    sinks: NullSinks,
}

impl Lobby {
    /// Returns a lobby of `members` members. Its messages have a body of `body_bytes` bytes.
    pub fn new(members: u32, body_bytes: usize) -> Lobby {
        let hub = Arc::new(Hub::new(1));
        let mut fanout = Fanout::new(0, Arc::clone(&hub), FanoutSettings::default());
        for outlet in 0..members {
            fanout.open(outlet, Class::V2);
            let id = fanout.new_id();
            fanout.subscribe(outlet, id, TOPIC, &[]);
        }
        let payload = payload(body_bytes);
        let frame = sealed(Version::V2, &payload);
        Lobby {
            fanout,
            hub,
            members: members.into(),
            payload,
            frame,
            sinks: NullSinks::default(),
        }
    }

    /// Publishes the sealed frame without encoding it. The frame takes its place in the topic's
    /// order and in the mailbox.
    pub fn publish_sealed(&mut self) {
        let frame = &self.frame;
        let published = self
            .fanout
            .publish(TOPIC, None, &mut |draft: &mut Draft, wants: Wants| {
                assert_eq!(wants.classes, [false, true]);
                draft.seal(Class::V2, Some(frame.clone()));
            });
        assert!(published.is_some(), "the lobby has members");
    }

    /// Encodes, seals and publishes a broadcast, as a channel does.
    pub fn publish(&mut self) {
        let payload = &self.payload;
        let published = self
            .fanout
            .publish(TOPIC, None, &mut |draft: &mut Draft, wants: Wants| {
                seal_for(draft, wants, payload);
            });
        assert!(published.is_some(), "the lobby has members");
    }

    /// Publishes `count` sealed broadcasts and appends them to the log. Nothing is written yet.
    pub fn append(&mut self, count: u64) {
        (0..count).for_each(|_| self.publish_sealed());
        self.fanout.take_mail();
    }

    /// Writes until every member has the last `broadcasts` broadcasts. Panics if a member got too
    /// many or too few bytes.
    pub fn flush(&mut self, broadcasts: u64) {
        let (writes, bytes) = (self.sinks.writes, self.sinks.bytes);
        while self.fanout.flush(&mut self.sinks, Budget::default()) {}
        let frames = self.members * broadcasts;
        assert_eq!(self.sinks.bytes - bytes, frames * self.frame.len() as u64);
        assert_eq!(self.sinks.writes - writes, self.members);
        assert_eq!(self.fanout.unsettled_bytes(), 0);
    }

    /// Returns the bytes of one frame.
    pub fn frame_bytes(&self) -> u64 {
        self.frame.len() as u64
    }

    /// Returns the broker's own counts.
    pub fn counts(&self) -> HubCounts {
        self.hub.counts()
    }
}

/// Returns `{"body": …}` with a body of `body_bytes` bytes.
pub fn payload(body_bytes: usize) -> PayloadBuf {
    let text = format!(r#"{{"body":"{}"}}"#, body(body_bytes));
    Json::new(&text).expect("a body is JSON").into_payload()
}

/// Returns the frame of a broadcast in `version`, which a shard seals once for all subscribers of
/// that version.
pub fn sealed(version: Version, payload: &PayloadBuf) -> Bytes {
    let mut out = Vec::with_capacity(64 + payload_bytes(payload));
    let kind = version.encode_broadcast(&mut out, TOPIC, EVENT, payload);
    match kind.expect("the payload has a form in this version") {
        FrameKind::Text => seal(OpCode::Text, &out),
        FrameKind::Binary => seal(OpCode::Binary, &out),
    }
}

fn seal_for(draft: &mut Draft, wants: Wants, payload: &PayloadBuf) {
    for (class, version) in [(Class::V1, Version::V1), (Class::V2, Version::V2)] {
        if wants.classes[class as usize] {
            draft.seal(class, Some(sealed(version, payload)));
        }
    }
}

fn payload_bytes(payload: &PayloadBuf) -> usize {
    match payload {
        PayloadBuf::Json(json) => json.as_str().len(),
        PayloadBuf::Binary(bytes) => bytes.len(),
    }
}
