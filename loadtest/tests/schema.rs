//! The JSON of all scenarios but restart against loadtest/schema.json, by which programs read it.

mod support;

use support::rooms::serve;
use support::run_at;

#[test]
fn result_of_every_scenario_is_as_the_schema_says() {
    let (_server, url) = serve();
    const SHORT: &str = "--rate 50 --warmup 0s --duration 300ms";
    let own = std::process::id();
    for line in [
        format!("fanout --clients 4 {SHORT} --prober --pid {own}"),
        format!(
            "fanout --clients 4 --window 2 --warmup 0s --duration 300ms --against-floor --pid {own}"
        ),
        "joins --clients 4 --slo joined-p99=30s".to_owned(),
        format!("idle --clients 4 --duration 200ms --pushes-each 2 --pid {own}"),
        format!("churn --clients 4 {SHORT} --churners 4 --churn-rate 20 --stay 50ms"),
        format!("slow --clients 4 --slow 1 {SHORT} --stop-for 100ms"),
        "ramp --clients 4 --warmup 0s --duration 300ms --from 50 --to 100 --times 2 --slo p99=30s"
            .to_owned(),
    ] {
        run_at(&url, &line).ends_with(0).keeps_to_the_schema();
    }
}

#[test]
fn result_of_a_floor_is_as_the_schema_says() {
    let line =
        "floor --clients 4 --writes both --rate 50 --warmup 0s --duration 300ms --json {json}";
    let words: Vec<&str> = line.split(' ').collect();
    support::run(&words).ends_with(0).keeps_to_the_schema();
}

#[test]
fn result_of_a_run_that_has_failed_is_as_the_schema_says() {
    let (_server, url) = serve();
    run_at(&url, "fanout --topic room:closed")
        .ends_with(3)
        .keeps_to_the_schema();
    let unechoed = "fanout --clients 4 --event to_others --rate 50 --warmup 0s --duration 300ms --settle 100ms";
    run_at(&url, unechoed).ends_with(1).keeps_to_the_schema();
    let ramp = "ramp --clients 4 --warmup 0s --duration 200ms --slo p99=1us";
    run_at(&url, ramp).ends_with(1).keeps_to_the_schema();
}
