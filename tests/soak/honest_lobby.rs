//! A lobby of well-behaved clients with its ledger: each message comes to each member, once, in order.
//!
//! The members take turns to publish. A message is published once all have the one before, so what a
//! member must get next is always known. A drain may close members; then the lobby comes back as
//! clients of phoenix.js do, and goes on.

use std::fmt;
use std::io::{self, Write};
use std::iter::Sum;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Client, DEADLINE, upgrade_request};

use crate::scene::{Phase, Scene};

pub const LOBBIES: usize = 50;
const MEMBERS: usize = 4;
/// The time from one message of a lobby to its next.
const PAUSE: Duration = Duration::from_millis(150);
/// How long a client waits before it joins again after a refusal, as phoenix.js does.
const REJOIN: Duration = Duration::from_secs(1);
/// The code by which a drain closes a client.
const RESTART: u16 = 1012;

/// The messages of lobbies, each with its time until the last member had it.
#[derive(Default)]
pub struct Rounds {
    /// Microseconds of the quiet time, and of the hostile time without stops and drains.
    delays_us: [Vec<u64>; 2],
    /// Times that a lobby came back after a drain.
    returns: u64,
    /// Joins that were refused and sent again.
    refused: u64,
}

/// Runs a lobby until the scene ends, or until a member sees what it must not see.
pub fn talk(scene: &Scene, lobby: usize) -> Rounds {
    let mut rounds = Rounds::default();
    let run = Lobby::enter(scene, lobby, &mut rounds).and_then(|mut lobby| {
        while !scene.ends.load(Ordering::SeqCst) {
            lobby.say(&mut rounds)?;
            thread::sleep(PAUSE);
        }
        Ok(())
    });
    if let Err(fault) = run {
        scene.fault(format!("lobby {lobby}: {fault}"));
    }
    rounds
}

struct Lobby<'a> {
    scene: &'a Scene,
    topic: String,
    members: Vec<Client>,
    /// The drains that had begun when the members came.
    drains: u64,
    /// The number of the last message.
    said: u64,
}

/// What a member got.
enum Got {
    Message(u64),
    Closed(u16),
}

