//! The ledger against servers that are simulated by the order in which deliveries are entered.

use super::*;
use crate::load::wire::tag::TAG_LEN;

const MARKER: Marker = Marker(*b"ghijklmn");

struct Scene {
    ledger: Ledger,
    done: Vec<u32>,
}

impl Scene {
    /// Makes a lobby with one stream, and `members` members that have joined.
    fn new(members: u32) -> Scene {
        let mut ledger = Ledger::new(MARKER, (*b"filler").into());
        let (lobby, _) = ledger.open_lobby(1);
        for _ in 0..members {
            let member = ledger.enrol(lobby, None, true);
            ledger.join(member);
        }
        Scene {
            ledger,
            done: Vec::new(),
        }
    }

    fn publish(&mut self, count: u32) {
        for _ in 0..count {
            self.ledger.publish(0, 1_000);
        }
    }

    fn text(sequence: u32, filler: &str) -> Vec<u8> {
        let mut tag = [0; TAG_LEN];
        let intended_ns = 1_000;
        Tag {
            stream: 0,
            sequence,
            intended_ns,
        }
        .write(MARKER, &mut tag);
        [b"[null,\"".as_slice(), &tag, filler.as_bytes(), b"\"]"].concat()
    }

    fn deliver(&mut self, member: u32, sequences: &[u32]) -> Vec<Entered> {
        let enter = |sequence: &u32| {
            let text = Scene::text(*sequence, "filler");
            let entered = self.ledger.enter(member, &text);
            entered
                .or_else(|| self.ledger.enter_unfamiliar(member, &text))
                .unwrap()
        };
        sequences.iter().map(enter).collect()
    }

    fn sums(&self) -> [u64; 5] {
        let sums = self.ledger.deliveries();
        assert_eq!(sums.expected, sums.received + sums.missing);
        [
            sums.expected,
            sums.missing,
            sums.duplicated,
            sums.out_of_order,
            sums.early,
        ]
    }
}

#[test]
fn messages_that_come_once_and_in_order_are_whole() {
    let mut scene = Scene::new(2);
    scene.publish(3);
    scene.deliver(0, &[0, 1, 2]);
    assert!(!scene.ledger.is_settled());
    let last: Vec<bool> = scene
        .deliver(1, &[0, 1, 2])
        .iter()
        .map(|entered| entered.last)
        .collect();
    assert_eq!(last, [true; 3]);
    assert!(scene.ledger.is_settled() && scene.ledger.deliveries().whole());
    assert_eq!(scene.sums(), [6, 0, 0, 0, 0]);
}

#[test]
fn lost_message_is_missing_whether_others_follow_it_or_not() {
    let mut scene = Scene::new(1);
    scene.publish(4);
    scene.deliver(0, &[0, 2]);
    assert_eq!(scene.sums(), [4, 2, 0, 0, 0]);
    assert!(!scene.ledger.is_settled());
}

#[test]
fn second_copy_is_a_duplicate_and_hides_no_loss() {
    let mut scene = Scene::new(1);
    scene.publish(4);
    let owed: Vec<bool> = scene
        .deliver(0, &[0, 0, 3, 3])
        .iter()
        .map(|entered| entered.owed)
        .collect();
    assert_eq!(owed, [true, false, true, false]);
    assert_eq!(scene.sums(), [4, 2, 2, 0, 0]);
}

#[test]
fn swapped_neighbours_are_one_out_of_order_and_none_missing() {
    let mut scene = Scene::new(1);
    scene.publish(5);
    scene.deliver(0, &[0, 2, 1, 3, 4]);
    assert_eq!(scene.sums(), [5, 0, 0, 1, 0]);
    assert!(scene.ledger.is_settled());
}

#[test]
fn gap_filled_in_its_middle_becomes_two_gaps() {
    let mut scene = Scene::new(1);
    scene.publish(6);
    scene.deliver(0, &[0, 5, 3, 3, 2, 4, 1]);
    assert_eq!(scene.sums(), [6, 0, 1, 4, 0]);
}

