//! The process that the prober runs in.
//!
//! A run starts this process, and ends it by closing its input.

use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use crate::arguments::{Messages, ProbeArgs};
use crate::clock::{MILLISECOND_NS, now_ns};
use crate::load::wire::tag::Marker;
use crate::run::interrupt::Interrupt;
use crate::run::prober::CONNECTIONS;
use crate::run::subject::Subject;
use crate::run::trial::Trial;
use crate::run::{CannotRun, Clients, Run, Starts};

/// The priority of this process over the load generator. Only root can set it; otherwise both have
/// the same priority.
const NICENESS: i32 = -10;
/// Time between two looks for orders.
const LOOK_EVERY_NS: u64 = 5 * MILLISECOND_NS;

pub(super) fn run(asked: ProbeArgs, interrupt: Interrupt) -> Result<String, CannotRun> {
    let ProbeArgs {
        marker,
        first_row,
        common,
    } = asked;
    let marker = marker.as_bytes().first_chunk().copied().map(Marker);
    let marker = marker.ok_or_else(|| CannotRun::Usage("--marker is too short".to_owned()))?;
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let clients = Clients::read_from(&common, first_row, (CONNECTIONS, 1), 0)?;
    let mut run = Run::new(
        common,
        Messages::default(),
        clients,
        Starts::Nothing,
        interrupt,
    )?;
    let subject = Subject::server(&mut run, CONNECTIONS)?;
    let mut trial = Trial::new(&mut run, subject, CONNECTIONS)?;
    trial.fleet.probe(marker);
    trial.open_lobbies(0, 0..0);
    let enlisted = trial.enlist(0..CONNECTIONS, CONNECTIONS, true);
    trial.gather(&enlisted)?;
    let _ = writeln!(std::io::stdout(), "ready");
    let orders = orders();
    loop {
        match orders.try_recv() {
            Ok((begin_ns, length_ns)) => trial.fleet.meter.begin(begin_ns, length_ns),
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {}
        }
        let until_ns = now_ns() + LOOK_EVERY_NS;
        trial.until(until_ns, |_| false)?;
        if trial.cut().is_some() {
            break;
        }
    }
    let measured = trial.fleet.meter.finish();
    trial.close()?;
    let latency = serde_json::to_string(&measured.delivery).map_err(std::io::Error::from)?;
    Ok(format!("{latency}\n"))
}

/// Returns the orders in lines of the input, until the input ends. A thread of its own reads them.
fn orders() -> Receiver<(u64, u64)> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let mut numbers = line.split(' ').filter_map(|number| number.parse().ok());
            if let (Some(begin_ns), Some(length_ns)) = (numbers.next(), numbers.next()) {
                let _ = sender.send((begin_ns, length_ns));
            }
        }
    });
    receiver
}
