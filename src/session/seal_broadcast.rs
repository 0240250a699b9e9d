//! The frames of a broadcast: each encoding that a topic's subscribers need, sealed once.

use bytes::Bytes;

use crate::broker::{CLASSES, Class, Draft, Original, OriginalPayload, Seal, Wants};
use crate::channel::frames::sealed;
use crate::protocol::{PayloadBuf, Unencodable, Version};

/// Returns the class of subscribers that speak `version`.
pub(crate) fn class_of(version: Version) -> Class {
    match version {
        Version::V1 => Class::V1,
        Version::V2 => Class::V2,
    }
}

const VERSIONS: [(Class, Version); CLASSES] = [(Class::V1, Version::V1), (Class::V2, Version::V2)];

/// One message to the subscribers of a topic. Each encoding that the subscribers need is made and
/// sealed once.
pub struct BroadcastFrames<'a> {
    /// The topic, as members see it.
    pub topic: &'a str,
    /// The event's name.
    pub event: &'a str,
    /// What members get.
    pub payload: &'a PayloadBuf,
    /// The versions in which the payload has no form, if there are subscribers of them, and why.
    skipped: [Option<Unencodable>; CLASSES],
}

impl<'a> BroadcastFrames<'a> {
    /// Returns the frames of one broadcast, of which none is made yet.
    pub fn new(topic: &'a str, event: &'a str, payload: &'a PayloadBuf) -> BroadcastFrames<'a> {
        BroadcastFrames {
            topic,
            event,
            payload,
            skipped: [const { None }; CLASSES],
        }
    }

    /// Returns each version whose subscribers got nothing, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (Version, &Unencodable)> {
        let each = VERSIONS.into_iter().zip(&self.skipped);
        each.filter_map(|((_, version), why)| Some((version, why.as_ref()?)))
    }
}

impl Seal for BroadcastFrames<'_> {
    /// Seals the broadcast in the forms of `missing`. A payload may have no form in a class: bytes
    /// in version 1, or a list as payload in version 2. Subscribers of that class then get nothing,
    /// because no frame could carry the payload. Whoever publishes counts that.
    fn seal(&mut self, draft: &mut Draft, missing: Wants) {
        if missing.original {
            draft.keep_original(original(self.event, self.payload));
        }
        for (class, version) in VERSIONS {
            if missing.classes[class as usize] {
                let frame = self.encode_broadcast(version);
                let (frame, why) = match frame {
                    Ok(frame) => (Some(frame), None),
                    Err(why) => (None, Some(why)),
                };
                draft.seal(class, frame);
                self.skipped[class as usize] = why;
            }
        }
    }
}

impl BroadcastFrames<'_> {
    /// Seals the one frame that all subscribers of a version share. Fails if the payload has no
    /// form in that version.
    fn encode_broadcast(&self, version: Version) -> Result<Bytes, Unencodable> {
        let (topic, event) = (self.topic, self.event);
        sealed(|out| version.encode_broadcast(out, topic, event, self.payload))
    }
}

fn original(event: &str, payload: &PayloadBuf) -> Original {
    Original {
        event: event.into(),
        payload: match payload {
            PayloadBuf::Json(json) => OriginalPayload::Text(json.as_json().as_raw().into()),
            PayloadBuf::Binary(bytes) => OriginalPayload::Binary(bytes.clone()),
        },
    }
}
