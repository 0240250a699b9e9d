//! The table of rooms, floors, arrows and circles, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::arrows::Arrow;
use super::crates::folder_of;
use super::floors::{floor, orders};
use super::graph::Graph;

/// `up` counts arrows against the order of `tree.rs`, if the folder has one. `back` counts arrows
/// against the best order that a simple search finds; it is 0 without circles.
const HEAD: &str =
    "folder                          files rooms floors arrows   up back  circles of rooms\n";

/// Returns a line for each folder with rooms, and each circle of files with its arrows.
pub fn report(arrows: &[Arrow<'_>], files: &BTreeSet<&str>) -> String {
    let mut text = String::from(HEAD);
    for folder in folders(files) {
        let rooms = rooms_of(&folder, arrows, files);
        let inside = files.iter().filter(|f| f.starts_with(&folder)).count();
        let circles = rooms.circles();
        let sizes: Vec<String> = circles.iter().map(|c| c.len().to_string()).collect();
        let _ = writeln!(
            text,
            "{folder:31} {inside:5} {:5} {:6} {:6} {:>4} {:4}  {}{}",
            rooms.nodes.len(),
            rooms.floors(),
            rooms.arrows(),
            up(&folder, &rooms),
            rooms.back(),
            circles.len(),
            match sizes.is_empty() {
                true => String::new(),
                false => format!(" of {}", sizes.join(" + ")),
            }
        );
    }
    let graph = of_files(arrows);
    let circles = graph.circles();
    let _ = writeln!(
        text,
        "\n{} files, {} arrows between two files, {} circles of files",
        files.len(),
        graph.arrows(),
        circles.len()
    );
    for circle in circles {
        text.push_str(&describe(&circle, arrows));
    }
    text
}

fn up(folder: &str, rooms: &Graph<'_>) -> String {
    let Some(order) = orders().find(|order| order.folder == folder) else {
        return String::from("-");
    };
    let below = |from: &str, to: &str| floor(order, from) > floor(order, to);
    let known = |room: &str| floor(order, room).is_some();
    let arrows = rooms
        .nodes
        .iter()
        .flat_map(|(from, to)| to.iter().map(move |to| (*from, *to)));
    let up = arrows.filter(|(from, to)| known(from) && known(to) && below(from, to));
    up.count().to_string()
}

/// Returns the text of a circle with every arrow within it.
pub fn describe(circle: &BTreeSet<&str>, arrows: &[Arrow<'_>]) -> String {
    let names: Vec<&str> = circle.iter().copied().collect();
    let mut text = format!("\ncircle of {} files: {}\n", circle.len(), names.join(" "));
    let within = |a: &&Arrow<'_>| circle.contains(a.from) && circle.contains(a.to);
    let mut pairs: BTreeMap<(&str, &str), (usize, Vec<&str>)> = BTreeMap::new();
    for arrow in arrows.iter().filter(within) {
        let pair = pairs
            .entry((arrow.from, arrow.to))
            .or_insert((arrow.line, Vec::new()));
        if !pair.1.contains(&arrow.path.as_str()) {
            pair.1.push(&arrow.path);
        }
    }
    for ((from, to), (line, paths)) in pairs {
        let _ = writeln!(text, "  {from}:{line} -> {to}  {}", paths.join(", "));
    }
    text
}

/// Returns the graph of files.
pub fn of_files<'a>(arrows: &[Arrow<'a>]) -> Graph<'a> {
    let mut graph = Graph::default();
    for arrow in arrows {
        graph.point(arrow.from, arrow.to);
    }
    graph
}

/// Returns the graph of a folder's rooms: a room is a file, or a folder with all its files.
fn rooms_of<'a>(folder: &str, arrows: &[Arrow<'a>], files: &BTreeSet<&'a str>) -> Graph<'a> {
    let mut graph = Graph::default();
    for room in files.iter().filter_map(|file| room(folder, file)) {
        graph.nodes.entry(room).or_default();
    }
    for arrow in arrows {
        if let (Some(from), Some(to)) = (room(folder, arrow.from), room(folder, arrow.to)) {
            graph.point(from, to);
        }
    }
    graph
}

/// Returns the room of `folder` that `file` belongs to: its name there without `.rs`.
pub fn room<'a>(folder: &str, file: &'a str) -> Option<&'a str> {
    let rest = file.strip_prefix(folder)?;
    let first = rest.split('/').next().unwrap_or(rest);
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

fn folders(files: &BTreeSet<&str>) -> BTreeSet<String> {
    files.iter().map(|file| folder_of(file)).collect()
}
