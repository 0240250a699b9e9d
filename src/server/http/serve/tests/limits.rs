//! Tests of the limits of a connection that speaks HTTP, and of its share of its thread.

use super::*;

#[test]
fn head_beyond_the_limits_gets_431_and_no_reset() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
    let fits = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{}\r\n",
        "a: b\r\n".repeat(98)
    );
    for (request, code) in [(long, 431), (many, 431), (fits, 200)] {
        let app = HttpApp::new(router()).limits(brisk());
        let response = converse(app, vec![request.into()]).received;
        assert_eq!(status(&response), code, "{response}");
    }
    assert_eq!(status(&ask("no http at all\r\n\r\n")), 400);
}

#[test]
fn callback_that_does_not_answer_in_time_costs_its_client_a_503() {
    let request = format!("GET /socket/websocket?user=slow HTTP/1.1\r\n{UPGRADE}\r\n");
    let outcome = converse(HttpApp::new(router()).limits(brisk()), vec![request.into()]);
    assert_eq!((status(&outcome.received), outcome.upgraded), (503, None));
}

#[test]
fn half_open_connection_ends_by_itself() {
    let silent = vec![];
    let slow = b"GET / HTTP/1.1\r\nHost:".to_vec();
    let idle = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
    for sent in [silent, slow, idle] {
        let begin = Instant::now();
        let limits = brisk()
            .with_http_lifetime_ms(60_000)
            .with_keep_alive_ms(100);
        converse(HttpApp::new(router()).limits(limits), vec![sent]);
        let lasted = begin.elapsed();
        assert!(
            lasted >= Duration::from_millis(100) && lasted < DEADLINE,
            "{lasted:?}"
        );
    }
}

/// Between two requests a connection has its own time, in spite of the time for a head and of its
/// age. Its end comes with an answer that says so.
#[test]
fn kept_alive_connection_outlasts_the_time_for_a_head_till_a_told_end() {
    let limits = brisk().with_keep_alive_ms(60_000);
    let ((first, second), upgraded) =
        serve_one(HttpApp::new(router()).limits(limits), |mut client| {
            let mut chunk = [0; 65_536];
            let mut ask = || {
                let request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
                client.write_all(request).unwrap();
                let count = client.read(&mut chunk).unwrap();
                String::from_utf8_lossy(&chunk[..count]).into_owned()
            };
            let first = ask();
            // Over `http_lifetime_ms` and `head_time_ms` of `brisk`.
            std::thread::sleep(Duration::from_millis(500));
            let second = ask();
            assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "the end, no reset");
            (first, second)
        });
    assert!(upgraded.is_none());
    assert!(
        status(&first) == 200 && !first.contains("connection: close"),
        "{first}"
    );
    assert!(
        status(&second) == 200 && second.contains("connection: close"),
        "{second}"
    );
}

#[test]
fn head_that_is_begun_on_a_kept_alive_connection_has_the_time_for_a_head() {
    let limits = brisk()
        .with_http_lifetime_ms(60_000)
        .with_keep_alive_ms(60_000);
    let parts = [
        &b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"[..],
        b"GET /healthz",
    ];
    let app = HttpApp::new(router()).limits(limits);
    let begin = Instant::now();
    let received = converse(app, parts.map(Vec::from).to_vec()).received;
    assert_eq!(received.matches("HTTP/1.1 200").count(), 1, "{received}");
    assert!(begin.elapsed() < DEADLINE);
}

/// hyper makes room for each line that may be, and its map of headers panics at 32,768.
#[test]
fn header_lines_over_what_hyper_can_take_are_never_allowed() {
    let most = Limit::HeadLines.numbers().next().unwrap().most;
    let observed = brisk()
        .with_max(Limit::HeadLines, most)
        .with_max(Limit::HeadBytes, 1 << 20)
        .observing([Limit::HeadLines]);
    let request = format!(
        "GET / HTTP/1.1\r\nHost: h\r\n{}\r\n",
        "a: b\r\n".repeat(40_000)
    );
    let app = HttpApp::new(router()).limits(observed);
    let received = converse(app, vec![request.into()]).received;
    assert_eq!(status(&received), 431, "{received:.200}");
}

#[test]
fn connection_that_always_sends_requests_ends_at_its_http_lifetime() {
    let limits = brisk().with_http_lifetime_ms(50);
    let begin = Instant::now();
    let (was_ended, upgraded) = serve_one(HttpApp::new(router()).limits(limits), |mut client| {
        let mut chunk = [0; 65_536];
        let mut ask = || {
            client
                .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                .is_ok()
                && matches!(client.read(&mut chunk), Ok(1..))
        };
        // At a pace, because the 1,000th request ends the connection too.
        (0..900).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            !ask()
        })
    });
    assert!(was_ended && upgraded.is_none());
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[test]
fn thread_serves_others_between_two_answers_of_one_connection() {
    let turns = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let socket = UserSocket::new().check_origin(CheckOrigin::off()).connect({
        let (turns, seen) = (Arc::clone(&turns), Arc::clone(&seen));
        move |_, _| {
            let turn = turns.load(std::sync::atomic::Ordering::Relaxed);
            seen.lock().unwrap().push(turn);
            Connect::refuse()
        }
    });
    let app = HttpApp::new(Router::new().socket("/socket", socket));
    let asked = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: h\r\n\r\n".repeat(30);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap()).unwrap();
    client.write_all(asked.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let stream = TcpStream::from_std(stream).unwrap();
        let serving = serve_http(stream, peer, Arc::new(app), std::future::pending());
        let serving = tokio::task::spawn_local(serving);
        while !serving.is_finished() {
            turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.len(), 30);
    seen.dedup();
    assert_eq!(seen.len(), 30, "each in a turn of its own");
}

#[test]
fn tunnel_is_refused_and_nothing_behind_it_is_answered() {
    let behind = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    for (target, code) in [("h:80", 405), ("a..b,c:1", 400)] {
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: h\r\n\r\n{behind}");
        let received = converse(HttpApp::new(router()), vec![request.into()]).received;
        assert_eq!(status(&received), code, "{received}");
        assert_eq!(received.matches("HTTP/1.1 ").count(), 1, "{received}");
    }
}
