//! The characters that attack from outside, each with connections of its own. What becomes of a
//! connection is all the same to them: they open another.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::{Domain, Socket, Type};
use testkit::upgrade_request;

use crate::character::Character;
use crate::scene::{Phase, Scene};
use crate::subject::DESCRIPTORS;

const SOON: Duration = Duration::from_millis(20);

/// Starts the threads of a character that attacks from outside. What an operator does to the server
/// is in `operator`.
pub fn attack(character: Character, scene: &Arc<Scene>) -> Vec<JoinHandle<()>> {
    let attacks: &[fn(&Scene)] = match character {
        Character::StoppedReaders => &[stop_reading, fire],
        Character::Firehoses => &[fire, fire],
        Character::Crumbs => &[crumble],
        Character::HalfHandshakes => &[half_ask],
        Character::JoinsInVain => &[join_in_vain],
        Character::Leavers => &[leave, fire],
        Character::Descriptors => &[take_descriptors],
        Character::Stops | Character::BlockedLog | Character::Reloads | Character::Drains => &[],
    };
    let start = |attack: &fn(&Scene)| {
        let (scene, attack) = (Arc::clone(scene), *attack);
        thread::spawn(move || attack(&scene))
    };
    attacks.iter().map(start).collect()
}

/// Opens a connection, upgraded without a look at the answer, with a small receive buffer.
fn upgraded(scene: &Scene) -> io::Result<TcpStream> {
    let stream = bare(scene)?;
    let request = upgrade_request(scene.address, "/socket/websocket?vsn=2.0.0", "");
    (&stream).write_all(request.as_bytes())?;
    Ok(stream)
}

fn bare(scene: &Scene) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(32 << 10)?;
    socket.connect_timeout(&scene.address.into(), Duration::from_secs(2))?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(Duration::from_millis(200)))?;
    Ok(stream)
}

fn send(
    mut stream: &TcpStream,
    reference: u32,
    topic: &str,
    event: &str,
    body: &str,
) -> io::Result<()> {
    let message = json!(["1", reference.to_string(), topic, event, {"body": body}]);
    stream.write_all(&testkit::frame(1, message.to_string().as_bytes()))
}

/// Reads what is there, up to `most` bytes.
fn skim(mut stream: &TcpStream, most: usize) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    let mut skimmed = 0;
    while skimmed < most {
        match stream.read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => skimmed += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Opens `count` connections by `open`, then repeats `again` on each until the hostile time is over.
/// A connection that fails is replaced.
fn crowd(
    scene: &Scene,
    count: usize,
    open: impl Fn(&Scene) -> io::Result<TcpStream>,
    mut again: impl FnMut(&TcpStream, u32) -> io::Result<()>,
) {
    let mut streams: Vec<Option<TcpStream>> = (0..count).map(|_| None).collect();
    let mut round = 0;
    while scene.is(Phase::Hostile) {
        round += 1;
        for slot in &mut streams {
            let stream = slot.take().map_or_else(|| open(scene), Ok);
            *slot = stream
                .and_then(|stream| again(&stream, round).map(|()| stream))
                .ok();
            if !scene.is(Phase::Hostile) {
                return;
            }
        }
        thread::sleep(SOON);
    }
}

fn member(scene: &Scene) -> io::Result<TcpStream> {
    let stream = upgraded(scene)?;
    send(&stream, 1, "flood:0", "phx_join", "")?;
    Ok(stream)
}

/// Stops reading behind a flood. Half of the members leave now and then, a tenth vanish.
fn stop_reading(scene: &Scene) {
    crowd(scene, 100, member, |stream, round| {
        match (round + u32::from(stream.local_addr()?.port())) % 400 {
            0..200 => Ok(()),
            200 => send(stream, round, "flood:0", "phx_leave", ""),
            201 => send(stream, 1, "flood:0", "phx_join", ""),
            202..242 if round.is_multiple_of(400) => Err(io::ErrorKind::Other.into()),
            _ => Ok(()),
        }
    });
}

/// Publishes as fast as the socket takes it.
fn fire(scene: &Scene) {
    let body = "x".repeat(1000);
    crowd(scene, 2, member, |stream, round| {
        (0..100).try_for_each(|_| send(stream, round, "flood:0", "say", &body))?;
        skim(stream, 4 << 20)
    });
}

/// Sends the beginning of a large message, then a few bytes of it at a time.
fn crumble(scene: &Scene) {
    let begin = |scene: &Scene| {
        let stream = upgraded(scene)?;
        let frame = testkit::frame(1, &vec![b' '; 60_000]);
        (&stream).write_all(&frame[..30_000])?;
        Ok(stream)
    };
    crowd(scene, 100, begin, |mut stream, _| stream.write_all(b"   "));
}

/// Opens many connections with the half of a request, and drops them a second later.
fn half_ask(scene: &Scene) {
    while scene.is(Phase::Hostile) {
        let half = |_| {
            let mut stream = bare(scene).ok()?;
            let asked = stream.write_all(b"GET /socket/websocket HTTP/1.1\r\nHost: x\r\nUpg");
            asked.ok().map(|()| stream)
        };
        let streams: Vec<TcpStream> = (0..200).map_while(half).collect();
        thread::sleep(Duration::from_secs(1));
        drop(streams);
    }
}

/// Joins a room that lets nobody in, fifty times at once on each connection.
fn join_in_vain(scene: &Scene) {
    crowd(scene, 100, upgraded, |stream, round| {
        let topic = "vain:\u{1b}[31m\n2026-01-01 ERROR forged";
        (0..50).try_for_each(|at| send(stream, 50 * round + at, topic, "phx_join", ""))?;
        skim(stream, 64 << 10)
    });
}

/// Leaves and joins again while messages wait, and reads a little now and then.
fn leave(scene: &Scene) {
    crowd(scene, 50, member, |stream, round| {
        send(stream, round, "flood:0", "phx_leave", "")?;
        send(stream, 1, "flood:0", "phx_join", "")?;
        match round.is_multiple_of(20) {
            true => skim(stream, 256 << 10),
            false => Ok(()),
        }
    });
}

/// Opens more connections than the server has descriptors, and gives them up after some seconds.
fn take_descriptors(scene: &Scene) {
    while scene.is(Phase::Hostile) {
        let upgraded = |_| upgraded(scene).ok();
        let streams: Vec<TcpStream> = (0..DESCRIPTORS).map_while(upgraded).collect();
        rest(scene, Duration::from_secs(3));
        drop(streams);
        rest(scene, Duration::from_secs(3));
    }
}

fn rest(scene: &Scene, time: Duration) {
    let begun = Instant::now();
    while scene.is(Phase::Hostile) && begun.elapsed() < time {
        thread::sleep(SOON);
    }
}