#[test]
fn member_that_joins_late_is_owed_only_what_comes_after() {
    let mut scene = Scene::new(1);
    scene.publish(2);
    let late = scene.ledger.enrol(0, None, true);
    scene.ledger.join(late);
    scene.publish(1);
    scene.deliver(0, &[0, 1, 2]);
    assert_eq!(
        scene
            .deliver(late, &[1, 2])
            .iter()
            .filter(|entered| entered.owed)
            .count(),
        1
    );
    assert_eq!(scene.sums(), [4, 0, 0, 0, 1]);
    assert!(scene.ledger.is_settled());
}

#[test]
fn member_that_leaves_is_owed_what_it_should_have_had_by_then() {
    let mut scene = Scene::new(2);
    scene.publish(4);
    scene.deliver(0, &[0, 1, 2, 3]);
    scene.deliver(1, &[0, 2]);
    let Scene { ledger, done } = &mut scene;
    ledger.leave(1, done);
    assert_eq!(*done, [0, 0], "messages 1 and 3 waited for it alone");
    scene.publish(2);
    scene.deliver(0, &[4, 5]);
    assert_eq!(scene.sums(), [6 + 3, 1, 0, 0, 0]);
    assert!(scene.ledger.is_settled());
}

#[test]
fn lost_member_misses_all_later_messages_and_no_message_waits_for_it() {
    let mut scene = Scene::new(2);
    scene.publish(2);
    scene.deliver(0, &[0, 1]);
    scene.deliver(1, &[0]);
    let Scene { ledger, done } = &mut scene;
    ledger.lose(1, done);
    assert_eq!(*done, [0]);
    scene.publish(3);
    assert!(
        scene
            .deliver(0, &[2, 3, 4])
            .iter()
            .all(|entered| entered.last)
    );
    assert_eq!(scene.sums(), [10, 4, 0, 0, 0]);
}

#[test]
fn messages_do_not_wait_for_an_exempt_member_which_may_get_them_later() {
    let mut scene = Scene::new(2);
    let Scene { ledger, done } = &mut scene;
    ledger.exempt(1, done);
    scene.publish(3);
    assert!(
        scene
            .deliver(0, &[0, 1, 2])
            .iter()
            .all(|entered| entered.last)
    );
    assert!(scene.ledger.is_settled());
    assert_eq!(scene.ledger.missing(1), 3);
    scene.deliver(1, &[0, 2]);
    assert!(scene.ledger.has_gap(1));
    scene.deliver(1, &[1]);
    assert!(!scene.ledger.has_gap(1));
    assert_eq!(scene.ledger.missing(1), 0);
}

#[test]
fn refused_message_is_owed_to_nobody() {
    let mut scene = Scene::new(2);
    scene.publish(3);
    scene.ledger.refuse(0, 1);
    scene.deliver(0, &[0, 2]);
    scene.deliver(1, &[0, 2]);
    assert!(scene.ledger.is_settled());
    assert_eq!(scene.sums(), [4, 0, 0, 0, 0]);
}

#[test]
fn abandoned_message_is_reported_once_and_is_still_missing() {
    let mut scene = Scene::new(1);
    scene.publish(2);
    let Scene { ledger, done } = &mut scene;
    ledger.abandon(1_001, done);
    ledger.abandon(1_001, done);
    assert_eq!(*done, [0, 0]);
    assert_eq!(scene.ledger.in_flight(), 0);
    assert_eq!(scene.sums()[1], 2);
    assert!(!scene.deliver(0, &[0])[0].completed);
    assert_eq!(scene.sums()[1], 1);
}

#[test]
fn text_that_is_not_what_was_published_is_altered() {
    let mut scene = Scene::new(1);
    scene.publish(2);
    scene.deliver(0, &[0]);
    let entered = scene.ledger.enter(0, &Scene::text(1, "fillex"));
    assert!(entered.is_some_and(|entered| entered.owed));
    assert_eq!(scene.ledger.deliveries().altered, 1);
}

