//! A whole server over loopback: one shard, real sockets, and a lobby in which one member talks.
//!
//! A round is over when the last member has the last message.

use std::io::Read;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use lobbyd::rooms::RoomChannel;
use lobbyd::server::{ServerLimits, raise_descriptor_limit};
use lobbyd::{Router, Running, UserSocket};
use testkit::{Client, connect, frame, serve_with};

use crate::scenes::lobby::{payload, sealed};
use crate::scenes::messages::{Encoding, push};

pub fn benches(criterion: &mut Criterion) {
    // Without enough descriptors the server would fail later, with a worse message.
    let _ = raise_descriptor_limit();
    let mut group = criterion.benchmark_group("loopback fan-out of 64 B, one shard");
    // A round of the largest lobby takes tens of milliseconds.
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    for members in [10, 100, 1_000] {
        let mut lobby = Lobby::new(members);
        for in_flight in [1, 16] {
            group.throughput(Throughput::Elements((members * in_flight) as u64));
            let scenario = BenchmarkId::new(format!("{in_flight} in flight, members"), members);
            group.bench_function(scenario, |bencher| bencher.iter(|| lobby.round(in_flight)));
        }
        lobby.check_counts();
    }
    group.finish();
}

/// The members of a running server's lobby, of which the first sends.
struct Lobby {
    /// The field stands before the server, so that members hang up before the server stops, because
    /// no client would answer its Close.
    members: Vec<Client>,
    server: Running,
    push: Vec<u8>,
    broadcast: Vec<u8>,
    received: Vec<u8>,
}

impl Lobby {
    fn new(members: usize) -> Lobby {
        let socket = UserSocket::new().channel("room:*", RoomChannel);
        let router = Router::new().socket("/socket", socket);
        let server = serve_with(router, 1, ServerLimits::default());
        let mut members: Vec<Client> = (0..members).map(|_| connect(&server)).collect();
        members
            .iter_mut()
            .for_each(|member| member.join("room:lobby"));
        let version = Encoding::V2.version();
        Lobby {
            server,
            members,
            push: frame(1, push(Encoding::V2, 64).bytes()),
            broadcast: sealed(version, &payload(64)).to_vec(),
            received: Vec::new(),
        }
    }

    /// Sends a message `in_flight` times at once, and waits until every member has received as many
    /// copies.
    fn round(&mut self, in_flight: usize) {
        let said = self.push.repeat(in_flight);
        self.members[0].send_raw(&said);
        let heard = self.broadcast.repeat(in_flight);
        self.received.resize(heard.len(), 0);
        for member in &mut self.members {
            let stream = &mut member.stream;
            let came = stream.read_exact(&mut self.received);
            came.expect("every member hears it before the deadline");
            assert_eq!(self.received, heard);
        }
    }

    /// Asserts that every broadcast was encoded once, whatever the number of members.
    fn check_counts(&self) {
        let counts = self.server.endpoint().counts();
        assert_eq!(counts.encodings, counts.broadcasts);
    }
}
