//! The members of a lobby that publish, spread evenly over its members.

/// Returns the number of the publisher at `place` of a lobby, or `None` if another member is there.
pub(crate) fn publisher(place: u32, publishers: u32, members: u32) -> Option<u32> {
    if publishers == 0 || members == 0 {
        return None;
    }
    let (publishers, members, place) =
        (u64::from(publishers), u64::from(members), u64::from(place));
    let nth = (place * publishers).div_ceil(members);
    (nth < publishers && nth * members / publishers == place).then_some(nth as u32)
}

#[cfg(test)]
mod tests {
    use super::publisher;

    #[test]
    fn lobby_has_its_publishers_spread_evenly() {
        for members in 1..40 {
            for publishers in 0..=members {
                let found: Vec<u32> = (0..members)
                    .filter_map(|place| publisher(place, publishers, members))
                    .collect();
                let all: Vec<u32> = (0..publishers).collect();
                assert_eq!(found, all, "{publishers} of {members}");
            }
        }
        let places: Vec<u32> = (0..10)
            .filter(|place| publisher(*place, 2, 10).is_some())
            .collect();
        assert_eq!(places, [0, 5]);
    }
}
