//! Tests of circles and floors.

use std::collections::BTreeSet;

use crate::graph::Graph;

fn graph(arrows: &[(&'static str, &'static str)]) -> Graph<'static> {
    let mut graph = Graph::default();
    arrows.iter().for_each(|(from, to)| graph.point(from, to));
    graph
}

#[test]
fn line_has_floors_and_no_circle() {
    let line = graph(&[("a", "b"), ("b", "c"), ("a", "c")]);
    assert_eq!((line.arrows(), line.floors(), line.back()), (3, 3, 0));
    assert!(line.circles().is_empty());
}

#[test]
fn circles_are_found_whole_and_apart() {
    let two = graph(&[
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("c", "x"),
        ("x", "y"),
        ("y", "x"),
    ]);
    let circles: BTreeSet<_> = two.circles().into_iter().collect();
    let expected = [BTreeSet::from(["a", "b", "c"]), BTreeSet::from(["x", "y"])];
    assert_eq!(circles, expected.into());
    assert_eq!(
        (two.floors(), two.back()),
        (2, 2),
        "one arrow of each points back"
    );
}

#[test]
fn arrow_to_itself_is_none() {
    assert_eq!(graph(&[("a", "a")]).arrows(), 0);
}
