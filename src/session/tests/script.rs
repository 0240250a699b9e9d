//! Random scripts of events on one connection, and how to act them out on a session.

use proptest::prelude::*;

use super::Client;
use crate::object;
use crate::protocol::IntoPayload;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Says(Said),
    Heartbeat,
    /// Another connection broadcasts the intercepted event on this topic.
    Secret(&'static str),
    /// The oldest job is done.
    JobDone,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) topic: &'static str,
    pub(super) join_ref: Option<u8>,
    pub(super) reference: Option<u8>,
    pub(super) event: &'static str,
    /// For a join: the outcome that the app is asked for.
    pub(super) wish: &'static str,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let topic = || prop::sample::select(vec!["room:a", "room:b", "room:c", "lobby"]);
    let events = vec![
        "phx_join",
        "phx_join",
        "phx_join",
        "phx_leave",
        "echo",
        "push",
        "broadcast_from",
        "stop",
        "give up",
        "panic",
        "later",
        "later stop",
        "later panic",
    ];
    let wishes = vec![
        "",
        "",
        "refuse",
        "panic",
        "later",
        "refuse late",
        "later panic",
    ];
    let said = (
        topic(),
        prop::option::weighted(0.8, 1..4u8),
        prop::option::weighted(0.9, 1..99u8),
        prop::sample::select(events),
        prop::sample::select(wishes),
    );
    let said = said.prop_map(|(topic, join_ref, reference, event, wish)| {
        Step::Says(Said {
            topic,
            join_ref,
            reference,
            event,
            wish,
        })
    });
    prop_oneof![
        12 => said,
        1 => Just(Step::Heartbeat),
        2 => topic().prop_map(Step::Secret),
        3 => Just(Step::JobDone),
    ]
}

pub(super) fn act(client: &mut Client, step: &Step) -> Vec<String> {
    match step {
        Step::Heartbeat => client.says(r#"[null,"9","phoenix","heartbeat",{}]"#),
        Step::Secret(topic) => {
            let payload = object! {}.into_payload();
            client.host.publish(topic, "secret", &payload, None);
            client.delivers_broadcasts()
        }
        Step::JobDone if client.host.jobs_len() > 0 => client.finishes_job(),
        Step::JobDone => Vec::new(),
        Step::Says(said) => {
            let (join_ref, reference) = (json(said.join_ref), json(said.reference));
            let Said {
                topic, event, wish, ..
            } = said;
            client.says(&format!(
                r#"[{join_ref},{reference},"{topic}","{event}",{{"do":"{wish}"}}]"#
            ))
        }
    }
}

pub(super) fn json(reference: Option<u8>) -> String {
    reference.map_or("null".into(), |number| format!("\"{number}\""))
}
