//! Random scripts of one connection against a model that knows only the state of each topic.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::Client;
use super::script::{Said, Step, act, json, step};
use crate::channel::Assigns;
use crate::protocol::Version;

const CHANNELS_MAX: usize = 2;
const LINE_MAX: usize = 3;

proptest! {
    #[test]
    fn session_sends_exactly_the_frames_of_the_model(script in prop::collection::vec(step(), 1..60)) {
        let mut client = Client::with(Version::V2, Assigns::default(), |settings| {
            settings.channels_max = CHANNELS_MAX;
            settings.waiting_messages_max = LINE_MAX;
        });
        let mut model = Model::default();
        for (at, step) in script.iter().enumerate() {
            model.take(step);
            let frames = act(&mut client, step);
            prop_assert_eq!(frames, std::mem::take(&mut model.out), "step {}: {:?}", at, step);
            prop_assert_eq!(client.session.channels_len(), model.topics.len());
            prop_assert_eq!(client.host.jobs_len(), model.jobs.len());
            let joined = model.topics.values().filter(|known| known.is_in());
            prop_assert_eq!(client.host.topics().len(), joined.count());
        }
    }
}

#[derive(Default)]
struct Model {
    topics: BTreeMap<&'static str, Known>,
    /// The number of the join that each job belongs to, the oldest job first.
    jobs: VecDeque<usize>,
    joins: usize,
    out: Vec<String>,
}

struct Known {
    number: usize,
    wire: Option<u8>,
    shown: Option<u8>,
    busy: Option<Busy>,
}

struct Busy {
    with: Said,
    pub(crate) line: Vec<Standing>,
}

#[derive(Clone)]
enum Standing {
    Said(Said),
    Secret,
}

impl Known {
    fn is_in(&self) -> bool {
        self.busy
            .as_ref()
            .is_none_or(|busy| busy.with.event != "phx_join")
    }
}

