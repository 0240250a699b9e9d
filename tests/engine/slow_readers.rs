//! A fifth of a lobby stops reading, through real sockets: its end, the others, the memory.

use std::time::Instant;

use lobbyd::broker::FanoutSettings;
use lobbyd::server::Limit;
use lobbyd::server::ServerLimits;
use lobbyd::websocket::Overrun;
use serde_json::json;
use testkit::{DEADLINE, eventually};

use crate::fixture::{
    LOBBY, Last, frame_of, frames_of, join_lobby, large_frame_of, limits, publish,
    publish_large_to, publish_to, read_a_part_and_1013, read_exactly, read_to_the_end, send_queues,
    serve, wake,
};

const MEMBERS: usize = 100;
const STOPPED: usize = 20;

/// Messages of less than a megabyte: within the default retention, and more than kernels hold for a
/// client with small buffers.
const WITHIN: usize = 8_000;

/// A retention so small that these messages exceed it.
const LITTLE: FanoutSettings = FanoutSettings {
    retention_bytes_max: 64 << 10,
    retention_entries_max: 1 << 14,
    retention_ms_max: 60_000,
    retention_total_bytes_max: 64 << 20,
    outbox_bytes_max: 1 << 20,
};

#[test]
fn reader_that_wakes_within_the_retention_gets_all_it_missed_in_order() {
    let server = serve(limits(FanoutSettings::default()));
    let mut members = join_lobby(server.local_addr(), MEMBERS);
    let mut stopped = members.split_off(MEMBERS - STOPPED);
    let since = Instant::now();
    publish_to(&server, &mut members, 0..WITHIN);
    let published = frames_of(0..WITHIN);
    // Bytes wait for each stopped client, most of them in the log and not in the kernel, so the
    // client is really behind. The kernel's share differs from socket to socket.
    let port = server.local_addr().port();
    let waits = |queued: &&usize| **queued > 1 << 10;
    eventually(
        "those who stopped have bytes waiting, and nobody else",
        || send_queues(port).iter().filter(waits).count() == STOPPED,
    );
    let queues = send_queues(port);
    let in_the_kernel = |queued: &usize| *queued < published.len() / 2;
    assert!(queues.iter().all(in_the_kernel), "{queues:?}");
    wake(&mut stopped, since, |client| {
        read_exactly(std::slice::from_mut(client), &published);
    });
    // The stopped clients are members like others again.
    members.append(&mut stopped);
    publish_to(&server, &mut members, WITHIN..WITHIN + 10);
    assert_eq!(server.endpoint().closes().of("slow_consumer"), 0);
}

#[test]
fn reader_that_falls_off_is_closed_with_1013_and_others_lose_nothing() {
    let server = serve(limits(LITTLE));
    let mut members = join_lobby(server.local_addr(), MEMBERS);
    let mut stopped = members.split_off(MEMBERS - STOPPED);
    let since = Instant::now();
    publish_to(&server, &mut members, 0..WITHIN);
    eventually("all who stopped are given up", || {
        server.endpoint().closes().slow_by(Overrun::TopicLog) == STOPPED as u64
    });
    read_a_part_and_1013(&mut stopped, since, WITHIN);
    drop(members);
    let closes = server.endpoint().closes();
    assert_eq!(closes.of("slow_consumer"), STOPPED as u64);
    assert_eq!(closes.cut(), 0, "all of them took their Close");
    eventually("the others are counted as gone", || {
        let others = server.endpoint().closes().of("peer_gone");
        others == (MEMBERS - STOPPED) as u64
    });
}

/// A client that has stopped reading is still read: its leave must not turn its place in the log
/// into frames of its own.
#[test]
fn reader_that_leaves_far_behind_is_closed_with_1013_and_never_skipped() {
    let server = serve(limits(FanoutSettings::default()));
    let mut members = join_lobby(server.local_addr(), 2 + STOPPED);
    let mut stopped = members.split_off(2);
    let since = Instant::now();
    publish_to(&server, &mut members, 0..WITHIN);
    for client in &mut stopped {
        client.send(json!(["11", "9", LOBBY, "phx_leave", {}]));
    }
    eventually("all who left are given up", || {
        server.endpoint().closes().slow_by(Overrun::TopicLog) == STOPPED as u64
    });
    read_a_part_and_1013(&mut stopped, since, WITHIN);
    drop(members);
}

