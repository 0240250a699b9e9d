//! The program that checks or records the counts of the per-message path.
//!
//! `lobbyd-instructions help` shows its commands.

#![forbid(unsafe_code)]

mod arguments;

use std::error::Error;
use std::process::ExitCode;

use lobbyd_instructions::base;
use lobbyd_instructions::bench;
use lobbyd_instructions::conditions::{Conditions, dispatch};
use lobbyd_instructions::counts::{Counts, Measured};
use lobbyd_instructions::figures::Figures;
use lobbyd_instructions::flamegraph::{self, PROFILES};
use lobbyd_instructions::ledger::{Overdrawn, Record, expected, overdrawn, projected};
use lobbyd_instructions::report::{Origin, Report, deliveries};

use arguments::{Call, DISPATCH, USAGE};

type Done = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(call) = Call::parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    run(call).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(3)
    })
}

fn run(call: Call) -> Done {
    match call {
        Call::Check { against } => check(against),
        Call::Record {
            because,
            new_baseline,
        } => record(because, new_baseline),
        Call::Count => {
            println!("{}", serde_json::to_string_pretty(&bench::count()?)?);
            Ok(ExitCode::SUCCESS)
        }
        Call::Dispatch => {
            println!("{}", dispatch());
            Ok(ExitCode::SUCCESS)
        }
        Call::Help => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(against: Option<String>) -> Done {
    let figures = Figures::load()?.ok_or("no figures are recorded: record --because TEXT")?;
    let differences = Conditions::here(DISPATCH).differences(&figures.conditions);
    let is_comparable = differences.is_empty();
    if !is_comparable {
        println!("The conditions are not those of the record:");
        differences.iter().for_each(|line| println!("  {line}"));
    }
    if is_comparable && against.is_none() {
        return check_record(&figures);
    }
    let is_record = against.is_none();
    let (revision, earlier) = match against {
        Some(revision) => (revision, None),
        None => base::before_record()?,
    };
    println!("Counting {revision} here too.");
    let now = bench::count()?;
    let mut then = base::count(&revision, &bench::below_target(PROFILES))?;
    if let Some(earlier) = earlier {
        then.instructions = expected(&figures.recorded(), &earlier.recorded(), &then.instructions);
    }
    let ledger = match (is_comparable, is_record) {
        (true, _) => now.instructions.clone(),
        (false, true) => projected(&figures.recorded(), &then.instructions, &now.instructions),
        (false, false) => {
            println!("Baselines are not checked: they hold under other conditions.");
            Counts::new()
        }
    };
    let over = overdrawn(&figures.instructions, &ledger);
    let report = report((Origin::Revision, &then), &now, &figures, &over);
    if report.grown().next().is_some() {
        draw(&report);
    }
    Ok(exit_code(&report))
}

/// Compares with the file of figures, whose conditions hold here.
fn check_record(figures: &Figures) -> Done {
    let now = bench::count()?;
    let then = Measured {
        instructions: figures.recorded(),
        allocations: figures.allocations.clone(),
    };
    let over = overdrawn(&figures.instructions, &now.instructions);
    let report = report((Origin::Record, &then), &now, figures, &over);
    if report.grown().next().is_some() {
        println!("Counting the recorded state, to draw what grew.");
        let counted = base::recorded_at()
            .and_then(|revision| base::count(&revision, &bench::below_target(PROFILES)));
        match counted {
            Ok(_) => draw(&report),
            Err(error) => println!("No flamegraph: {error}"),
        }
    }
    Ok(exit_code(&report))
}

fn report(
    then: (Origin, &Measured),
    now: &Measured,
    figures: &Figures,
    over: &[Overdrawn],
) -> Report {
    let report = Report::new(then, now, &figures.dropped, over);
    print!("{report}");
    report
}

/// Draws the works that grew, and prints where the drawings are.
fn draw(report: &Report) {
    match flamegraph::draw(report.grown()) {
        Ok(drawn) => drawn.iter().for_each(|(name, path)| {
            println!("flamegraph of {name}: {}", path.display());
        }),
        Err(error) => println!("No flamegraph: {error}"),
    }
}

fn exit_code(report: &Report) -> ExitCode {
    if report.failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    report
        .failures
        .iter()
        .for_each(|why| eprintln!("error: {why}"));
    eprintln!(
        "If that is meant: cargo run -p lobbyd-instructions -- record --because TEXT, and --new-baseline PART for what is \
         above its baseline."
    );
    ExitCode::from(1)
}

fn record(because: String, new_baseline: Option<String>) -> Done {
    let before = Figures::load()?;
    let conditions = Conditions::here(DISPATCH);
    let now = bench::count()?;
    let base = base_of_record(before.as_ref(), &conditions)?;
    let record = Record {
        conditions,
        now: now.clone(),
        base,
        because,
        new_baseline,
    };
    let then = Measured {
        instructions: record.base.clone(),
        allocations: before
            .as_ref()
            .map_or_else(Counts::new, |it| it.allocations.clone()),
    };
    match record.onto(before.as_ref()) {
        Ok(figures) => {
            let report = report((Origin::Revision, &then), &now, &figures, &[]);
            // No reason makes up for an allocation of each delivery.
            if deliveries(&now.allocations).next().is_some() {
                println!("Nothing was recorded.");
                return Ok(exit_code(&report));
            }
            figures.save()?;
            println!("recorded in {}", Figures::path().display());
            Ok(ExitCode::SUCCESS)
        }
        Err(over) => {
            let figures = before.ok_or("a first record is above no baseline")?;
            let report = report((Origin::Record, &then), &now, &figures, &over);
            println!("Nothing was recorded.");
            Ok(exit_code(&report))
        }
    }
}

/// Returns the counts of the recorded source under `conditions`.
fn base_of_record(
    before: Option<&Figures>,
    conditions: &Conditions,
) -> Result<Counts, Box<dyn Error>> {
    let Some(before) = before else {
        return Ok(Counts::new());
    };
    if conditions.differences(&before.conditions).is_empty() {
        return Ok(before.recorded());
    }
    println!("Counting the recorded state here too, to convert its baselines.");
    let counted = base::count(&base::recorded_at()?, &bench::below_target(PROFILES))?;
    Ok(counted.instructions)
}
