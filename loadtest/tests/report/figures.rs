//! The figures of a run: what they belong to, which are left out, which way is better.

use lobbyd_loadtest::report::html;

use crate::{fixtures, plain, words};

#[test]
fn load_and_cores_are_shown_above_the_figures() {
    let result = fixtures::healthy();
    let what = "fanout · 1,000 clients · 1,000 msg/s · ws://127.0.0.1:4000/socket/websocket";
    let cores = "Server on core 0 (of 2), load on core 1: the capacity told is that of 1 core.";
    let shown = plain(&result);
    assert!(shown.contains(&format!("\n{what}\n{cores}\n")), "{shown}");
    let page = html::render(&result);
    assert!(page.contains(&format!("<title>{what} · lobbyd-loadtest</title>")));
    assert!(page.contains(cores));
    assert!(plain(&fixtures::ramp()).contains("ramp · 1,000 clients · 200 to 3,200 msg/s · ws"));
}

#[test]
fn memory_per_connection_of_few_connections_is_marked_as_fixed_cost() {
    let mut result = fixtures::healthy();
    assert!(!plain(&result).contains("mostly fixed cost"));
    result.measurements[0].connections.joined = 999;
    assert!(plain(&result).contains("820 B a connection  (mostly fixed cost)"));
    assert!(html::render(&result).contains("(mostly fixed cost)"));
}

#[test]
fn cost_figure_that_is_zero_has_no_line() {
    let mut result = fixtures::joins();
    let server = result.measurements[0].server.as_mut().unwrap();
    (server.cpu_seconds, server.system_seconds) = (0.0, 0.0);
    server.us_per_join = Some(0.0);
    result.measurements[0].load.deliveries_per_read = Some(0.0);
    let shown = plain(&result);
    for line in ["server CPU", "in the kernel", "deliveries a read"] {
        assert!(!shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn ratio_to_the_floor_shows_which_direction_is_better() {
    let page = html::render(&fixtures::with_floor());
    let begin = page
        .find("The server as a multiple of the floor (batch)")
        .unwrap();
    let figure = &page[begin..];
    let words = figure.split("aria-label=\"").nth(1).unwrap();
    for told in [
        "server CPU per delivery, less is better: 0.89×.",
        "deliveries per second, more is better: 1.09×.",
        "deliveries per read: 1.90×.",
    ] {
        assert!(words.contains(told), "{told}");
    }
    let wide = figure.split("class=\"wide\"").nth(1).unwrap();
    let bars = &wide[..wide.find("</svg>").unwrap()];
    let painted = |mark: &str| bars.matches(&format!("fill=\"{mark}\"")).count();
    assert_eq!(["#040404", "#030303", "#050505"].map(painted), [3, 1, 2]);
}

#[test]
fn restart_report_has_times_of_return_tries_and_delays() {
    let result = fixtures::restart();
    let shown = words(&plain(&result));
    for told in [
        "HELD: 1,000 clients were back 2.90 s after the signal, and no server refused any.",
        "restart · 900 clients in one lobby, 1 in each of 100 others",
        "the old server had ended 610 ms exit status: 0",
        "50 % were back 1.90 s 1.06 s after the new one answered",
        "tries to connect 3,345 3 for half of the clients, 5 at most",
        "2,345 no server was there: connection refused",
        "old connections ended 1,000 1012 (restart)",
        "small lobbies, while others came back",
    ] {
        assert!(shown.contains(told), "{told:?} is not in {shown}");
    }
    assert!(!shown.contains("Neither side"));
    let page = html::render(&result);
    assert!(
        page.contains(
            "Who was back when. 1,000 of 1,000 clients were back, the last of them 2.90 s"
        )
    );
}
