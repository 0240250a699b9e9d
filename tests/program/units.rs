//! The files of `deploy/` and the Dockerfile start lobbyd with arguments that it knows.

use std::fs;
use std::path::Path;

use clap::Parser;
use lobbyd::config::Arguments;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn understood<'w>(words: impl Iterator<Item = &'w str>) -> Arguments {
    let words: Vec<&str> = words.collect();
    Arguments::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

#[test]
fn service_has_a_file_that_sighup_reads_again() {
    let unit = read("deploy/systemd/lobbyd.service");
    let value = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_else(|| panic!("no {key}"))
    };
    assert_eq!(value("ExecReload="), "kill -HUP $MAINPID");
    let flags = understood(value("ExecStart=").split(' ')).flags;
    let file = flags.config.expect("a file").display().to_string();
    assert!(read("docs/operations.md").contains(&file), "{file}");
}

#[test]
fn container_listens_to_all_and_its_examples_are_understood() {
    let dockerfile = read("Dockerfile");
    let command = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("CMD "));
    let command: Vec<String> = serde_json::from_str(command.unwrap()).unwrap();
    let words = ["lobbyd"]
        .into_iter()
        .chain(command.iter().map(String::as_str));
    let listen = understood(words).flags.listen.expect("an address");
    assert_eq!(listen.to_string(), "0.0.0.0:4000");
    let runs = dockerfile
        .lines()
        .filter(|line| line.contains("docker run "));
    let arguments: Vec<&str> = runs
        .filter_map(|line| line.split_once(" lobbyd"))
        .map(|(_, a)| a)
        .collect();
    assert_eq!(arguments.len(), 2, "{arguments:?}");
    for arguments in arguments {
        understood(["lobbyd"].into_iter().chain(arguments.split_whitespace()));
    }
}

#[test]
fn socket_for_operators_has_the_name_by_which_lobbyd_knows_it() {
    let unit = read("deploy/systemd/lobbyd-admin.socket");
    for line in ["FileDescriptorName=admin", "Service=lobbyd.service"] {
        assert!(unit.lines().any(|l| l == line), "{line}");
    }
}
