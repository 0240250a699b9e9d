//! A writer of log lines that never makes its caller wait: a bounded queue and a thread.
//!
//! Whoever reads stderr may be slow or have stopped. A shard that wrote there itself would stand
//! still with all its clients, and so would `/healthz` and the signals.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Most bytes of lines that wait. As many may be in the thread's hands, being written.
const WAITING_BYTES_MAX: usize = 512 << 10;

/// Room that is kept for the next lines. More is given back, because it was needed in a burst.
const KEPT_BYTES: usize = 64 << 10;

/// How long the end of a process waits for lines that are not written yet.
const FINISH_TIME: Duration = Duration::from_secs(1);

/// How long to wait before another try if the other side has made the descriptor non-blocking.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// Lines of this process that were dropped.
static LINES_DROPPED: AtomicU64 = AtomicU64::new(0);

static STDERR: LineQueue = LineQueue::new();
static STDOUT: LineQueue = LineQueue::new();

/// A writer to stderr or stdout that never waits. A thread writes what is handed over; lines for
/// which there is no room are dropped and counted. Each call of `write` is taken as one line, or as
/// some whole lines.
///
/// An app that logs to stderr should log by this writer too, as in
/// `tracing_subscriber::fmt().with_writer(LogWriter::stderr)`, and hold a [`LogEnd`] in its `main`.
#[derive(Clone, Copy, Debug)]
pub struct LogWriter(&'static LineQueue);

/// The end of the log. When this value is dropped, also by a panic, it waits until all lines are
/// written, but at most a second. To be made first in `main`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LogEnd;

impl LogWriter {
    /// Returns the writer to stderr. The first call starts its thread.
    pub fn stderr() -> LogWriter {
        STDERR.start("log", || {
            io::stderr().as_fd().try_clone_to_owned().map(File::from)
        });
        LogWriter(&STDERR)
    }

    /// Returns the writer to stdout. The first call starts its thread.
    pub fn stdout() -> LogWriter {
        STDOUT.start("stdout", || {
            io::stdout().as_fd().try_clone_to_owned().map(File::from)
        });
        LogWriter(&STDOUT)
    }

    /// Hands over a line, without its end.
    pub fn line(self, line: impl fmt::Display) {
        self.0.push(format!("{line}\n").as_bytes(), false);
    }
}

impl Write for LogWriter {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.push(lines, false);
        Ok(lines.len())
    }

    /// Returns at once. [`LogEnd`] waits for the lines.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogEnd {
    fn drop(&mut self) {
        let until = Instant::now() + FINISH_TIME;
        STDERR.finish(until);
        STDOUT.finish(until);
    }
}

/// Writes the last line of a process that is about to abort, behind all lines before it. Waits at
/// most a second for them.
pub(crate) fn last_words(line: &str) {
    let LogWriter(queue) = LogWriter::stderr();
    queue.push(format!("{line}\n").as_bytes(), true);
    drop(LogEnd);
}

/// Returns the number of log lines that this process has dropped.
pub(crate) fn lines_dropped() -> u64 {
    LINES_DROPPED.load(Ordering::Relaxed)
}

/// The lines for one sink.
#[derive(Debug)]
struct LineQueue {
    state: Mutex<State>,
    start: Once,
    /// Wakes the thread that writes.
    work: Condvar,
    /// Wakes those that wait for the end of the work.
    done: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    /// Lines that were dropped, as the log does not say yet.
    untold: u64,
    thread: Option<ThreadId>,
    is_asleep: bool,
    is_writing: bool,
}

