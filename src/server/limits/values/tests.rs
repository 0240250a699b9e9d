//! What setters of limits take, and what they refuse.

use super::*;

#[test]
fn numbers_out_of_range_are_refused_by_every_setter() {
    let refused = |set: &dyn Fn(ServerLimits) -> ServerLimits| {
        let set = std::panic::AssertUnwindSafe(set);
        std::panic::catch_unwind(move || set(ServerLimits::default())).is_err()
    };
    for &limit in Limit::ALL {
        for number in limit.numbers() {
            let outside = [number.least.checked_sub(1), number.most.checked_add(1)];
            for value in outside.into_iter().flatten() {
                let set = |limits: ServerLimits| limits.with(limit, number.key, value);
                assert!(refused(&set), "{}: {value}", limit.name());
            }
        }
    }
    for ms in [0, MOST + 1] {
        assert!(refused(&|limits| limits.with_closing_timeout_ms(ms)));
        assert!(refused(&|limits| limits.with_http_lifetime_ms(ms)));
        assert!(refused(&|limits| limits.with_keep_alive_ms(ms)));
        assert!(refused(&|limits| limits.with_connect_timeout_ms(ms)));
    }
    assert!(refused(&|limits| limits.with_notsent_bytes_max(0)));
    assert!(refused(&|limits| limits.with_max(Limit::HeadBytes, 1)));
    let join_wait_ms = |limits: ServerLimits| limits.with_wait_ms(Limit::JoinsPerSecond, 9_001);
    assert!(refused(&join_wait_ms));
}

#[test]
fn limit_cannot_be_set_in_what_it_does_not_have() {
    let limits = ServerLimits::default();
    let refused = |set: fn(ServerLimits) -> ServerLimits| {
        std::panic::catch_unwind(move || set(limits)).is_err()
    };
    assert!(refused(|limits| limits.with_max(Limit::IdleTime, 1)));
    assert!(refused(|limits| limits.with_burst(Limit::HeadBytes, 1)));
    assert!(refused(|limits| limits.with_wait_ms(Limit::HeadBytes, 1)));
    assert!(!refused(
        |limits| limits.with_burst(Limit::JoinsPerSecond, 1)
    ));
}
