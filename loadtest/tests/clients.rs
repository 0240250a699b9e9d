//! Clients with values of their own, from files: what a real lobbyd gets of them, and what a run
//! shows of them.

mod misbehaving;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use lobbyd::server::{Running, Server};
use lobbyd::{
    Channel, Connect, Handled, Join, Payload, Router, Socket, StatusCode, UserSocket, object,
};
use misbehaving::{Fault, Misbehaving};
use support::{Run, run, run_at};
use tempfile::TempDir;

/// What the server got, a line for each request, join and first push of a connection.
type Got = Arc<Mutex<BTreeSet<String>>>;

/// The token of a connection.
#[derive(Clone)]
struct Token(String);

struct Rooms(Got);

impl Channel for Rooms {
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        let token = &socket.assigns::<Token>().unwrap().0;
        let json = params.as_json().unwrap();
        let line = format!("{token} joins {topic} with {}", json.as_raw());
        self.0.lock().unwrap().insert(line);
        match token.starts_with("expired") {
            true => Join::error(object! { "reason": "token expired", "code": "token_expired" }),
            false => Join::ok(),
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        let token = &socket.assigns::<Token>().unwrap().0;
        let from: Option<String> = payload.get("from").and_then(|from| from.parse().ok());
        let line = format!("{token} says as {}", from.unwrap_or_default());
        self.0.lock().unwrap().insert(line);
        socket.broadcast(event, payload.to_buf());
        Handled::no_reply()
    }
}

/// Serves rooms for whoever has a token, in the parameter `token` or as `authToken`.
fn serve() -> (Running, String, Got) {
    let got = Got::default();
    let seen = got.clone();
    let socket = UserSocket::new()
        .auth_token(true)
        .connect(move |params, info| {
            let header = info.x_headers().find(|(name, _)| *name == "x-user");
            let header = header.map_or("", |(_, value)| value.to_str().unwrap());
            let token = info.auth_token().or(params.get("token")).unwrap_or("");
            let line = format!("{token} comes as {header}");
            seen.lock().unwrap().insert(line);
            match token {
                "" | "bad" => Connect::refuse_with(StatusCode::UNAUTHORIZED),
                token => Connect::accept().assign(Token(token.to_owned())).into(),
            }
        })
        .channel("*", Rooms(got.clone()));
    let server = Server::new(Router::new().socket("/socket", socket)).shards(2);
    let running = server.bind("127.0.0.1:0".parse().unwrap()).unwrap().start();
    let url = format!("ws://{}/socket/websocket", running.local_addr());
    (running, url, got)
}

fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn lines_of(got: &Got, with: &str) -> Vec<String> {
    let got = got.lock().unwrap();
    got.iter()
        .filter(|line| line.contains(with))
        .cloned()
        .collect()
}

fn run_with(url: &str, words: &[&str]) -> Run {
    let rest = ["--url", url, "--json", "{json}", "--report", "{html}"];
    run(&[words, &rest].concat())
}

