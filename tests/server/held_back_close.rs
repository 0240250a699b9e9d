//! The Close of a message that cannot be answered: held back, and overtaken by no reset.

use std::io::Write;
use std::time::{Duration, Instant};

use lobbyd::server::Running;
use testkit::{Client, at_any_pace, connect, frame, open, raw_frame, upgrade_request};

use crate::fixture::{Chat, arena, nothing_is_left};

const DELAY: Duration = Duration::from_millis(300);

fn with_delay(delay: Duration, closing_timeout_ms: u64) -> Running {
    let limits = at_any_pace()
        .with_fault_delay_ms(delay.as_millis() as u64)
        .with_closing_timeout_ms(closing_timeout_ms);
    arena(1, limits)
}

#[test]
fn close_of_a_far_too_long_message_comes_late_and_without_a_reset() {
    let server = with_delay(DELAY, 60_000);
    let chat = Chat::start(&server, "room:chat");
    let part = |first: u8| raw_frame(first, &[b'x'; 60_000]);
    let in_fragments = [part(0x01), vec![part(0x00); 50].concat()].concat();
    let whole = [100_000, 1_200_000, 3_000_000, 8_000_000].map(|len| frame(1, &vec![b'x'; len]));
    for bytes in whole.into_iter().chain([in_fragments]) {
        let mut client = connect(&server);
        client.join("room:x");
        let started = Instant::now();
        client.send_raw(&bytes);
        assert_eq!(client.close_code(), 1009, "{} bytes", bytes.len());
        assert!(client.next_frame().is_none());
        assert!(started.elapsed() >= DELAY, "{:?}", started.elapsed());
    }
    let page = server.endpoint().metrics(0);
    assert!(page.contains("\nlobbyd_cut_off_total 0\n"), "{page}");
    chat.end();
    nothing_is_left(server);
}

#[test]
fn client_that_sends_without_end_is_reset_when_its_time_is_over() {
    let closing = Duration::from_millis(700);
    let server = with_delay(DELAY, closing.as_millis() as u64);
    let mut stream = open(server.local_addr());
    let request = upgrade_request(server.local_addr(), "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(request.as_bytes()).unwrap();
    let client = Client::upgraded(stream.try_clone().unwrap());
    let started = Instant::now();
    let endless = vec![0xff; 1 << 20];
    while stream.write_all(&endless).is_ok() {}
    assert!(
        started.elapsed() >= DELAY + closing,
        "{:?}",
        started.elapsed()
    );
    drop((client, stream));
    nothing_is_left(server);
}

#[test]
fn held_back_close_does_not_wait_for_the_next_sweep() {
    // A sweep comes once a second here. The shard is idle otherwise.
    let server = with_delay(Duration::from_millis(100), 60_000);
    let mut times = (0..8).map(|_| {
        let mut client = connect(&server);
        let started = Instant::now();
        client.send_text("no message");
        assert_eq!(client.close_code(), 1011);
        started.elapsed()
    });
    assert!(
        times.any(|time| time < Duration::from_millis(700)),
        "a sweep late"
    );
    drop(times);
    nothing_is_left(server);
}
