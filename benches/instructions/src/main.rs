//! The program that checks or records the instruction counts of the per-message path.
//!
//! `lobbyd-instructions check` compares the counts with the recorded figures. `lobbyd-instructions
//! record` records the present counts.

#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use lobbyd_instructions::conditions::{Conditions, dispatch};
use lobbyd_instructions::counts::count;
use lobbyd_instructions::figures::{Figures, GROWTH_MAX_PERCENT, Verdict, compare};

const USAGE: &str = "usage: cargo run -p lobbyd-instructions -- check | record

check   counts, and fails if something takes over 5 % more instructions than recorded;
        skips, and says why, where the conditions are not those of the record
record  counts, and writes benches/instructions/figures.json

exit code: 0 held, skipped or recorded; 1 something grew; 2 wrong use; 3 could not count";

/// The argument with which this program runs itself under valgrind, to read the processor's
/// features.
const DISPATCH: &str = "dispatch";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["check"] => check(),
        ["record"] => record(),
        [DISPATCH] => {
            println!("{}", dispatch());
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(3)
    })
}

fn check() -> Result<ExitCode, Box<dyn Error>> {
    let recorded = Figures::load()?;
    let differences = Conditions::here(DISPATCH).differences(&recorded.conditions);
    if !differences.is_empty() {
        println!("SKIPPED: counts from here are not comparable with the recorded figures.");
        differences.iter().for_each(|line| println!("  {line}"));
        return Ok(ExitCode::SUCCESS);
    }
    let changes = compare(&recorded.instructions, &count()?);
    println!("instructions: recorded -> now");
    changes.iter().for_each(|change| println!("  {change}"));
    let fails = |verdict| matches!(verdict, Verdict::Grown | Verdict::Unmatched);
    if !changes.iter().any(|change| fails(change.verdict())) {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "error: more than {GROWTH_MAX_PERCENT} % above the figure, or without one. If that is meant, say why in the commit \
         and record it: cargo run -p lobbyd-instructions -- record"
    );
    Ok(ExitCode::from(1))
}

fn record() -> Result<ExitCode, Box<dyn Error>> {
    let before = Figures::load().ok();
    let conditions = Conditions::here(DISPATCH);
    let instructions = count()?;
    let then = before
        .map(|figures| figures.instructions)
        .unwrap_or_default();
    println!("instructions: recorded before -> now");
    for change in compare(&then, &instructions) {
        println!("  {change}");
    }
    let figures = Figures {
        conditions,
        instructions,
    };
    figures.save()?;
    println!("recorded in {}", Figures::path().display());
    Ok(ExitCode::SUCCESS)
}
