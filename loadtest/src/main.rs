//! The lobbyd-loadtest binary: arguments, the scenario, the reports, the exit code.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lobbyd_loadtest::arguments::{Arguments, Command, Common};
use lobbyd_loadtest::report::{html, json, on_a_terminal, text};
use lobbyd_loadtest::result::{Ended, RunResult};
use lobbyd_loadtest::run::CannotRun;
use lobbyd_loadtest::run::interrupt::Interrupt;
use lobbyd_loadtest::scenario::{Outcome, perform};

/// The exit codes, which scripts read.
const HELD: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NO_CONNECTION: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let files = Files::of(&arguments.command);
    let outcome = files.check().and_then(|()| {
        let interrupt = Interrupt::listen()?;
        perform(arguments.command, interrupt)
    });
    let code = match outcome {
        Ok(Outcome::Text(text)) => {
            let _ = write!(io::stdout(), "{text}");
            HELD
        }
        Ok(Outcome::Run(result)) => {
            show(&result);
            let written = files.write(&result);
            let code = match result.ended {
                Ended::NotStarted => NO_CONNECTION,
                _ if result.held => HELD,
                _ => FAILED,
            };
            written.map_or_else(refuse, |()| code)
        }
        Err(error) => refuse(error),
    };
    ExitCode::from(code)
}

fn refuse(error: CannotRun) -> u8 {
    let _ = writeln!(
        io::stderr(),
        "lobbyd-loadtest: {}",
        text::plain(&error.to_string())
    );
    match error {
        CannotRun::Usage(_) => USAGE,
        CannotRun::Interrupted => FAILED,
        CannotRun::NoConnection(_) | CannotRun::System(_) => NO_CONNECTION,
    }
}

fn show(result: &RunResult) {
    if result.measurements.is_empty() {
        for problem in &result.problems {
            let _ = writeln!(
                io::stderr(),
                "lobbyd-loadtest: {}",
                text::plain(&problem.text)
            );
        }
        return;
    }
    let colour = on_a_terminal();
    let _ = write!(io::stdout(), "{}", text::render(result, None, colour));
}

/// The files that the result is written to, in addition to the terminal.
#[derive(Debug, Default)]
struct Files {
    json: Option<PathBuf>,
    report: Option<PathBuf>,
}

impl Files {
    fn of(command: &Command) -> Files {
        let common: &Common = match command {
            Command::Fanout(scenario) => &scenario.common,
            Command::Joins(scenario) => &scenario.common,
            Command::Idle(scenario) => &scenario.common,
            Command::Churn(scenario) => &scenario.common,
            Command::Slow(scenario) => &scenario.common,
            Command::Restart(scenario) => &scenario.common,
            Command::Ramp(scenario) => &scenario.common,
            Command::Floor(scenario) => &scenario.common,
            Command::Compare(_) | Command::Probe(_) => return Files::default(),
        };
        Files {
            json: common.json.clone(),
            report: common.report.clone(),
        }
    }

    /// Checks that the files can be written, so that a run of minutes does not end in an error.
    fn check(&self) -> Result<(), CannotRun> {
        for (flag, file) in [("--json", &self.json), ("--report", &self.report)] {
            let Some(file) = file else {
                continue;
            };
            let was_there = file.exists();
            let opened = fs::OpenOptions::new().append(true).create(true).open(file);
            opened
                .map_err(|error| CannotRun::Usage(format!("{flag} {}: {error}", file.display())))?;
            if !was_there {
                let _ = fs::remove_file(file); // the file was created by this check alone
            }
        }
        Ok(())
    }

    fn write(&self, result: &RunResult) -> Result<(), CannotRun> {
        if let Some(file) = &self.json {
            json::write(file, result).map_err(|error| CannotRun::Usage(error.to_string()))?;
        }
        if let Some(file) = &self.report {
            let failed = |error| CannotRun::Usage(format!("--report {}: {error}", file.display()));
            fs::write(file, html::render(result)).map_err(failed)?;
            let _ = writeln!(io::stdout(), "The page is {}", file.display());
        }
        Ok(())
    }
}