impl<'a> Lobby<'a> {
    fn enter(scene: &'a Scene, number: usize, rounds: &mut Rounds) -> Result<Lobby<'a>, String> {
        let mut lobby = Lobby {
            scene,
            topic: format!("honest:{number}"),
            members: Vec::new(),
            drains: 0,
            said: 0,
        };
        lobby.come(rounds)?;
        Ok(lobby)
    }

    /// Connects and joins all members anew.
    fn come(&mut self, rounds: &mut Rounds) -> Result<(), String> {
        self.drains = self.scene.drains.load(Ordering::SeqCst);
        self.members.clear();
        let begun = Instant::now();
        while self.members.len() < MEMBERS {
            if begun.elapsed() > 2 * DEADLINE {
                return Err(format!("{} came back in time", self.members.len()));
            }
            match join(self.scene.address, &self.topic) {
                Ok(member) => self.members.push(member),
                Err(_) => {
                    rounds.refused += 1;
                    thread::sleep(REJOIN);
                }
            }
        }
        Ok(())
    }

    /// Publishes the next message, and waits until all members have it.
    fn say(&mut self, rounds: &mut Rounds) -> Result<(), String> {
        self.said += 1;
        let acts = self.scene.acts.load(Ordering::SeqCst);
        let quiet = self.scene.is(Phase::Quiet);
        let begun = Instant::now();
        let publisher = self.said as usize % MEMBERS;
        let body = self.said.to_string();
        let said = json!(["11", "2", self.topic, "say", {"body": body}]);
        let frame = testkit::frame(1, said.to_string().as_bytes());
        // A socket that a drain has closed shows that when it is read.
        let _ = self.members[publisher].stream.write_all(&frame);
        for at in 0..MEMBERS {
            match self.next_of(at)? {
                Got::Message(number) if number == self.said => {}
                Got::Message(number) => {
                    let said = self.said;
                    return Err(format!("member {at} got {number} in place of {said}"));
                }
                Got::Closed(code) => return self.come_back(at, code, rounds),
            }
        }
        let undisturbed = acts.is_multiple_of(2) && acts == self.scene.acts.load(Ordering::SeqCst);
        if undisturbed && (quiet || self.scene.is(Phase::Hostile)) {
            let us = begun.elapsed().as_micros() as u64;
            rounds.delays_us[usize::from(!quiet)].push(us);
        }
        Ok(())
    }

    /// Comes back after a Close, which only a drain may send. Members that are not closed yet must
    /// get nothing but the last message, at most once.
    fn come_back(&mut self, at: usize, code: u16, rounds: &mut Rounds) -> Result<(), String> {
        let drained = self.scene.drains.load(Ordering::SeqCst) > self.drains;
        if !drained || code != RESTART {
            return Err(format!("member {at} was closed with {code}"));
        }
        for at in at + 1..MEMBERS {
            let mut last = 0;
            while let Got::Message(number) = self.next_of(at)? {
                if number != self.said || last == number {
                    return Err(format!("member {at} got {number} in the drain"));
                }
                last = number;
            }
        }
        rounds.returns += 1;
        self.come(rounds)
    }

    /// Returns the next message of a member, or the code of its Close; 1006 without one.
    fn next_of(&mut self, at: usize) -> Result<Got, String> {
        let topic = self.topic.as_str();
        let Some(frame) = self.members[at].next_frame() else {
            return Ok(Got::Closed(1006));
        };
        if frame.opcode == testkit::frame::CLOSE {
            return Ok(Got::Closed(frame.close_code()));
        }
        let message: Value = frame.json();
        let body = message[4]["body"]
            .as_str()
            .and_then(|text| text.parse().ok());
        match body {
            Some(number) if message[2] == topic && message[3] == "say" => Ok(Got::Message(number)),
            _ => Err(format!("member {at} got {message}")),
        }
    }
}

/// Connects, upgrades and joins. The error says how far it came.
fn join(address: SocketAddr, topic: &str) -> Result<Client, String> {
    let stream = upgraded(address).map_err(|error| error.to_string())?;
    let mut client = Client::upgraded(stream);
    let join = json!(["11", "1", topic, "phx_join", {}]).to_string();
    let sent = client.stream.write_all(&testkit::frame(1, join.as_bytes()));
    sent.map_err(|error| error.to_string())?;
    match client.next_frame() {
        Some(frame) if frame.opcode == testkit::frame::TEXT => match frame.json() {
            reply if reply[4]["status"] == "ok" => Ok(client),
            reply => Err(reply.to_string()),
        },
        _ => Err("closed before the reply".to_owned()),
    }
}

/// Opens a connection whose upgrade was answered with 101; the answer is still unread.
fn upgraded(address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(2 * DEADLINE))?; // a busy machine is no fault
    stream.set_write_timeout(Some(DEADLINE))?;
    stream.set_nodelay(true)?;
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 12];
    let peeked = testkit::uninterrupted(|| stream.peek(&mut answer))?;
    match &answer[..peeked] == b"HTTP/1.1 101" {
        true => Ok(stream),
        false => Err(io::Error::other("no upgrade")),
    }
}

impl Rounds {
    /// Returns the number of messages in the hostile time.
    pub fn hostile(&self) -> usize {
        self.delays_us[1].len()
    }

    /// Returns the 99th percentile of the quiet and of the hostile time.
    pub fn p99_us(&self) -> [u64; 2] {
        [0, 1].map(|phase| {
            let mut delays = self.delays_us[phase].clone();
            delays.sort_unstable();
            let at = delays.len() * 99 / 100;
            delays.get(at).copied().unwrap_or_default()
        })
    }
}

impl Sum for Rounds {
    fn sum<I: Iterator<Item = Rounds>>(all: I) -> Rounds {
        all.fold(Rounds::default(), |mut sum, one| {
            for (phase, delays) in one.delays_us.into_iter().enumerate() {
                sum.delays_us[phase].extend(delays);
            }
            sum.returns += one.returns;
            sum.refused += one.refused;
            sum
        })
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [quiet, hostile] = self.p99_us();
        write!(
            f,
            "{} messages in the quiet time (p99 {quiet} µs), {} in the hostile (p99 {hostile} µs), each to {MEMBERS} members; \
             lobbies came back {} times, joins were tried again {} times",
            self.delays_us[0].len(),
            self.hostile(),
            self.returns,
            self.refused
        )
    }
}
