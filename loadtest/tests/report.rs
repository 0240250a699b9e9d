//! What the reports say of a result: that failures come first, that nothing from outside gets through unescaped, that the
//! schema is the one that is published.

#[path = "report/fixtures.rs"]
mod fixtures;

#[test]
fn look() {
    for r in [
        fixtures::healthy(),
        fixtures::failing(),
        fixtures::ramp(),
        fixtures::with_floor(),
        fixtures::joins(),
    ] {
        println!(
            "{}\n##########",
            lobbyd_loadtest::report::text::render(
                &r,
                std::env::var("W").ok().map(|w| w.parse().unwrap()),
                std::env::var("C").is_ok()
            )
        );
    }
}