impl LineQueue {
    const fn new() -> LineQueue {
        LineQueue {
            state: Mutex::new(State {
                waiting: Vec::new(),
                untold: 0,
                thread: None,
                is_asleep: false,
                is_writing: false,
            }),
            start: Once::new(),
            work: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// Starts the thread, once. It has a descriptor of its own, so it holds no lock of std's stderr
    /// or stdout while it waits. Without a thread or a descriptor all lines are dropped and
    /// counted.
    fn start<S: Write + Send + 'static>(
        &'static self,
        name: &str,
        sink: impl FnOnce() -> io::Result<S>,
    ) {
        self.start.call_once(|| {
            let Ok(mut sink) = sink() else { return };
            let thread = thread::Builder::new().name(name.to_owned());
            if let Ok(thread) = thread.spawn(move || self.run(&mut sink)) {
                self.lock().thread = Some(thread.thread().id());
            }
        });
    }

    /// Takes lines over, or drops them if there is no room. Returns at once. Lines that `has_to` go
    /// out need no room, and neither do the thread's own.
    fn push(&self, lines: &[u8], has_to: bool) {
        let mut state = self.lock();
        let Some(writer) = state.thread else {
            LINES_DROPPED.fetch_add(count(lines), Ordering::Relaxed);
            return;
        };
        let fits = state.waiting.len() + lines.len() <= WAITING_BYTES_MAX;
        if !fits && !has_to && thread::current().id() != writer {
            state.untold += count(lines);
            LINES_DROPPED.fetch_add(count(lines), Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(lines);
        let is_asleep = std::mem::replace(&mut state.is_asleep, false);
        drop(state);
        if is_asleep {
            self.work.notify_one();
        }
    }

    /// Writes all that comes, for ever.
    fn run(&self, sink: &mut impl Write) {
        let mut lines = Vec::new();
        loop {
            let untold = self.take(&mut lines);
            let lost = write(sink, &lines);
            LINES_DROPPED.fetch_add(lost, Ordering::Relaxed);
            // A sink that fails gets no word of it, or each such word would cause the next one.
            if untold > 0 && lost == 0 {
                tracing::warn!(
                    dropped = untold,
                    "lines of the log were dropped here: whoever reads it was too slow"
                );
            }
            lines.clear();
            lines.shrink_to(KEPT_BYTES);
        }
    }

    /// Waits for lines and takes them into `lines`, which is empty. Returns how many were dropped
    /// behind them.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.lock();
        state.is_writing = false;
        while state.waiting.is_empty() {
            self.done.notify_all();
            state.is_asleep = true;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.is_asleep = false;
        state.is_writing = true;
        std::mem::swap(&mut state.waiting, lines);
        std::mem::take(&mut state.untold)
    }

    /// Waits until all lines are written, but not after `until`.
    fn finish(&self, until: Instant) {
        let mut state = self.lock();
        while state.is_writing || !state.waiting.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.done.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes `lines` to their end. Returns the number of lines that were lost by an error of the sink.
fn write(sink: &mut impl Write, mut lines: &[u8]) -> u64 {
    while !lines.is_empty() {
        match sink.write(lines) {
            Ok(0) => return count(lines),
            Ok(written) => lines = &lines[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY_PAUSE),
            Err(_) => return count(lines),
        }
    }
    0
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A sink whose reader takes a write for each word of `go`, and which shows all writes.
    struct Stalled {
        go: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(io::Error::other)?;
            self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalled() -> (&'static LineQueue, Sender<()>, Receiver<Vec<u8>>) {
        let ((begin, go), (taken, shown)) = (channel(), channel());
        let queue: &'static LineQueue = Box::leak(Box::new(LineQueue::new()));
        queue.start("stalled", || Ok(Stalled { go, taken }));
        (queue, begin, shown)
    }

    fn eventually(condition: impl Fn() -> bool) {
        let until = Instant::now() + Duration::from_secs(60);
        while !condition() {
            assert!(Instant::now() < until);
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn lines_for_a_reader_that_stopped_are_bounded_dropped_and_counted() {
        let (queue, go, taken) = stalled();
        queue.push(b"first\n", false);
        eventually(|| queue.lock().is_writing);
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let before = lines_dropped();
        for _ in 0..2 * WAITING_BYTES_MAX / line.len() {
            queue.push(&line, false);
        }
        let fit = WAITING_BYTES_MAX / line.len();
        assert_eq!(queue.lock().untold, fit as u64);
        assert!(lines_dropped() - before >= fit as u64);
        queue.push(b"last words\n", true);
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!(taken.recv().unwrap(), b"first\n");
        let rest = taken.recv().unwrap();
        assert_eq!(rest.len(), WAITING_BYTES_MAX + b"last words\n".len());
        assert!(rest.ends_with(b"x\nlast words\n"));
    }

    #[test]
    fn end_waits_for_lines_that_are_read_and_not_for_others() {
        let (queue, go, taken) = stalled();
        queue.push(b"line\n", false);
        let begun = Instant::now();
        queue.finish(begun + Duration::from_millis(50));
        assert!(begun.elapsed() >= Duration::from_millis(50));
        go.send(()).unwrap();
        queue.finish(begun + Duration::from_secs(600));
        assert_eq!(taken.try_recv().unwrap(), b"line\n");
        assert!(begun.elapsed() < Duration::from_secs(600));
    }

    #[test]
    fn lines_for_a_sink_that_fails_are_counted_and_not_told_again() {
        let (queue, go, taken) = stalled();
        drop(taken);
        let before = lines_dropped();
        go.send(()).unwrap();
        queue.push(b"one\ntwo\n", false);
        queue.finish(Instant::now() + Duration::from_secs(600));
        assert!(lines_dropped() - before >= 2);
        assert!(queue.lock().waiting.is_empty());
    }
}