impl Model {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Says(said) => self.said(said),
            Step::Heartbeat => self.reply(None, Some(9), "phoenix", "ok", "{}"),
            Step::Secret(topic) => self.secret(topic),
            Step::JobDone => self.job_done(),
        }
    }

    fn said(&mut self, said: &Said) {
        let Said {
            topic,
            join_ref,
            reference,
            event,
            wish,
        } = *said;
        let Some(known) = self.topics.get_mut(topic) else {
            return match event {
                "phx_join" => self.join(said, wish),
                "phx_leave" => self.reply(join_ref, reference, topic, "ok", "{}"),
                _ => self.error(None, reference, topic, "unmatched topic"),
            };
        };
        if let Some(busy) = &mut known.busy {
            if busy.line.len() < LINE_MAX {
                busy.line.push(Standing::Said(*said));
            } else if reference.is_some() {
                self.error(join_ref, reference, topic, "too many messages waiting");
            }
        } else if event == "phx_join" {
            self.bye(topic);
            self.end(topic, "phx_close", "{}");
            self.join(said, wish);
        } else if join_ref.is_none() || join_ref == known.wire {
            self.event(said);
        }
    }

    fn join(&mut self, said: &Said, wish: &str) {
        let Said {
            topic,
            join_ref,
            reference,
            ..
        } = *said;
        if topic == "lobby" {
            return self.error(None, reference, topic, "unmatched topic");
        }
        if self.topics.len() >= CHANNELS_MAX {
            return self.error(join_ref, reference, topic, "too many channels joined");
        }
        match wish {
            "refuse" => return self.error(join_ref, reference, topic, "no"),
            "panic" => return self.error(join_ref, reference, topic, "join crashed"),
            _ => {}
        }
        self.joins += 1;
        let known = Known {
            number: self.joins,
            wire: join_ref,
            shown: join_ref.or(reference),
            busy: None,
        };
        self.topics.insert(topic, known);
        match wish {
            "" => self.reply(join_ref, reference, topic, "ok", "{}"),
            _ => self.wait(said),
        }
    }

    fn event(&mut self, said: &Said) {
        let Said {
            topic, reference, ..
        } = *said;
        let shown = self.topics[topic].shown;
        match said.event {
            "echo" => {
                let echoed = format!(r#"{{"do":"{}"}}"#, said.wish);
                self.reply(shown, reference, topic, "ok", &echoed);
            }
            "broadcast_from" => self.reply(shown, reference, topic, "ok", "{}"),
            "push" => self.push(topic, "pushed", &format!(r#"{{"do":"{}"}}"#, said.wish)),
            "phx_leave" => {
                self.reply(shown, reference, topic, "ok", "{}");
                self.close(topic);
            }
            "stop" => self.close(topic),
            "give up" => {
                self.reply(shown, reference, topic, "error", "{}");
                self.crash(topic);
            }
            "panic" => {
                self.push(topic, "last", "{}");
                self.crash(topic);
            }
            _ => self.wait(said),
        }
    }

    fn secret(&mut self, topic: &'static str) {
        match self.topics.get_mut(topic) {
            Some(known) if known.is_in() => match &mut known.busy {
                None => self.push(topic, "secret", r#"{"opened":true}"#),
                Some(busy) if busy.line.len() < LINE_MAX => busy.line.push(Standing::Secret),
                Some(busy) => {
                    let line = std::mem::take(&mut busy.line);
                    let number = known.number;
                    self.crash(topic);
                    self.work_off(topic, number, line);
                }
            },
            _ => {}
        }
    }

    fn wait(&mut self, said: &Said) {
        if let Some(known) = self.topics.get_mut(said.topic) {
            let (with, line) = (*said, Vec::new());
            known.busy = Some(Busy { with, line });
            self.jobs.push_back(known.number);
        }
    }

    fn job_done(&mut self) {
        let number = self.jobs.pop_front();
        let of_job = |known: &&mut Known| Some(known.number) == number;
        let Some(known) = self.topics.values_mut().find(of_job) else {
            return;
        };
        let shown = known.shown;
        let Some(Busy { with, line }) = known.busy.take() else {
            unreachable!("a job belongs to a channel that waits");
        };
        let (
            number,
            Said {
                topic,
                join_ref,
                reference,
                ..
            },
        ) = (known.number, with);
        match (with.event, with.wish) {
            ("phx_join", "later") => {
                self.reply(join_ref, reference, topic, "ok", r#"{"word":"late"}"#);
            }
            ("phx_join", wish) => {
                self.topics.remove(topic);
                let reason = if wish == "refuse late" {
                    "no"
                } else {
                    "join crashed"
                };
                self.error(join_ref, reference, topic, reason);
            }
            ("later stop", _) => self.close(topic),
            ("later panic", _) => self.crash(topic),
            (_, wish) => {
                let echoed = format!(r#"{{"do":"{wish}"}}"#);
                self.reply(shown, reference, topic, "ok", &echoed);
            }
        }
        self.work_off(topic, number, line);
    }

    fn work_off(&mut self, topic: &'static str, number: usize, line: Vec<Standing>) {
        for standing in line {
            match standing {
                Standing::Said(said) => self.said(&said),
                Standing::Secret => {
                    if self
                        .topics
                        .get(topic)
                        .is_some_and(|known| known.number == number)
                    {
                        self.secret(topic);
                    }
                }
            }
        }
    }

    // ------------------------------------------------------------ frames

    fn close(&mut self, topic: &'static str) {
        let bye = self.bye_frame(topic);
        self.end(topic, "phx_close", "{}");
        self.out.push(bye);
    }

    fn crash(&mut self, topic: &'static str) {
        self.bye(topic);
        self.end(topic, "phx_error", r#"{"reason":"channel_crash"}"#);
    }

    fn end(&mut self, topic: &'static str, event: &str, payload: &str) {
        if let Some(known) = self.topics.remove(topic) {
            let wire = json(known.wire);
            self.out
                .push(format!(r#"[{wire},{wire},"{topic}","{event}",{payload}]"#));
        }
    }

    fn bye(&mut self, topic: &'static str) {
        let bye = self.bye_frame(topic);
        self.out.push(bye);
    }

    fn bye_frame(&self, topic: &str) -> String {
        let shown = json(self.topics[topic].shown);
        format!(r#"[{shown},null,"{topic}","bye",{{}}]"#)
    }

    fn push(&mut self, topic: &str, event: &str, payload: &str) {
        let shown = json(self.topics[topic].shown);
        self.out
            .push(format!(r#"[{shown},null,"{topic}","{event}",{payload}]"#));
    }

    fn error(&mut self, join_ref: Option<u8>, reference: Option<u8>, topic: &str, reason: &str) {
        let response = format!(r#"{{"reason":"{reason}"}}"#);
        self.reply(join_ref, reference, topic, "error", &response);
    }

    fn reply(
        &mut self,
        join_ref: Option<u8>,
        reference: Option<u8>,
        topic: &str,
        status: &str,
        response: &str,
    ) {
        let (join_ref, reference) = (json(join_ref), json(reference));
        self.out.push(format!(
            r#"[{join_ref},{reference},"{topic}","phx_reply",{{"response":{response},"status":"{status}"}}]"#
        ));
    }
}