/// Asserts that no text of a run has a part of a token.
#[track_caller]
fn shows_no_secret(run: &Run) {
    let json = fs::read_to_string(run.json()).unwrap();
    for shown in [&run.seen, &json, &run.page()] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn client_takes_the_line_of_its_own_from_a_file_of_tokens() {
    let (_server, url, got) = serve();
    let folder = tempfile::tempdir().unwrap();
    let tokens = file(
        &folder,
        "tokens.txt",
        "s3cret+0/=\ns3cret&1\ns3cret 2\nunused\n",
    );
    let param = format!("token=@{tokens}");
    let ended = run_with(&url, &["joins", "--clients", "3", "--param", &param]).ends_with(0);
    assert_eq!(
        lines_of(&got, "comes"),
        [
            "s3cret 2 comes as ",
            "s3cret&1 comes as ",
            "s3cret+0/= comes as "
        ]
    );
    shows_no_secret(&ended);
    let result = ended.result();
    let shown = result
        .parameters
        .iter()
        .find(|parameter| parameter.name == "param");
    assert_eq!(shown.unwrap().value, param);
    assert!(
        result.command_line.contains(&param),
        "{:?}",
        result.command_line
    );
    got.lock().unwrap().clear();
    let line = format!("joins --clients 2 --auth-token @{tokens}");
    run_at(&url, &line).ends_with(0);
    assert_eq!(
        lines_of(&got, "comes"),
        ["s3cret&1 comes as ", "s3cret+0/= comes as "]
    );
}

#[test]
fn columns_stand_in_request_topic_join_and_messages() {
    let (_server, url, got) = serve();
    let folder = tempfile::tempdir().unwrap();
    let rows = "token,user,game\ns3cretA&x,a,1\ns3cretB,\"b\"\"q\",2\ns3cretC,c,1\ns3cretD,d,2\n";
    let rows = file(&folder, "clients.csv", rows);
    let ended = run_with(
        &url,
        &[
            "fanout",
            "--clients",
            "4",
            "--clients-file",
            &rows,
            "--param",
            "token={token}",
            "--header",
            "X-User: u-{user}",
            "--topic",
            "game:{game}",
            "--join-payload",
            r#"{"access_token":"{token}","n":{game}}"#,
            "--payload",
            r#"{"body":"{body}","from":"{user}"}"#,
            "--publishers",
            "2",
            "--rate",
            "200",
            "--warmup",
            "100ms",
            "--duration",
            "500ms",
        ],
    )
    .ends_with(0);
    assert_eq!(
        *got.lock().unwrap().iter().cloned().collect::<Vec<_>>(),
        [
            "s3cretA&x comes as u-a",
            r#"s3cretA&x joins game:1 with {"access_token":"s3cretA&x","n":1}"#,
            "s3cretA&x says as a",
            "s3cretB comes as u-b\"q",
            r#"s3cretB joins game:2 with {"access_token":"s3cretB","n":2}"#,
            "s3cretB says as b\"q",
            "s3cretC comes as u-c",
            r#"s3cretC joins game:1 with {"access_token":"s3cretC","n":1}"#,
            "s3cretC says as c",
            "s3cretD comes as u-d",
            r#"s3cretD joins game:2 with {"access_token":"s3cretD","n":2}"#,
            "s3cretD says as d",
        ]
    );
    // The rows make two lobbies of two, so each message goes to two.
    let deliveries = ended.measurement().deliveries;
    assert_eq!(deliveries.expected, 2 * deliveries.published);
    assert!(deliveries.whole());
    shows_no_secret(&ended);
    ended.keeps_to_the_schema();
}

#[test]
fn prober_and_churners_take_rows_behind_those_of_the_clients() {
    let (_server, url, got) = serve();
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..14).map(|line| format!("t{line:02}\n")).collect();
    let tokens = file(&folder, "tokens.txt", &lines);
    let times = "--rate 100 --warmup 100ms --duration 500ms";
    let line = format!("fanout --clients 6 --prober --param token=@{tokens} {times}");
    run_at(&url, &line).ends_with(0);
    assert_eq!(lines_of(&got, "comes").len(), 14);
    let line = line.replace("--clients 6", "--clients 7");
    run_at(&url, &line)
        .ends_with(2)
        .says("14 lines for 15 clients");
    got.lock().unwrap().clear();
    let line = format!(
        "churn --clients 10 --churners 4 --churn-rate 50 --stay 20ms --param token=@{tokens} {times}"
    );
    run_at(&url, &line).ends_with(0);
    assert_eq!(lines_of(&got, "comes").len(), 14);
}

/// Runs that cannot begin, and what each says. TOKENS and ROWS are files of two clients.
const UNFIT: [(&str, &str); 13] = [
    (
        "joins --clients 3 --param token=@TOKENS",
        "2 lines for 3 clients",
    ),
    (
        "idle --clients 3 --auth-token @TOKENS",
        "2 lines for 3 clients",
    ),
    (
        "slow --clients 3 --slow 1 --clients-file ROWS",
        "2 rows for 3 clients",
    ),
    (
        "restart --spawn x --lobby 2 --lobbies 2 --publishers 1 --clients-file ROWS",
        "2 rows for 4 clients",
    ),
    (
        "ramp --slo p99=1s --raise clients --from 2 --to 9 --clients-file ROWS",
        "2 rows for 9 clients",
    ),
    (
        "joins --clients 2 --clients-file ROWS --param t={tokem}",
        "{tokem} is no column of",
    ),
    (
        "joins --clients 2 --clients-file ROWS --header X-User:{user}",
        "--header X-User: the values of row 1 have a control character",
    ),
    (
        "joins --clients 2 --clients-file ROWS --join-payload [{user}]",
        "--join-payload is not JSON with the values of row 1",
    ),
    (
        "fanout --clients 2 --clients-file ROWS --topic {user} --topics 2",
        "give neither --topics nor {lobby}",
    ),
    (
        "fanout --clients 2 --clients-file ROWS --topic {user} --publishers 2",
        "--publishers 2 in lobbies of 1",
    ),
    (
        "joins --param token=@/nowhere/at/all",
        "token=@/nowhere/at/all: ",
    ),
    ("joins --reuse-rows", "has no rows"),
    (
        "joins --clients 1 --auth-token @TOKENS --header Sec-WebSocket-Protocol:x",
        "which a --header has too",
    ),
];

