//! The timer that wakes the event loop when work is due (timerfd), exact to the nanosecond.
//!
//! The event queue's own timeout has a resolution of milliseconds. At a thousand messages a second
//! that would add a delay of the load's own making to every message.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::clock::SECOND_NS;

/// The timer's token; a connection's token is its number.
pub(super) const TIMER: Token = Token(usize::MAX);

#[derive(Debug)]
pub(super) struct Timer {
    descriptor: OwnedFd,
    armed_ns: u64,
}

impl Timer {
    pub fn new(registry: &Registry, token: Token) -> io::Result<Timer> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let source = descriptor.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&source), token, Interest::READABLE)?;
        Ok(Timer {
            descriptor,
            armed_ns: 0,
        })
    }

    /// Wakes the loop at `at_ns`. Costs a system call only if the time differs from the last one.
    pub fn arm(&mut self, at_ns: u64) -> io::Result<()> {
        if at_ns == self.armed_ns {
            return Ok(());
        }
        self.armed_ns = at_ns;
        let at_ns = at_ns.max(1); // 0 would disarm the timer
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: (at_ns / SECOND_NS) as i64,
                tv_nsec: (at_ns % SECOND_NS) as _,
            },
        };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}
