//! The one table of settings: for the complete file, the documentation and the reload.

use std::sync::LazyLock;

use super::auth_settings::auth_settings;
use super::limit_settings::limit_settings;
use super::number::Whole;
use super::number::milliseconds;
use super::setting::{Setting, number, setting};
use super::tree::Config;
use crate::server::FAULT_DELAY_MS_MAX;

/// All settings except those of rooms, in the order of the complete file.
pub static SETTINGS: LazyLock<Vec<Setting<Config>>> = LazyLock::new(|| {
    [
        served(),
        told(),
        drained(),
        timed(),
        auth_settings(),
        limit_settings(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// Returns a sentence about a table of the file; empty for a table that needs none.
pub fn about(table: &str) -> &'static str {
    match table {
        "server" => "Where and how lobbyd serves.",
        "socket" => "Where clients connect, and from which web pages.",
        "log" => "What is logged, on stderr.",
        "drain" => "How lobbyd ends at SIGTERM or SIGINT.",
        "metrics" => "What `/metrics` shows.",
        "timeouts" => "How long lobbyd waits for the app and for clients.",
        "auth" => {
            "Who comes in, by tokens: JWTs of the issuers below, or tokens of an app of Phoenix. Without either, no token is \
             looked at."
        }
        "auth.phoenix" => "An app of Phoenix signs tokens by `Phoenix.Token.sign`.",
        "background" => {
            "Threads beside those that serve connections. They start when they are needed."
        }
        _ => "",
    }
}

/// Most shards that can be set. More than any machine has cores, and few enough that a typing error
/// does not start a million threads.
pub const SHARDS_MAX: u64 = 1_024;

fn served() -> Vec<Setting<Config>> {
    let shards = Whole {
        unit: "",
        range: 1..=SHARDS_MAX,
        because: "",
    };
    vec![
        setting!(Config,
            "server.listen",
            "Where clients connect: an address and a port. A host name is looked up once; an IPv4 address is preferred. IPv6 \
             stands in brackets: `[::1]:4000`. `0.0.0.0:4000` is every network of the machine. Port 0 takes any free port, \
             which the start-up line shows.",
            listen
        )
        .restart(),
        setting!(Config,
            "server.admin_listen",
            "Where `/metrics`, `/healthz` and `/readyz` are served for operators alone. The public address then has no \
             `/metrics`.",
            admin_listen
        )
        .unset("none", "\"127.0.0.1:4001\"")
        .restart(),
        number!(Config,
            "server.shards",
            shards,
            "Threads that serve connections. Each connection belongs to one of them.",
            shards
        )
        .unset("one for each core the process may use", "2")
        .restart(),
        setting!(Config,
            "server.static_files",
            "Whether the chat page is served at `/`.",
            static_files
        ),
        setting!(Config,
            "server.trusted_proxies",
            "The networks of your proxies. Only from these does lobbyd believe a client's address, in `X-Forwarded-For` or a PROXY \
             header, and the host that it asked for, in `X-Forwarded-Host`.",
            trusted_proxies
        )
        .restart(),
        setting!(Config,
            "server.proxy_protocol",
            "Whether each connection from a trusted proxy must begin with a PROXY header, version 1 or 2.",
            proxy_protocol
        )
        .restart(),
        setting!(Config,
            "socket.path",
            "The path that you give to phoenix.js, which appends `/websocket`. The chat page uses it too, below the path that the \
             page was loaded from.",
            socket_path
        )
        .restart(),
        setting!(Config,
            "socket.origins",
            "Which web pages may connect; others get 403. `\"own_host\"`: pages of the host that the request's `Host` names. \
             `\"any\"`: all pages. A list names them, each as `[scheme:]//host[:port]` or `//*.host`.",
            origins
        ),
    ]
}

fn told() -> Vec<Setting<Config>> {
    vec![
        setting!(
            Config,
            "log.level",
            "The minimum level of what is logged.",
            log_level
        ),
        setting!(
            Config,
            "log.format",
            "`\"text\"` for people, in colour on a terminal, or `\"json\"`, one object a line.",
            log_format
        )
        .restart(),
        number!(
            Config,
            "metrics.rooms_top",
            Whole {
                unit: "",
                range: 0..=1_000,
                because: "",
            },
            "How many of the largest rooms have metrics of their own, with their topics.",
            rooms_top
        )
        .restart(),
    ]
}

fn drained() -> Vec<Setting<Config>> {
    let from_0 = || milliseconds(0);
    vec![
        number!(Config,
            "drain.ready_delay_ms",
            from_0(),
            "How long lobbyd goes on accepting after the signal. `/readyz` fails meanwhile, so that load balancers notice.",
            limits.drain.ready_delay_ms
        )
        .restart(),
        number!(Config,
            "drain.window_ms",
            from_0(),
            "The time over which connections are then closed, in random order, those in the largest rooms last. At most half of \
             what `drain.deadline_ms` leaves.",
            limits.drain.window_ms
        )
        .restart(),
        number!(Config,
            "drain.deadline_ms",
            milliseconds(1),
            "The longest time from the signal to the end. What is left then is cut; a connection that has no Close yet gets one first.",
            limits.drain.deadline_ms
        )
        .restart(),
    ]
}

fn timed() -> Vec<Setting<Config>> {
    let ms = || milliseconds(1);
    vec![
        number!(
            Config,
            "timeouts.connect_ms",
            ms(),
            "How long an app may take to answer a connect. After that the client gets 503.",
            limits.connect_timeout_ms
        ),
        number!(
            Config,
            "timeouts.http_lifetime_ms",
            ms(),
            "A connection in HTTP that is this old ends with its next answer, which says `Connection: close`. This is also the \
             longest time for one answer.",
            limits.http_lifetime_ms
        ),
        number!(
            Config,
            "timeouts.keep_alive_ms",
            ms(),
            "How long a connection in HTTP is kept between two requests. Set it longer than your load balancer keeps its own. \
             Where places are few, such a connection is cut first.",
            limits.keep_alive_ms
        ),
        number!(
            Config,
            "timeouts.fault_delay_ms",
            Whole {
                unit: "milliseconds",
                range: 0..=FAULT_DELAY_MS_MAX,
                because: "",
            },
            "How long after its message a client gets a Close of 1002, 1007, 1009 or 1011 (`undecodable`). Stock clients come \
             back at once and send the same message again, so this is the pace of their loop; 0 is no delay.",
            limits.fault_delay_ms
        ),
        number!(
            Config,
            "timeouts.closing_ms",
            ms(),
            "How long a client may take to read its Close, or its last answer in HTTP. After that the connection is cut.",
            limits.closing_timeout_ms
        ),
    ]
}

/// Returns the index in [`SETTINGS`] of the setting at `path`.
pub fn index_of(path: &str) -> Option<usize> {
    SETTINGS.iter().position(|setting| setting.path == path)
}