/// The rest of a frame that the kernel took in part goes before the Close. It is longer than any
/// kernel takes for such a client, whatever the client drops or finds room for later, so no Close
/// can follow.
#[test]
fn reader_that_never_wakes_is_cut_at_the_deadline_and_sees_1006() {
    let limits = limits(FanoutSettings::default()).with_closing_timeout_ms(300);
    let server = serve(limits);
    let mut members = join_lobby(server.local_addr(), MEMBERS);
    let mut stopped = members.split_off(MEMBERS - STOPPED);
    let since = Instant::now();
    let published: Vec<_> = (0..3).map(large_frame_of).collect();
    // The second and the third message exceed the retention.
    publish_large_to(&server, &mut members, 0..published.len());
    eventually("all who stopped are cut", || {
        server.endpoint().closes().cut() == STOPPED as u64
    });
    let slow = server.endpoint().closes().slow_by(Overrun::TopicLog);
    assert_eq!(slow, STOPPED as u64);
    // Orphaned sockets would stay here for minutes, each with its bytes.
    let port = server.local_addr().port();
    eventually("only the others are left", || {
        send_queues(port).len() == MEMBERS - STOPPED
    });
    let read = |client: &mut _| read_to_the_end(client, &published);
    for (messages, last) in wake(&mut stopped, since, read) {
        assert_eq!(messages, 0);
        assert_eq!(last, Last::Cut);
    }
    drop(members);
}

#[test]
fn backlog_of_an_idle_topic_is_kept_for_its_age_then_costs_its_readers() {
    let fanout = FanoutSettings {
        retention_ms_max: 400,
        ..FanoutSettings::default()
    };
    let server = serve(limits(fanout));
    let mut members = join_lobby(server.local_addr(), 10);
    let mut stopped = members.split_off(8);
    let since = Instant::now();
    publish_to(&server, &mut members, 0..WITHIN);
    eventually("those who do not read are given up", || {
        server.endpoint().closes().slow_by(Overrun::Age) == 2
    });
    read_a_part_and_1013(&mut stopped, since, WITHIN);
}

#[test]
fn logs_together_have_a_bound_of_their_own() {
    let fanout = FanoutSettings {
        retention_total_bytes_max: 128 << 10,
        ..FanoutSettings::default()
    };
    let server = serve(limits(fanout));
    let mut stopped = join_lobby(server.local_addr(), 5);
    let since = Instant::now();
    publish(&server, 0..WITHIN);
    eventually("those who do not read are given up", || {
        server.endpoint().closes().slow_by(Overrun::AllLogs) == 5
    });
    read_a_part_and_1013(&mut stopped, since, WITHIN);
}

/// Prints the figures in docs/operations.md: `cargo test --release --test engine kernel --
/// --nocapture`
#[test]
fn kernel_holds_no_more_for_a_stopped_reader_than_window_and_unsent() {
    let limits = ServerLimits::default()
        .with_max(Limit::RetentionBytes, 64 << 20)
        .with_max(Limit::RetentionMessages, 1 << 20);
    let unsent = limits.notsent_bytes_max() as usize;
    let server = serve(limits);
    let stopped = join_lobby(server.local_addr(), STOPPED);
    let started = std::time::Instant::now();
    let port = server.local_addr().port();
    let (mut published, mut steady, mut last) = (0, 0, Vec::new());
    // Publishes until all queues are full: they are unchanged three times in a row.
    while steady < 3 {
        assert!(started.elapsed() < DEADLINE, "{last:?}");
        publish(&server, published..published + 2_000);
        published += 2_000;
        std::thread::sleep(std::time::Duration::from_millis(20));
        let queues = send_queues(port);
        steady = if queues == last && queues[0] > 0 {
            steady + 1
        } else {
            0
        };
        last = queues;
    }
    let (least, most) = (last.iter().min().unwrap(), last.iter().max().unwrap());
    println!(
        "{STOPPED} stopped readers, {} KiB published: Send-Q {} to {} KiB each, TCP_NOTSENT_LOWAT {} KiB",
        (published * frame_of(0).len()) >> 10,
        least >> 10,
        most >> 10,
        unsent >> 10
    );
    // A window of the clients' buffers of 128 KiB, which Linux doubles, and a write that began
    // below the mark.
    let write = 256 << 10;
    assert!(*most <= unsent + write + (256 << 10), "{most}");
    drop(stopped);
}
