//! A file of each wrong kind, and the lines that lobbyd prints about it.

/// A file, and the lines about it, each without its prefix `lobbyd.toml:`.
pub const FILES: &[(&str, &[&str])] = &[
    (
        "[limits.conections]\nmax = 3",
        &["1: limits.conections: no such setting; did you mean limits.connections?"],
    ),
    (
        "\n[server]\nlistn = \"x\"",
        &["3: server.listn: no such setting; did you mean server.listen?"],
    ),
    (
        "listen = \"x\"",
        &["1: listen: no such setting; did you mean server.listen?"],
    ),
    (
        "[server]\nlevel = \"info\"",
        &["2: server.level: no such setting; did you mean log.level?"],
    ),
    (
        "[connections]\nmax = 1",
        &["1: connections: no such setting; did you mean limits.connections?"],
    ),
    (
        "[metric]\nrooms_top = 1",
        &["1: metric: no such setting; did you mean metrics?"],
    ),
    (
        "[log]\ncolour = true",
        &["2: log.colour: no such setting; expected level or format"],
    ),
    (
        "[limits.idle_time_ms]\nmax = \"5s\"",
        &[
            "2: limits.idle_time_ms.max: expected a whole number of milliseconds from 1, found \"5s\"",
        ],
    ),
    (
        "[timeouts]\nconnect_ms = 1.5",
        &["2: timeouts.connect_ms: expected a whole number of milliseconds from 1, found 1.5"],
    ),
    (
        "[timeouts]\nconnect_ms = -1",
        &["2: timeouts.connect_ms: expected a whole number of milliseconds from 1, found -1"],
    ),
    (
        "[limits]\nconnections.max = 99_999_999_999",
        &[
            "2: limits.connections.max: expected a whole number from 1, at most 4294967295, found 99999999999",
        ],
    ),
    (
        "[server]\nshards = 0",
        &["2: server.shards: expected a whole number from 1 to 1024, found 0"],
    ),
    (
        "[limits]\njoins_per_second = { max = 5, burst = 0 }",
        &["2: limits.joins_per_second.burst: expected a whole number from 1, found 0"],
    ),
    (
        "[limits]\nhead_bytes.max = 100",
        &["2: limits.head_bytes.max: expected a whole number of bytes from 8192, found 100"],
    ),
    (
        "[limits]\nconnections = 100",
        &[
            "2: limits.connections: expected a table, found 100; did you mean limits.connections.max?",
        ],
    ),
    (
        "\"a\\nb\" = 1",
        &[
            "1: a\\nb: no such setting; expected server, socket, log, metrics, drain, timeouts, auth, background, limits or room",
        ],
    ),
    ("server = 1", &["1: server: expected a table, found 1"]),
    (
        "[server.listen]\nx = 1",
        &[
            "1: server.listen: expected ADDR:PORT, as in \"127.0.0.1:4000\" or \"localhost:4000\", found a table",
        ],
    ),
    (
        "[server]\nlisten = \"4000\"",
        &["2: server.listen: expected ADDR:PORT, as in 127.0.0.1:4000, found \"4000\""],
    ),
    (
        "[server]\nstatic_files = \"yes\"",
        &["2: server.static_files: expected true or false, found \"yes\""],
    ),
    (
        "[limits.idle_time_ms]\nmode = \"off\"",
        &["2: limits.idle_time_ms.mode: expected \"enforce\" or \"observe\", found \"off\""],
    ),
    (
        "[log]\nlevel = \"loud\"",
        &[
            "2: log.level: expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\", found \"loud\"",
        ],
    ),
    (
        "[socket]\norigins = [\"example.com\"]",
        &[
            "2: socket.origins: origin \"example.com\" has no host: write \"//example.com\" for any scheme and port, or \"https://example.com\"",
        ],
    ),
    (
        "[socket]\norigins = [\"https://b\u{fc}cher.example\", \"wss://a.b\", \"//127.1\", \"https://Chat.Example\"]",
        &[
            "2: socket.origins: origin \"https://b\u{fc}cher.example\" has a host that browsers send in punycode: write it so, as in \"https://xn--bcher-kva.example\"",
            "2: socket.origins: origin \"wss://a.b\" has the scheme of a socket, and browsers send that of the page: write http or https",
            "2: socket.origins: origin \"//127.1\" has a host that no browser can send",
        ],
    ),
    (
        "[limits]\nhead_lines.max = 1_001",
        &["2: limits.head_lines.max: expected a whole number from 1 to 1000, found 1001"],
    ),
    (
        "[socket]\norigins = []",
        &[
            "2: socket.origins: expected \"own_host\", \"any\" or a list of origins, as in [\"https://example.com\"], found an empty list",
        ],
    ),
    (
        "[socket]\npath = \"socket\"",
        &[
            "2: socket.path: expected a path that begins and does not end with \"/\", as in \"/socket\", found \"socket\"",
        ],
    ),
    (
        "[socket]\npath = \"/:x/:x\"",
        &[
            "2: socket.path: \"/:x/:x\" has ':'; expected letters, digits, \"-\", \"_\", \".\" and \"~\" alone between its \"/\"",
        ],
    ),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.0/33\"]",
        &[
            "2: server.trusted_proxies: \"10.0.0.0/33\" is no network; expected one as in \"10.0.0.0/8\" or \"::1\"",
        ],
    ),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.1/8\"]",
        &[
            "2: server.trusted_proxies: \"10.0.0.1/8\" has bits behind its prefix; did you mean \"10.0.0.0/8\"?",
        ],
    ),
    (
        "[server]\ntrusted_proxies = [1]",
        &[
            "2: server.trusted_proxies: expected a list of networks, as in [\"10.0.0.0/8\", \"::1\"], found a list of whole numbers",
        ],
    ),
    (
        "[server]\nproxy_protocol = true",
        &[
            "2: server.proxy_protocol: needs server.trusted_proxies: whose headers are to be believed?",
        ],
    ),
    (
        "[server]\nlisten = \"[::1]:80\"\nadmin_listen = \"[::1]:80\"",
        &[
            "3: server.admin_listen: is server.listen as well; expected another address or port than [::1]:80",
        ],
    ),
    (
        "[drain]\nready_delay_ms = 1\nwindow_ms = 20\ndeadline_ms = 20",
        &[
            "4: drain.deadline_ms: a deadline of 20 ms comes before the end of a ready delay of 1 ms and a window of 20 ms; expected a deadline of at least 21",
        ],
    ),
    ("room = 1", &["1: room: expected [[room]], found 1"]),
    (
        "[room]\ntopic = \"a\"",
        &["1: room: expected [[room]], found a table"],
    ),
    ("\n[[room]]\njoin = \"allow\"", &["2: room: has no topic"]),
    (
        "[[room]]\ntopic = \"\"",
        &["2: room.topic: expected a text, found none"],
    ),
    (
        "[[room]]\ntopic = \"a*b\"",
        &["2: room.topic: \"a*b\" has a star that does not stand alone at its end"],
    ),
    (
        "[[room]]\ntopic = \"a**\"",
        &["2: room.topic: \"a**\" has a star that does not stand alone at its end"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room]]\ntopic = \"a\"",
        &["4: room.topic: \"a\" stands in line 2 already"],
    ),
    (
        "[[room]]\ntopic = \"a*\"\n[[room]]\ntopic = \"a:b*\"",
        &["4: room.topic: \"a:b*\" can never match, as \"a*\" in line 2 is tried before it"],
    ),
    (
        "[[room]]\ntopic = \"a\"\nreason = \"no\"",
        &["3: room.reason: only a deny has one; expected join = \"deny\""],
    ),
    (
        "[[room]]\ntopic = \"a\"\njoin = \"deny\"",
        &["3: room.join: a deny needs a reason, as in reason = \"unauthorized\""],
    ),
    (
        "[[room]]\ntopic = \"a\"\nmembers_max = 0",
        &["3: room.members_max: expected a whole number from 1, found 0"],
    ),
    (
        "[[room]]\ntopic = \"a\"\nmember_max = 1",
        &["3: room.member_max: no such setting; did you mean room.members_max?"],
    ),
    (
        "[[room]]\ntopic = \"a\"\nevents = []",
        &["3: room.events: no such setting; did you mean room.event?"],
    ),
    (
        "[[room]]\ntopic = \"a\"\nevent = []\nretention = 1",
        &["4: room.retention: expected a table, found 1"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[room.retention]\nmessages = 1",
        &["4: room.retention.messages: no such setting; did you mean room.retention.messages_max?"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nrelay = \"all\"",
        &["3: room.event: has no name"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nrelay = []",
        &[
            "5: room.event.relay: expected \"all\" or a list of fields, as in [\"body\"], found an empty list",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nrelay = [\"b\", \"b\"]",
        &["5: room.event.relay: \"b\" stands twice"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"phx_close\"",
        &[
            "4: room.event.name: \"phx_close\" is an event of the protocol's own, which phoenix.js obeys; expected another name",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x*\"",
        &["4: room.event.name: \"x*\" is no pattern; expected a whole name, or \"*\" for any"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"*\"\n[[room.event]]\nname = \"x\"",
        &["6: room.event.name: \"x\" can never match, as \"*\" in line 4 is tried before it"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\n[[room.event]]\nname = \"x\"",
        &["6: room.event.name: \"x\" stands in line 4 already"],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nburst = 3",
        &["5: room.event.burst: means nothing without messages_per_second"],
    ),
    (
        "[log]\nlevel = \"info\"\nlevel = \"warn\"",
        &["3: not TOML: duplicate key"],
    ),
    // Names far from all others: the line lists the existing keys, or the right place.
    (
        "[limits.connections]\nmaximum = 3\nenabled = true",
        &[
            "2: limits.connections.maximum: no such setting; did you mean limits.connections.max?",
            "3: limits.connections.enabled: no such setting; expected max or mode",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\nmax_members = 1\nrelay = \"all\"\nbytes_max = 3\nx = 1",
        &[
            "3: room.max_members: no such setting; did you mean room.members_max?",
            "4: room.relay: no such setting; did you mean room.event.relay?",
            "5: room.bytes_max: no such setting; did you mean room.event.bytes_max or room.retention.bytes_max?",
            "6: room.x: no such setting; expected topic, join, reason, members_max, messages_per_second, messages_burst, bytes_per_second, bytes_burst, event or retention",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"b\"\nbroadcast = true",
        &[
            "5: room.event.broadcast: no such setting; expected name, push, relay, echo, acknowledge, bytes_max, messages_per_second or burst",
        ],
    ),
    (
        "members_max = 3",
        &["1: members_max: no such setting; did you mean room.members_max?"],
    ),
    // Faults that no single value shows.
    (
        "[drain]\nwindow_ms = 60_000",
        &[
            "2: drain.window_ms: a deadline of 30000 ms comes before the end of a ready delay of 0 ms and a window of 60000 ms; expected a deadline of at least 60000",
        ],
    ),
    (
        "[server]\nlisten = \"0.0.0.0:4713\"\nadmin_listen = \"localhost:4713\"",
        &[
            "3: server.admin_listen: has the port of server.listen, 0.0.0.0:4713, and one of the two addresses covers the other; expected another port",
        ],
    ),
    (
        "[server]\nlisten = \"127.0.0.1:4713\"\nadmin_listen = \"[::]:4713\"",
        &[
            "3: server.admin_listen: has the port of server.listen, 127.0.0.1:4713, and one of the two addresses covers the other; expected another port",
        ],
    ),
    (
        "[limits]\nmessage_bytes.max = 99\njoins_per_second.wait_ms = 9_001",
        &[
            "2: limits.message_bytes.max: expected a whole number of bytes from 100, found 99",
            "3: limits.joins_per_second.wait_ms: expected a whole number of milliseconds from 0 to 9000, found 9001",
        ],
    ),
    (
        "[limits]\nmessage_bytes.max = 100\n[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nbytes_max = 101",
        &[
            "7: room.event.bytes_max: no message is that large; expected at most limits.message_bytes.max, 100",
        ],
    ),
    (
        "[socket]\norigins = [\"*\", \"https://a.b/path\", \"//a.b\", \"c.d\"]",
        &[
            "2: socket.origins: origin \"*\" has a * that is not \"*.\" in front of a host; to allow every origin use origins = \"any\"",
            "2: socket.origins: origin \"https://a.b/path\" has a path, which no browser sends: an origin is a scheme, a host and a port alone",
            "2: socket.origins: origin \"c.d\" has no host: write \"//c.d\" for any scheme and port, or \"https://c.d\"",
        ],
    ),
    (
        "[server]\ntrusted_proxies = [\"10.0.0.0/33\", \"foo\", 3]",
        &[
            "2: server.trusted_proxies: \"10.0.0.0/33\" is no network; expected one as in \"10.0.0.0/8\" or \"::1\"",
            "2: server.trusted_proxies: \"foo\" is no network; expected one as in \"10.0.0.0/8\" or \"::1\"",
            "2: server.trusted_proxies: expected texts in the list, found 3",
        ],
    ),
    // A value that cannot be read is compared with no other, so each mistake is reported once.
    (
        "[server]\ntrusted_proxies = 3\nproxy_protocol = true\n[drain]\nwindow_ms = 60_000\ndeadline_ms = \"x\"",
        &[
            "2: server.trusted_proxies: expected a list of networks, as in [\"10.0.0.0/8\", \"::1\"], found 3",
            "6: drain.deadline_ms: expected a whole number of milliseconds from 1, found \"x\"",
        ],
    ),
    (
        "[[room]]\ntopic = 1\n[[room]]\ntopic = \"*\"\njoin = \"deny\"\nreasn = \"no\"\n[[room]]\n[[room]]\ntopic = 3",
        &[
            "2: room.topic: expected a text, found 1",
            "6: room.reasn: no such setting; did you mean room.reason?",
            "7: room: has no topic",
            "9: room.topic: expected a text, found 3",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nmessages_per_second = 0\nburst = 3\n[[room.event]]\nname = 1",
        &[
            "5: room.event.messages_per_second: expected a whole number from 1, found 0",
            "8: room.event.name: expected a text, found 1",
        ],
    ),
    // All faults at once, in the order of their lines.
    (
        "[[room]]\ntopic = \"a\"\n[[room]]\ntopic = \"a\"\n[server]\nlistn = 1\n[drain]\ndeadline_ms = 1",
        &[
            "4: room.topic: \"a\" stands in line 2 already",
            "6: server.listn: no such setting; did you mean server.listen?",
            "8: drain.deadline_ms: a deadline of 1 ms comes before the end of a ready delay of 0 ms and a window of 1000 ms; expected a deadline of at least 1000",
        ],
    ),
    (
        "[server]\nshards = 0\nlistn = 1\n[log]\nlevel = 1",
        &[
            "2: server.shards: expected a whole number from 1 to 1024, found 0",
            "3: server.listn: no such setting; did you mean server.listen?",
            "5: log.level: expected \"error\", \"warn\", \"info\", \"debug\" or \"trace\", found 1",
        ],
    ),
];
