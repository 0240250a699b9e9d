//! Rates that all members of a topic share: what passes, what is refused, and who stays for it.

use std::time::Instant;

use lobbyd::rooms::{EventRule, Rate, RoomRules, TopicRates};
use lobbyd::server::{Limit, Running, ServerLimits};
use serde_json::json;
use testkit::{Client, connect, connect_narrow, eventually, serve_with};

use crate::rooms::fixture::{ROOM, any, reload_of, room_with, router, serve_rooms};

/// Returns a room in which each push is answered, and comes back to nobody.
fn with_rates(rates: TopicRates) -> RoomRules {
    RoomRules {
        rates,
        ..room_with(EventRule {
            acknowledge: true,
            echo: false,
            ..any()
        })
    }
}

/// Returns a rate of one a second, with so many at once.
fn slow(burst: u32) -> Rate {
    Rate::per_second(1).with_burst(burst)
}

fn in_room<const N: usize>(server: &Running) -> [Client; N] {
    [(); N].map(|()| {
        let mut client = connect(server);
        client.join(ROOM);
        client
    })
}

/// Takes the reply to a push, and leaves out broadcasts. Returns the reason of a refusal.
fn refusal(client: &mut Client) -> Option<String> {
    loop {
        let message = client.json();
        if message[3] == "phx_reply" {
            let reason = message[4]["response"]["reason"].as_str();
            return reason.map(str::to_owned);
        }
    }
}

#[test]
fn members_on_all_shards_share_one_rate_and_stay_when_over_it() {
    const BURST: usize = 10;
    let rates = TopicRates::default().with_messages(slow(BURST as u32));
    let server = serve_rooms([with_rates(rates)]);
    let mut clients: [Client; 4] = in_room(&server);
    let start = Instant::now();
    let mut passed = 0;
    for number in 0..40 {
        let client = &mut clients[number % 4];
        client.push("say", json!({ "n": number }));
        match refusal(client).as_deref() {
            None => passed += 1,
            Some(reason) => assert_eq!(reason, "too many messages in this room"),
        }
        assert!(passed > number.min(BURST - 1), "the burst is there at once");
    }
    let earned = start.elapsed().as_secs() as usize + 1;
    assert!(passed <= BURST + earned, "{passed} in {earned} s");
    let refused = (40 - passed) as u64;
    let meters = server.endpoint().limit_meters();
    assert_eq!(meters.bitten(Limit::RoomMessagesPerSecond), refused);
    assert!(meters.nearest(Limit::RoomMessagesPerSecond) > 0.8);
}

#[test]
fn topics_of_one_rule_have_a_bucket_each() {
    let rates = TopicRates::default().with_messages(slow(1));
    let server = serve_rooms([RoomRules {
        topic: "room:*".into(),
        ..with_rates(rates)
    }]);
    let [mut one] = in_room(&server);
    one.join("room:b");
    for topic in [ROOM, "room:b"] {
        one.send(json!(["11", "5", topic, "say", {}]));
        assert_eq!(refusal(&mut one), None, "{topic}");
    }
}

#[test]
fn bytes_over_the_rate_are_refused_and_cost_no_message() {
    let rates = TopicRates::default()
        .with_messages(slow(2))
        .with_bytes(slow(100));
    let server = serve_rooms([with_rates(rates)]);
    let [mut one, mut other] = in_room(&server);
    let push = |client: &mut Client, bytes: usize| {
        client.push("say", json!({"b": "x".repeat(bytes)}));
        refusal(client)
    };
    assert_eq!(push(&mut one, 60), None);
    let too_many = Some("too many bytes in this room".to_owned());
    assert_eq!(push(&mut other, 60), too_many);
    assert_eq!(
        push(&mut other, 10),
        None,
        "one message and 30 bytes are left"
    );
    // This one has no message left, and so costs no bytes.
    let too_many = Some("too many messages in this room".to_owned());
    assert_eq!(push(&mut one, 0), too_many);
    let meters = server.endpoint().limit_meters();
    assert_eq!(meters.bitten(Limit::RoomBytesPerSecond), 1);
}

#[test]
fn rates_of_a_room_that_are_observed_only_count() {
    let rates = TopicRates::default()
        .with_messages(slow(1))
        .with_bytes(slow(10));
    let observed = [Limit::RoomMessagesPerSecond, Limit::RoomBytesPerSecond];
    let limits = ServerLimits::default().observing(observed);
    let server = serve_with(router([with_rates(rates)]), 2, limits);
    let [mut one, mut other] = in_room(&server);
    for number in 0..20 {
        one.push("say", json!({ "number": number }));
        assert_eq!(refusal(&mut one), None);
        other.expect_event("say", json!({ "number": number }));
    }
    let meters = server.endpoint().limit_meters();
    for limit in observed {
        assert!(meters.observed(limit) > 0, "{limit:?}");
        assert_eq!(meters.bitten(limit), 0, "{limit:?}");
        assert!(meters.nearest(limit) > 1.0, "{limit:?}");
    }
}

#[test]
fn rate_of_a_room_changes_for_members_that_are_in_already() {
    let hour = Rate::per_second(1).with_burst(3_600);
    let with = |rate| with_rates(TopicRates::default().with_messages(rate));
    let server = serve_rooms([with(hour)]);
    let [mut one] = in_room(&server);
    for _ in 0..100 {
        one.push("say", json!({}));
        assert_eq!(refusal(&mut one), None);
    }
    let reload = |rate| server.endpoint().reload(reload_of(router([with(rate)])));
    reload(slow(1));
    eventually("the new rate holds", || {
        one.push("say", json!({}));
        refusal(&mut one).is_some()
    });
    // No debt stays.
    reload(Rate::per_second(1_000).with_burst(1_000));
    eventually("a faster rate holds", || {
        one.push("say", json!({}));
        refusal(&mut one).is_none()
    });
}

/// What a stranger sends, within its own burst: more than the log keeps and kernels hold for a
/// reader that has stopped.
const FLOOD: usize = 60;

/// Floods a room of `rates` by one member, while another reads nothing. Returns what the stopped
/// reader then gets: messages, and the code of a Close.
fn flood(rates: TopicRates) -> (usize, Option<u16>) {
    let server = serve_rooms([with_rates(rates)]);
    let mut reader = connect_narrow(server.local_addr());
    reader.join(ROOM);
    let [mut stranger] = in_room(&server);
    let mut passed = 0;
    for _ in 0..FLOOD {
        stranger.push("say", json!({"body": "x".repeat(60_000)}));
        passed += usize::from(refusal(&mut stranger).is_none());
    }
    server.endpoint().broadcast(ROOM, "last", ());
    let mut got = 0;
    loop {
        let frame = reader.recv();
        if frame.opcode == 8 {
            return (got, Some(frame.close_code()));
        }
        if frame.json()[3] == "last" {
            assert_eq!(got, passed, "all that was relayed");
            return (got, None);
        }
        got += 1;
    }
}

#[test]
fn reader_that_stops_keeps_its_place_in_a_room_with_a_rate() {
    let (got, code) = flood(TopicRates::default());
    assert_eq!(code, Some(1013), "after {got} messages");
    let rate = slow(500_000);
    let (got, code) = flood(TopicRates::default().with_bytes(rate));
    assert_eq!((got, code), (8, None), "half of a megabyte");
}
