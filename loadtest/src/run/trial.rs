//! One fleet against one server, measured.
//!
//! A trial lets the connections talk for the measured time, and waits for deliveries on their way.
//! Scenarios are made of the steps here and of those in `join`, `measure` and `restart_subject`.

use std::time::Duration;

use super::Run;
use super::error::CannotRun;
use super::prober::Prober;
use super::subject::Subject;
use crate::arguments::Traffic;
use crate::clock::{SECOND_NS, now_ns};
use crate::load::fleet::{Departure, Fleet, Pacer};
use crate::observe::watch::{Sample, Watch};
use crate::result::{Ended, Latency};

/// One fleet against one server.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The run that the trial belongs to.
    pub run: &'a mut Run,
    /// The connections of the trial.
    pub fleet: Fleet,
    pub(super) subject: Subject,
    /// The first stream of each lobby, and the number of its publishers.
    pub(super) lobbies: Vec<(u32, u32)>,
    pub(super) before: Sample,
    pub(super) joined: Option<Sample>,
    pub(super) begin: Option<Sample>,
    pub(super) end: Option<Sample>,
    pub(super) prober: Option<Prober>,
    /// The delays that the prober has recorded.
    pub(super) probed: Option<Latency>,
    /// The reason why the trial is to end early.
    cut: Option<Ended>,
}