#[test]
fn files_that_do_not_fit_the_run_end_it_before_a_client_connects() {
    let (_server, url, got) = serve();
    let folder = tempfile::tempdir().unwrap();
    let tokens = file(&folder, "tokens.txt", "s3cret1\ns3cret2\n");
    let rows = "token,user\ns3cret1,\"a\nb\"\ns3cret2,u\n";
    let rows = file(&folder, "clients.csv", rows);
    for (line, words) in UNFIT {
        let line = line.replace("TOKENS", &tokens).replace("ROWS", &rows);
        let run = run_at(&url, &line).ends_with(2).says(words);
        assert!(!run.seen.contains("s3cret"), "{}", run.seen);
    }
    assert_eq!(lines_of(&got, ""), [""; 0]);
    let line = format!("joins --clients 5 --reuse-rows --param token=@{tokens}");
    run_at(&url, &line).ends_with(0);
    assert_eq!(lines_of(&got, "comes").len(), 2);
}

#[test]
fn refused_tokens_are_counted_by_status_and_by_reason() {
    let (_server, url, _) = serve();
    let folder = tempfile::tempdir().unwrap();
    let tokens = "good,1\nbad,1\nexpired1,2\nbad,1\nexpired2,3\n";
    let rows = file(&folder, "clients.csv", &format!("token,n\n{tokens}"));
    let words = [
        "joins",
        "--clients",
        "5",
        "--clients-file",
        &rows,
        "--param",
        "token={token}",
        "--topic",
        "user:{n}",
    ];
    let ended = run_with(&url, &words).ends_with(1);
    let refused = ended.measurement().connections.refused;
    let told: Vec<(&str, u64)> = refused.iter().map(|of| (&*of.what, of.count)).collect();
    let expired = "the join of \"user:{n}\" was refused: token expired (token_expired)";
    assert_eq!(told, [("HTTP 401 Unauthorized", 2), (expired, 2)]);
    // Where the first client is refused, nothing begins.
    let rows = file(&folder, "refused.csv", "token,n\nbad,1\n");
    let words = [
        "joins",
        "--clients",
        "1",
        "--clients-file",
        &rows,
        "--param",
        "token={token}",
    ];
    let ended = run_with(&url, &words).ends_with(3);
    ended.says("HTTP 401 Unauthorized. The server wants a token");
    let rows = file(&folder, "expired.csv", "token\nexpired\n");
    let words = [
        "joins",
        "--clients",
        "1",
        "--clients-file",
        &rows,
        "--param",
        "token={token}",
    ];
    let ended = run_with(&url, &words).ends_with(3);
    ended.says("was refused: token expired (token_expired). See --topic and --join-payload, and the first client's token");
}

#[test]
fn refusal_of_an_upgrade_is_told_with_its_reason_and_code() {
    for (answer, words) in [
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 55\r\n\r\n\
             {\"reason\":\"token signature\",\"code\":\"token_signature\"}    ",
            "HTTP 401 Unauthorized: token signature (token_signature). The server wants a token",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            "HTTP 503 Service Unavailable. The server takes nobody at the moment",
        ),
    ] {
        let server = Misbehaving::start(Fault::Answers(answer));
        let url = format!("ws://{}/socket/websocket", server.address);
        run_at(&url, "joins --clients 2").ends_with(3).says(words);
    }
}
