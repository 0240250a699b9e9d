//! A server that stands still: clients that kept speaking meanwhile are not closed for it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lobbyd::rooms::{EventName, EventRule, Rate, RoomRules, TopicRates, declare};
use lobbyd::server::{Limit, Running, ServerLimits};
use lobbyd::{Channel, Handled, Join, Payload, Router, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, DEADLINE, Process, connect, connect_to, frame, serve_with};

/// More clients than a shard reads in one turn.
const CLIENTS: usize = 600;

/// Longest silence and longest time for a message of the clients of a stopped process.
const JUDGED_MS: u64 = 3_000;

fn beat(reference: &str) -> Vec<u8> {
    let message = json!([null, reference, "phoenix", "heartbeat", {}]);
    frame(1, message.to_string().as_bytes())
}

fn answered(client: &mut Client, reference: &str) {
    client
        .expect(json!([null, reference, "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
}

#[test]
fn clients_that_speak_are_not_closed_for_a_stop_of_the_process() {
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0", "--shards", "1"]);
    for limit in ["IDLE", "PARTIAL"] {
        let variable = format!("LOBBYD_LIMITS_{limit}_TIME_MS_MAX");
        command.env(variable, JUDGED_MS.to_string());
    }
    let lobbyd = Process::start(command);
    lobbyd::server::raise_descriptor_limit();
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0"));
        // The connects may take long on a busy machine.
        if clients.len().is_multiple_of(100) {
            clients
                .iter_mut()
                .for_each(|client| client.send_raw(&beat("1")));
            clients.iter_mut().for_each(|client| answered(client, "1"));
        }
    }
    // Every other client's next message has begun when the process stops.
    let (whole, begun) = clients.split_at_mut(CLIENTS / 2);
    let halves = beat("2");
    let (first, second) = halves.split_at(9);
    begun.iter_mut().for_each(|client| client.send_raw(first));
    lobbyd.signal("STOP");
    std::thread::sleep(Duration::from_millis(JUDGED_MS + 1_000));
    whole.iter_mut().for_each(|client| client.send_raw(&halves));
    begun.iter_mut().for_each(|client| client.send_raw(second));
    lobbyd.signal("CONT");
    clients.iter_mut().for_each(|client| answered(client, "2"));
    clients
        .iter_mut()
        .for_each(|client| client.send_raw(&beat("3")));
    clients.iter_mut().for_each(|client| answered(client, "3"));
}

/// A channel that relays all events but `block`. That one blocks its shard until it is released,
/// which no callback may do.
struct Blocking {
    begins: Sender<()>,
    gate: Mutex<Receiver<()>>,
}

impl Channel for Blocking {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        if event == "block" {
            let _ = self.begins.send(());
            let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = gate.recv_timeout(2 * DEADLINE);
        } else {
            socket.broadcast(event, payload);
        }
        Handled::no_reply()
    }
}

/// Rooms that take 50 pushes a second: one from each member, the others from all together.
fn paced_rooms() -> [RoomRules; 3] {
    let room = |topic, rate, rates| {
        let any = EventRule::relaying(EventName::Any);
        RoomRules {
            events: vec![EventRule {
                acknowledge: true,
                echo: false,
                rate,
                ..any
            }],
            rates,
            ..RoomRules::open(topic)
        }
    };
    let (rate, open) = (Rate::per_second(50), TopicRates::default());
    [
        room("paced by event:*", Some(rate), open),
        room("paced by messages:*", None, open.with_messages(rate)),
        room(
            "paced by bytes:*",
            None,
            open.with_bytes(Rate::per_second(100)),
        ),
    ]
}

/// A server with a channel that blocks its shard, and with rooms that have rates.
struct Blocked {
    server: Running,
    begun: Receiver<()>,
    release: Sender<()>,
}

impl Blocked {
    fn serve(shards: usize, limits: ServerLimits) -> Blocked {
        let ((release, gate), (begins, begun)) = (channel(), channel());
        let gate = Mutex::new(gate);
        let socket = UserSocket::new().channel("room:*", Blocking { begins, gate });
        let socket = declare(socket, paced_rooms());
        let router = Router::new().socket("/socket", socket);
        let server = serve_with(router, shards, limits);
        Blocked {
            server,
            begun,
            release,
        }
    }

    /// Blocks the shard of `client`, which is in `room:x`, until the release.
    fn block(&self, client: &mut Client) {
        client.send(json!(["11", "2", "room:x", "block", {}]));
        self.begun.recv_timeout(DEADLINE).expect("it blocks");
    }
}

#[test]
fn publisher_is_not_closed_while_a_callback_blocks_another_shard() {
    let limits = ServerLimits::default()
        .with_max(Limit::LagBytes, 1_000)
        .with_wait_ms(Limit::LagBytes, 2_500);
    let blocked = Blocked::serve(2, limits);
    let [mut member, mut publisher] = [connect(&blocked.server), connect(&blocked.server)];
    member.join("room:x");
    publisher.join("room:x");
    blocked.block(&mut member);
    let big = json!(["11", "3", "room:x", "new_msg", {"body": "x".repeat(2_000)}]);
    publisher.send(big);
    assert_eq!(publisher.json()[3], "new_msg");
    std::thread::sleep(Duration::from_millis(5_000));
    blocked.release.send(()).expect("it waits");
    assert_eq!(member.json()[3], "new_msg");
    publisher.expect_nothing();
}

#[test]
fn client_within_its_rate_is_not_closed_for_a_callback_that_blocks() {
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 50)
        .with_burst(Limit::MessagesPerSecond, 50)
        .with_over_ms(500);
    let blocked = Blocked::serve(1, limits);
    let [mut member, mut other] = [connect(&blocked.server), connect(&blocked.server)];
    member.join("room:x");
    blocked.block(&mut member);
    std::thread::sleep(Duration::from_millis(3_000));
    let backlog: Vec<String> = (0..140).map(|number| number.to_string()).collect();
    let sent: Vec<u8> = backlog.iter().flat_map(|number| beat(number)).collect();
    other.send_raw(&sent);
    blocked.release.send(()).expect("it waits");
    for number in backlog {
        answered(&mut other, &number);
    }
    other.expect_nothing();
}

