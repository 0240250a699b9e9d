//! The share of each kind of work, on the engine alone, because loads over real sockets vary.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Fanout, FanoutSettings, Hub, Original, OriginalPayload, Sink, Wants,
};

/// Sockets that take every byte, and keep the writes in order.
#[derive(Default)]
struct Taken(Vec<(u32, Vec<u8>)>);

impl Sink for Taken {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        self.0.push((outlet, bytes.to_vec()));
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
        self.write(outlet, &bytes)
    }
}

fn seal(draft: &mut Draft, wants: Wants) {
    draft.seal(Class::V2, Some(Bytes::from_static(b"broadcast")));
    if wants.original {
        draft.keep_original(Original {
            event: "event".into(),
            payload: OriginalPayload::Text("{}".into()),
        });
    }
}

#[test]
fn answers_for_a_thousand_clients_leave_a_pass_its_slice_of_every_turn() {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = Fanout::new(0, hub, FanoutSettings::default());
    let member = 1000;
    for outlet in 0..=member {
        fanout.open(outlet, Class::V2);
    }
    let id = fanout.new_id();
    fanout.subscribe(member, id, "room", &[]);
    fanout.publish("room", None, &mut seal);
    for outlet in 0..member {
        fanout.send(outlet, Bytes::from_static(b"answer"), None);
    }
    let mut sockets = Taken::default();
    assert!(
        fanout.flush(&mut sockets, Budget::default()),
        "more answers wait"
    );
    assert!(
        sockets.0.contains(&(member, b"broadcast".to_vec())),
        "{} writes",
        sockets.0.len()
    );
}

#[test]
fn answers_and_rooms_share_the_writes_of_a_turn_half_and_half() {
    let writes = |answers: u32| {
        let hub = Arc::new(Hub::new(1));
        let mut fanout = Fanout::new(0, hub, FanoutSettings::default());
        for outlet in 0..1_000 {
            fanout.open(outlet, Class::V2);
            let id = fanout.new_id();
            fanout.subscribe(outlet, id, "room", &[]);
        }
        fanout.publish("room", None, &mut seal);
        for outlet in 1_000..1_000 + answers {
            fanout.open(outlet, Class::V2);
            fanout.send(outlet, Bytes::from_static(b"answer"), None);
        }
        let mut sockets = Taken::default();
        fanout.flush(&mut sockets, Budget::default());
        let members = sockets.0.iter().filter(|(outlet, _)| *outlet < 1_000);
        let members = members.count();
        (sockets.0.len() - members, members)
    };
    assert_eq!(writes(0), (0, 64), "the slice of a pass");
    assert_eq!(writes(10), (10, 64));
    assert_eq!(writes(1_000), (64, 64));
}

#[test]
fn broadcasts_that_channels_have_not_looked_at_yet_slow_their_publishers() {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = Fanout::new(0, Arc::clone(&hub), FanoutSettings::default());
    for outlet in 0..100 {
        fanout.open(outlet, Class::V2);
        let id = fanout.new_id();
        fanout.listen(outlet, id, "room");
    }
    let mut sockets = Taken::default();
    for _ in 0..100 {
        fanout.publish("room", None, &mut seal);
    }
    fanout.flush(&mut sockets, Budget::default());
    assert!(
        hub.lag_bytes(0) > 10_000 * 32,
        "{} bytes for 10,000",
        hub.lag_bytes(0)
    );
    while fanout.take_heard(&mut 1).is_some() {}
    fanout.flush(&mut sockets, Budget::default());
    assert_eq!(hub.lag_bytes(0), 0);
}
