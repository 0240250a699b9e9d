//! The circles and the floors of a graph, with nodes of any kind.

use std::collections::{BTreeMap, BTreeSet};

/// A graph: for each node, the nodes that it points to.
#[derive(Default)]
pub struct Graph<'a> {
    pub nodes: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Graph<'a> {
    /// Adds an arrow. An arrow from a node to itself is ignored.
    pub fn point(&mut self, from: &'a str, to: &'a str) {
        self.nodes.entry(to).or_default();
        let targets = self.nodes.entry(from).or_default();
        if from != to {
            targets.insert(to);
        }
    }

    /// Returns the number of pairs of nodes with an arrow.
    pub fn arrows(&self) -> usize {
        self.nodes.values().map(BTreeSet::len).sum()
    }

    /// Returns the sets of two and more nodes that reach each other.
    pub fn circles(&self) -> Vec<BTreeSet<&'a str>> {
        self.components()
            .into_iter()
            .filter(|c| c.len() > 1)
            .collect()
    }

    /// Returns the length of the longest way down, in nodes. A circle counts as one node.
    pub fn floors(&self) -> usize {
        let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
        for component in self.components() {
            let below = component.iter().flat_map(|node| &self.nodes[node]);
            let below = below.filter_map(|node| heights.get(node)).max();
            let height = below.map_or(1, |below| below + 1);
            heights.extend(component.iter().map(|node| (*node, height)));
        }
        heights.values().copied().max().unwrap_or(0)
    }

    /// Returns the number of arrows that point back in the best order of a simple search: 0 without
    /// a circle.
    pub fn back(&self) -> usize {
        self.circles()
            .iter()
            .map(|circle| self.back_within(circle))
            .sum()
    }

    /// Repeatedly takes out the node whose arrows out exceed its arrows in by most.
    fn back_within(&self, circle: &BTreeSet<&'a str>) -> usize {
        let mut left = circle.clone();
        let mut back = 0;
        while !left.is_empty() {
            let out = |node: &&str| self.nodes[node].intersection(&left).count();
            let into = |node: &&str| {
                left.iter()
                    .filter(|n| self.nodes[*n].contains(node))
                    .count()
            };
            let best = |node: &&&str| out(node) as isize - into(node) as isize;
            let sinkless = left.iter().find(|node| into(node) == 0);
            let first = *sinkless
                .or_else(|| left.iter().max_by_key(best))
                .expect("a node");
            back += into(&first);
            left.remove(first);
        }
        back
    }

    /// Returns the strongly connected components, targets before their sources (Tarjan).
    fn components(&self) -> Vec<BTreeSet<&'a str>> {
        let mut search = Search {
            graph: self,
            places: BTreeMap::new(),
            stack: Vec::new(),
            found: Vec::new(),
            done: BTreeSet::new(),
        };
        for node in self.nodes.keys() {
            if !search.places.contains_key(node) {
                search.visit(node);
            }
        }
        search.found
    }
}

struct Search<'a, 'g> {
    graph: &'g Graph<'a>,
    places: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<BTreeSet<&'a str>>,
    done: BTreeSet<&'a str>,
}

impl<'a> Search<'a, '_> {
    /// Returns the lowest place that `node` reaches.
    fn visit(&mut self, node: &'a str) -> usize {
        let place = self.places.len();
        self.places.insert(node, place);
        self.stack.push(node);
        let mut low = place;
        for next in &self.graph.nodes[node] {
            match self.places.get(next) {
                None => low = low.min(self.visit(next)),
                Some(other) if !self.done.contains(next) => low = low.min(*other),
                Some(_) => {}
            }
        }
        if low == place {
            let begin = self
                .stack
                .iter()
                .rposition(|n| *n == node)
                .expect("it was put there");
            let component: BTreeSet<&str> = self.stack.drain(begin..).collect();
            self.done.extend(&component);
            self.found.push(component);
        }
        low
    }
}