#[test]
fn publisher_that_gets_no_echo_is_owed_none() {
    let mut ledger = Ledger::new(MARKER, (*b"filler").into());
    let (lobby, stream) = ledger.open_lobby(1);
    let members = [
        ledger.enrol(lobby, Some(stream), false),
        ledger.enrol(lobby, None, true),
    ];
    for member in members {
        ledger.join(member);
    }
    ledger.publish(stream, 1_000);
    let mut scene = Scene {
        ledger,
        done: Vec::new(),
    };
    assert!(scene.deliver(1, &[0])[0].last);
    assert_eq!(scene.sums(), [1, 0, 0, 0, 0]);
}

#[test]
fn texts_of_other_programs_are_no_deliveries() {
    let mut scene = Scene::new(1);
    for text in [
        &b"[null,null,\"room:lobby\",\"new_msg\",{}]"[..],
        b"",
        b"ghijklmn",
        b"[null,\"ghijklmnxx",
    ] {
        assert_eq!(scene.ledger.enter(0, text), None);
        assert_eq!(scene.ledger.enter_unfamiliar(0, text), None);
    }
}

#[test]
fn message_is_completed_once_when_its_publisher_has_it_back() {
    let mut ledger = Ledger::new(MARKER, (*b"filler").into());
    let (lobby, stream) = ledger.open_lobby(1);
    let members = [
        ledger.enrol(lobby, Some(stream), true),
        ledger.enrol(lobby, None, true),
    ];
    for member in members {
        ledger.join(member);
    }
    ledger.publish(stream, 1_000);
    ledger.publish(stream, 1_000);
    let mut scene = Scene {
        ledger,
        done: Vec::new(),
    };
    let own = scene.deliver(0, &[0])[0];
    assert!(own.completed && !own.last);
    let others = scene.deliver(1, &[0, 1]);
    assert!(others[0].last && !others[0].completed);
    assert!(!others[1].last && !others[1].completed);
    assert_eq!(scene.ledger.in_flight(), 1);
    let Scene { ledger, done } = &mut scene;
    ledger.lose(0, done);
    assert_eq!(*done, [0], "nobody waits for the publisher any more");
}

#[test]
fn disconnected_member_is_owed_what_was_completed_before_the_shutdown() {
    let mut scene = Scene::new(2);
    let own = scene.ledger.enrol(0, Some(0), true);
    scene.ledger.join(own);
    scene.publish(3);
    scene.deliver(own, &[0, 1]);
    scene.ledger.begin_shutdown(); // 0 and 1 are completed, 2 is not
    scene.publish(2);
    scene.deliver(0, &[0, 1, 2, 4]);
    scene.deliver(1, &[0]);
    for member in [0, 1, own] {
        let done = &mut scene.done;
        scene.ledger.disconnect(member, done);
    }
    // Member 0 lacks message 3, member 1 lacks message 1, and no member is owed the rest.
    assert_eq!(scene.sums(), [5 + 2 + 2, 2, 0, 0, 0]);
    assert!(scene.ledger.is_settled());
}

#[test]
fn member_that_joins_again_is_owed_only_messages_after_its_new_join() {
    let mut scene = Scene::new(1);
    scene.publish(3);
    scene.deliver(0, &[0, 1, 2]);
    scene.ledger.begin_shutdown();
    scene.ledger.disconnect(0, &mut scene.done);
    scene.publish(2);
    scene.ledger.join(0);
    scene.publish(3);
    scene.deliver(0, &[5, 7, 7]);
    assert_eq!(scene.sums(), [3 + 3, 1, 1, 0, 0]);
    assert!(!scene.deliver(0, &[4])[0].owed);
    assert_eq!(scene.sums(), [3 + 3, 1, 1, 0, 1]);
}
