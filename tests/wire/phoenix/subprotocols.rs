//! `Sec-WebSocket-Protocol`: subprotocols, and the auth token of phoenix.js: protocol.md §1.5.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::server::Running;
use testkit::{DEADLINE, upgrade_request};

use crate::phoenix::connect::{headers, looking};
use crate::phoenix::fixture::{TARGET, ask};

/// Returns the value of `Sec-WebSocket-Protocol` in the answer to `offer`, or the status of a
/// refusal.
fn subprotocol(server: &Running, offer: Option<&str>) -> Result<Option<String>, u16> {
    let address = server.local_addr();
    let line = offer.map(|offer| format!("Sec-WebSocket-Protocol: {offer}\r\n"));
    let answer = ask(
        address,
        &upgrade_request(address, TARGET, &line.unwrap_or_default()),
    );
    if !answer.starts_with("HTTP/1.1 101 ") {
        return Err(answer[9..12].parse().unwrap());
    }
    let lines = answer.lines().filter_map(|line| line.split_once(": "));
    let mut chosen = lines.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
    Ok(chosen.next().map(|(_, value)| value.to_owned()))
}

/// B 34, 79: the server's preference decides. An empty offer is accepted, and an offer without a
/// common subprotocol is not.
#[test]
fn subprotocol_is_the_first_of_the_server_that_is_offered() {
    let (server, _see) = looking(
        |socket| socket.subprotocols(["sip", "mqtt"]),
        |_, _| String::new(),
    );
    assert_eq!(
        subprotocol(&server, Some("sip")),
        Ok(Some("sip".to_owned()))
    );
    assert_eq!(
        subprotocol(&server, Some("mqtt, sip")),
        Ok(Some("sip".to_owned()))
    );
    assert_eq!(
        subprotocol(&server, Some("other,mqtt")),
        Ok(Some("mqtt".to_owned()))
    );
    assert_eq!(subprotocol(&server, None), Ok(None));
    assert_eq!(subprotocol(&server, Some("other")), Err(403));
    let (unset, _see) = looking(|socket| socket, |_, _| String::new());
    assert_eq!(subprotocol(&unset, Some("sip")), Ok(None));
}

/// §1.5: the token is decoded, passed to connect and removed from the header. Both alphabets are
/// accepted, and a text that is no token gets 400.
#[test]
fn auth_token_of_phoenix_js_reaches_connect() {
    let (server, see) = looking(
        |socket| socket.auth_token(true),
        |_, info| {
            let offered = info.sec_websocket_headers();
            let offered = offered.filter(|(name, _)| *name == "sec-websocket-protocol");
            format!("{:?} {}", info.auth_token(), headers(offered))
        },
    );
    let seen = || see.recv_timeout(DEADLINE).unwrap();
    let phoenix = Ok(Some("phoenix".to_owned()));
    let token = "base64url.bearer.phx.c2VjcmV0MQ";
    assert_eq!(
        subprotocol(&server, Some(&format!("phoenix, {token}"))),
        phoenix
    );
    assert_eq!(seen(), r#"Some("secret1") sec-websocket-protocol: phoenix"#);
    assert_eq!(subprotocol(&server, Some(token)), Ok(None));
    assert_eq!(seen(), r#"Some("secret1") "#);
    assert_eq!(
        subprotocol(&server, Some("phoenix, base64url.bearer.phx.")),
        phoenix
    );
    assert_eq!(seen(), r#"Some("") sec-websocket-protocol: phoenix"#);
    assert_eq!(
        subprotocol(&server, Some(&format!("phoenix, {token}, {token}"))),
        phoenix
    );
    assert!(seen().starts_with("None "));
    for encoded in ["Pz8+", "Pz8-"] {
        let offer = format!("phoenix, base64url.bearer.phx.{encoded}");
        assert_eq!(subprotocol(&server, Some(&offer)), phoenix);
        assert!(seen().starts_with(r#"Some("??>")"#));
    }
    let garbage = "phoenix, base64url.bearer.phx.!";
    assert_eq!(subprotocol(&server, Some(garbage)), Err(400));
    let (off, see) = looking(
        |socket| socket,
        |_, info| format!("{:?}", info.auth_token()),
    );
    // A browser fails an answer that names nothing of its offer, so `phoenix` is named.
    assert_eq!(
        subprotocol(&off, Some(&format!("phoenix, {token}"))),
        phoenix
    );
    assert_eq!(see.recv_timeout(DEADLINE).unwrap(), "None");
}

/// §1.5: lines of one name are one list, in whichever order.
#[test]
fn offers_on_several_lines_are_one_list() {
    let (server, see) = looking(
        |socket| socket.auth_token(true),
        |_, info| format!("{:?}", info.auth_token()),
    );
    let token = "base64url.bearer.phx.c2VjcmV0";
    let line = "\r\nSec-WebSocket-Protocol: ";
    for offer in [
        format!("phoenix{line}{token}"),
        format!("{token}{line}phoenix"),
    ] {
        assert_eq!(
            subprotocol(&server, Some(&offer)),
            Ok(Some("phoenix".to_owned()))
        );
        assert_eq!(see.recv_timeout(DEADLINE).unwrap(), r#"Some("secret")"#);
    }
    let other = format!("foo{line}phoenix");
    assert_eq!(
        subprotocol(&server, Some(&other)),
        Ok(Some("phoenix".to_owned()))
    );
}