#[test]
fn pushes_within_a_rooms_rates_are_not_refused_for_a_callback_that_blocks() {
    let blocked = Blocked::serve(1, ServerLimits::default());
    let [mut member, mut other] = [connect(&blocked.server), connect(&blocked.server)];
    member.join("room:x");
    for kind in ["event", "messages", "bytes"] {
        let topic = format!("paced by {kind}:x");
        other.join(&topic);
        blocked.block(&mut member);
        std::thread::sleep(Duration::from_millis(3_000));
        let push = |number: usize| json!(["11", number.to_string(), topic, "say", {}]);
        let sent = (0..140).flat_map(|number| frame(1, push(number).to_string().as_bytes()));
        other.send_raw(&sent.collect::<Vec<u8>>());
        blocked.release.send(()).expect("it waits");
        for number in 0..140 {
            let ok = json!({"status": "ok", "response": {}});
            other.expect(json!(["11", number.to_string(), topic, "phx_reply", ok]));
        }
        other.leave(&topic);
    }
}

#[test]
fn joins_that_wait_are_not_refused_for_a_stop_of_the_process() {
    const JOINS: usize = 40;
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0", "--shards", "1"]);
    for (key, value) in [("MAX", "20"), ("BURST", "2"), ("WAIT_MS", "8000")] {
        command.env(format!("LOBBYD_LIMITS_JOINS_PER_SECOND_{key}"), value);
    }
    let lobbyd = Process::start(command);
    let connect = |_| connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    let mut clients: Vec<Client> = (0..JOINS).map(connect).collect();
    for client in &mut clients {
        client.send(json!(["11", "1", "room:lobby", "phx_join", {}]));
        client.send_raw(&beat("2"));
    }
    // The joins are held once the heartbeats behind them are answered.
    let mut early = vec![false; JOINS];
    for (client, early) in clients.iter_mut().zip(&mut early) {
        while client.json()[2] != "phoenix" {
            *early = true;
        }
    }
    let held = early.iter().filter(|early| !**early).count();
    assert!(held > 0, "all joins were answered at once");
    lobbyd.signal("STOP");
    std::thread::sleep(Duration::from_millis(9_000));
    lobbyd.signal("CONT");
    let waiting = clients.iter_mut().zip(early).filter(|(_, early)| !early);
    for (client, _) in waiting {
        let reply = loop {
            let message = client.json();
            if message[3] == "phx_reply" {
                break message;
            }
        };
        assert_eq!(reply[4]["status"], "ok", "{reply}");
    }
}

/// A drain whose time runs out while the process is stopped: those that were not told yet get
/// their Close afterwards, and the process ends within the time that it has for that.
#[test]
fn drain_that_stands_still_past_its_deadline_closes_all_with_1012() {
    const DEADLINE_MS: u64 = 4_000;
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0", "--shards", "2"]);
    command.env("LOBBYD_DRAIN_WINDOW_MS", "1900");
    command.env("LOBBYD_DRAIN_DEADLINE_MS", DEADLINE_MS.to_string());
    let lobbyd = Process::start(command);
    lobbyd::server::raise_descriptor_limit();
    let connect = |_| connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    // At a thousand a second and shard, so many take the whole window.
    let mut clients: Vec<Client> = (0..3_000).map(connect).collect();
    for client in &mut clients {
        client.send_raw(&beat("1"));
        answered(client, "1");
    }
    lobbyd.signal("TERM");
    lobbyd.logs(&["accepting no more; closing connections"]);
    lobbyd.signal("STOP");
    std::thread::sleep(Duration::from_millis(DEADLINE_MS + 500));
    lobbyd.signal("CONT");
    for mut client in clients {
        assert_eq!(client.recv().close_code(), 1012);
    }
    let ended = lobbyd.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}