impl<'a> Trial<'a> {
    /// Returns a trial against `subject`, without connections.
    ///
    /// # Errors
    /// If the system has no room for `connections`, or no event queue.
    pub fn new(
        run: &'a mut Run,
        subject: Subject,
        connections: u32,
    ) -> Result<Trial<'a>, CannotRun> {
        run.check_room(connections, subject.address)?;
        let settings = run.fleet_settings(subject.address, &subject.target);
        let mut fleet = Fleet::new(settings, Watch::new(subject.process()))?;
        let before = fleet.watch.sample();
        Ok(Trial {
            run,
            fleet,
            subject,
            lobbies: Vec::new(),
            before,
            joined: None,
            begin: None,
            end: None,
            prober: None,
            probed: None,
            cut: None,
        })
    }

    /// Checks that the system allows this process `connections` connections.
    ///
    /// # Errors
    /// The limit that is too low, and how to raise it.
    pub fn check_room(&self, connections: u32) -> Result<(), CannotRun> {
        self.run.check_room(connections, self.subject.address)
    }

    /// Returns the streams of all publishers.
    pub fn streams(&self) -> Vec<u32> {
        // One of each lobby in turn, so that a rate is spread over lobbies first.
        let most = self
            .lobbies
            .iter()
            .map(|(_, publishers)| *publishers)
            .max()
            .unwrap_or(0);
        let nth = |place| {
            self.lobbies
                .iter()
                .filter(move |(_, count)| place < *count)
                .map(move |(begin, _)| begin + place)
        };
        (0..most).flat_map(nth).collect()
    }

    /// Returns an error if a signal came before the measured time, which leaves no figures.
    pub(super) fn not_interrupted(&self) -> Result<(), CannotRun> {
        match self.cut {
            Some(Ended::Interrupted) => Err(CannotRun::Interrupted),
            _ => Ok(()),
        }
    }

    /// Runs turns until `done` or `until_ns`, or until the run is cut short.
    ///
    /// # Errors
    /// If the event queue fails.
    pub fn until(
        &mut self,
        until_ns: u64,
        mut done: impl FnMut(&mut Trial<'a>) -> bool,
    ) -> Result<(), CannotRun> {
        loop {
            if self.cut.is_some() || done(self) || now_ns() >= until_ns {
                return Ok(());
            }
            self.fleet.turn(until_ns)?;
            self.look_for_an_end();
            self.show_progress(until_ns);
        }
    }

    fn look_for_an_end(&mut self) {
        let all_lost =
            self.joined.is_some() && self.fleet.joined() == 0 && self.fleet.opening() == 0;
        if self.run.interrupt.asked() {
            self.cut = Some(Ended::Interrupted);
        } else if all_lost
            && !self.fleet.is_empty()
            && self.fleet.closing() == 0
            && self.fleet.returning().is_none()
        {
            self.cut = Some(Ended::ServerLost);
        }
    }

    fn show_progress(&mut self, until_ns: u64) {
        let fleet = &self.fleet;
        if fleet.opening() > 0 && self.begin.is_none() {
            let wanted = fleet.len() as u64;
            self.run.progress.show(fleet.joined(), wanted, || {
                format!("{} of {wanted} joined", fleet.joined())
            });
            return;
        }
        let now = now_ns();
        let (at, all) = match self.begin {
            Some(begin) if until_ns != u64::MAX => (
                now.saturating_sub(begin.at_ns),
                until_ns.saturating_sub(begin.at_ns),
            ),
            _ => (0, 0),
        };
        self.run
            .progress
            .show(at / 1_000_000, all / 1_000_000, || course(fleet));
    }

    /// Lets the publishers talk, at `rate` or with the window of `traffic`: first in the warm-up,
    /// then in the measured time. `each_turn` is called in every turn of both, and returns when to
    /// call it again at the latest.
    ///
    /// # Errors
    /// If the event queue fails, or a signal ends the run in the warm-up.
    pub fn talk(
        &mut self,
        traffic: &Traffic,
        rate: Option<f64>,
        mut each_turn: impl FnMut(&mut Trial<'a>, Phase) -> Option<u64>,
    ) -> Result<(), CannotRun> {
        let window = traffic.window.map_or(16, |window| window.0);
        let pacer = match rate {
            Some(rate) => Pacer::rate(now_ns(), rate, self.streams()),
            None => Pacer::window(
                window,
                &self.lobbies,
                fastrand::Rng::with_seed(self.run.seed),
            ),
        };
        self.fleet.set_pace(pacer);
        self.run.progress.phase("warming up");
        let warm_ns = now_ns() + nanoseconds(self.run.messages.warmup);
        self.turns_until(warm_ns, |trial| each_turn(trial, Phase::WarmUp))?;
        self.not_interrupted()?;
        let end_ns = self.begin_measuring();
        self.turns_until(end_ns, |trial| each_turn(trial, Phase::Measured))?;
        // A run that was cut short ends its pace at the cut.
        self.fleet.end_pace(end_ns.min(now_ns()));
        self.end_measuring();
        Ok(())
    }

    fn turns_until(
        &mut self,
        until_ns: u64,
        mut each: impl FnMut(&mut Trial<'a>) -> Option<u64>,
    ) -> Result<(), CannotRun> {
        let mut wake_ns = until_ns;
        while self.cut.is_none() && now_ns() < until_ns {
            self.fleet.turn(wake_ns)?;
            wake_ns = each(self).unwrap_or(until_ns).min(until_ns);
            self.look_for_an_end();
            self.show_progress(until_ns);
        }
        Ok(())
    }

    /// Begins the measured time, with the length of --duration. Returns when it ends.
    pub fn begin_measuring(&mut self) -> u64 {
        self.measure_for(nanoseconds(self.run.messages.duration))
    }

    /// Begins the measured time, which lasts until [`end_measuring`](Trial::end_measuring).
    pub fn begin_measuring_without_end(&mut self) {
        self.measure_for(LONGEST_NS);
    }

    fn measure_for(&mut self, length_ns: u64) -> u64 {
        self.run.progress.phase("measuring");
        let begin = self.fleet.watch.sample();
        self.fleet.watch.look(0);
        self.begin = Some(begin);
        let begin_ns = now_ns();
        self.fleet.meter.begin(begin_ns, length_ns);
        if let Some(prober) = &mut self.prober {
            prober.begin(begin_ns, length_ns);
        }
        begin_ns + length_ns
    }

    /// Ends the measured time.
    pub fn end_measuring(&mut self) {
        let now = now_ns();
        self.fleet.meter.end(now);
        self.fleet.end_interval(now);
        self.end = Some(self.fleet.watch.sample());
    }

    /// Waits for deliveries on their way, and for `also`, at most for the time of --settle.
    ///
    /// After a signal to end, the wait is one second. Messages younger than --settle are then
    /// neither expected nor missing.
    ///
    /// # Errors
    /// If the event queue fails.
    pub fn settle(&mut self, also: impl Fn(&Trial<'a>) -> bool) -> Result<(), CannotRun> {
        self.run.progress.phase("settling");
        let patience_ns = nanoseconds(self.run.messages.settle);
        let interrupted = self.cut == Some(Ended::Interrupted);
        let wait_ns = if interrupted {
            INTERRUPTED_WAIT_NS.min(patience_ns)
        } else {
            patience_ns
        };
        let until_ns = now_ns() + wait_ns;
        let cut = self.cut.take_if(|_| interrupted);
        while self.cut.is_none() && now_ns() < until_ns {
            if self.fleet.ledger.is_settled() && also(self) {
                break;
            }
            self.fleet.turn(until_ns)?;
            if !interrupted {
                self.look_for_an_end();
            }
            self.show_progress(until_ns);
        }
        self.cut = self.cut.or(cut);
        if self.cut == Some(Ended::Interrupted) {
            self.fleet
                .ledger
                .end_at(now_ns().saturating_sub(patience_ns));
        }
        Ok(())
    }

    /// Returns the reason why the trial was cut short, if it was.
    pub fn cut(&self) -> Option<Ended> {
        self.cut
    }

    /// Returns the last lines of the server, if it was started here and has ended.
    pub fn last_words(&mut self) -> Option<String> {
        self.subject
            .has_ended()
            .then(|| self.subject.output_tail())
            .filter(|text| !text.is_empty())
    }

    /// Ends the prober, if any, and keeps the delays that it has recorded.
    ///
    /// # Errors
    /// If the prober has died.
    pub fn end_probing(&mut self) -> Result<(), CannotRun> {
        if let Some(prober) = self.prober.take() {
            self.probed = prober.end()?;
        }
        Ok(())
    }

    /// Closes all connections with a Close frame. Waits up to 2 s for the answers, unless a signal
    /// ended the run.
    ///
    /// # Errors
    /// If the event queue fails.
    pub fn close(mut self) -> Result<(), CannotRun> {
        self.run.progress.phase("closing");
        for number in 0..self.fleet.len() as u32 {
            self.fleet.depart(number, Departure::Close);
        }
        let until_ns = now_ns() + 2 * SECOND_NS;
        let interrupted = self.cut == Some(Ended::Interrupted);
        self.cut = None;
        while !interrupted && self.fleet.closing() > 0 && now_ns() < until_ns {
            self.fleet.turn(until_ns)?;
        }
        self.run.progress.end();
        Ok(())
    }
}

/// A length that no run reaches.
const LONGEST_NS: u64 = 1 << 56;
/// Longest wait for deliveries on their way after a signal to end.
const INTERRUPTED_WAIT_NS: u64 = SECOND_NS;

/// The phase of a trial's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the measured time.
    WarmUp,
    /// In the measured time.
    Measured,
}

/// Returns a duration in nanoseconds, the unit of the clock.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos())
        .unwrap_or(u64::MAX / 4)
        .min(u64::MAX / 4)
}

/// Returns the text of the line of progress while messages flow.
fn course(fleet: &Fleet) -> String {
    let joined = fleet.joined();
    let Some(latest) = fleet.meter.latest() else {
        return format!("{joined} joined");
    };
    let per_second = |count: u64| count as f64 / latest.seconds.max(1e-9);
    let p99 = latest.p99_us.map_or(String::new(), |p99| {
        format!(" · p99 {:.1} ms", p99 as f64 / 1e3)
    });
    let server = latest.server_cores.map_or(String::new(), |cores| {
        format!(" · server {:.0} %", cores * 100.0)
    });
    format!(
        "{joined} joined · {:.0} msg/s · {:.0} deliveries/s{p99}{server} · load {:.0} %",
        per_second(latest.published),
        per_second(latest.deliveries),
        latest.load_cores * 100.0
    )
}
