//! Lists of CPU cores as people write them, and binding this process to cores.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::str::FromStr;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A set of cores by number, at least one: "0", "0-2,5".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores(BTreeSet<usize>);

/// The error of a list of cores.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CoresError {
    /// The list is not made of numbers and ranges.
    #[error(
        "cores are numbers and ranges with commas between them, as in 0 or 0-2,5; {0:?} is not"
    )]
    Malformed(String),
    /// The list names a core beyond the largest number that the system supports.
    #[error("core {0} is beyond the {max} that can be bound to", max = CpuSet::MAX_CPU)]
    Beyond(usize),
}

impl Cores {
    /// Returns the cores that this thread may run on.
    ///
    /// # Errors
    ///
    /// When the system does not report the cores.
    pub fn allowed() -> io::Result<Cores> {
        Cores::allowed_to(None)
    }

    /// Returns the cores that a process may run on, or this thread if `pid` is `None`.
    pub(super) fn allowed_to(pid: Option<rustix::process::Pid>) -> io::Result<Cores> {
        let set = sched_getaffinity(pid)?;
        let numbers = 0..CpuSet::MAX_CPU;
        Ok(Cores(numbers.filter(|&core| set.is_set(core)).collect()))
    }

    /// Binds this thread, and the threads and processes that it starts from now on. Called at the
    /// start of `main`, that binds the whole process.
    ///
    /// # Errors
    ///
    /// When one of the cores does not exist or may not be used. The error names the cores, and the
    /// binding stays as it was.
    pub fn bind_self(&self) -> io::Result<()> {
        let before = sched_getaffinity(None)?;
        let mut wanted = CpuSet::new();
        self.0.iter().for_each(|&core| wanted.set(core));
        // The kernel ignores cores that it does not have, and fails only if it has none of the
        // cores.
        let bound = sched_setaffinity(None, &wanted).and_then(|()| sched_getaffinity(None));
        if bound == Ok(wanted) {
            return Ok(());
        }
        sched_setaffinity(None, &before)?;
        Err(self.unusable(bound.unwrap_or_default()))
    }

    fn unusable(&self, usable: CpuSet) -> io::Error {
        let lacking = self.0.iter().copied().filter(|&core| !usable.is_set(core));
        let lacking = Cores(lacking.collect());
        let online = match Cores::online() {
            Some(online) => format!("this machine has {online}"),
            None => "see nproc --all".to_owned(),
        };
        let text = format!("cores {lacking} cannot be used here; {online}");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    }

    /// Returns the cores that are online. `None` if the system does not report them.
    pub(super) fn online() -> Option<Cores> {
        let list = std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
        list.trim().parse().ok()
    }

    /// Returns all cores but the last, and the last one. `None` if there is only one core.
    pub fn split_last(&self) -> Option<(Cores, Cores)> {
        let mut others = self.0.clone();
        let last = others.pop_last()?;
        (!others.is_empty()).then(|| (Cores(others), Cores(BTreeSet::from([last]))))
    }

    /// Returns the number of cores.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Binds this thread to `cores` while `work` runs. Processes that `work` starts stay bound.
pub(super) fn bound_to<T>(cores: Option<&Cores>, work: impl FnOnce() -> T) -> io::Result<T> {
    let Some(cores) = cores else {
        return Ok(work());
    };
    let before = sched_getaffinity(None)?;
    cores.bind_self()?;
    let result = work();
    sched_setaffinity(None, &before)?;
    Ok(result)
}

impl FromStr for Cores {
    type Err = CoresError;

    fn from_str(list: &str) -> Result<Cores, CoresError> {
        let ranges = ranges(list).ok_or_else(|| CoresError::Malformed(list.to_owned()))?;
        // The end is checked before the range is spread out, because a user may type any length.
        let last = ranges.iter().map(|range| *range.end()).max();
        match last {
            None => Err(CoresError::Malformed(list.to_owned())),
            Some(last) if last >= CpuSet::MAX_CPU => Err(CoresError::Beyond(last)),
            Some(_) => Ok(Cores(ranges.into_iter().flatten().collect())),
        }
    }
}

/// Parses a list as the kernel writes it: "0-2,5". An empty list is valid and has no range.
pub(super) fn ranges(list: &str) -> Option<Vec<RangeInclusive<usize>>> {
    let parts = list.split(',').filter(|_| !list.is_empty());
    let ranges = parts.map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some(first..=last)
    });
    ranges.collect()
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().copied().peekable();
        let mut comma = "";
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if_eq(&(last + 1)) {
                last = next;
            }
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_read_in_any_order_and_written_in_its_shortest_form() {
        for (list, shortest) in [
            ("0", "0"),
            ("0-2,5", "0-2,5"),
            ("5, 1,0", "0-1,5"),
            ("1-1", "1"),
        ] {
            assert_eq!(list.parse::<Cores>().unwrap().to_string(), shortest);
        }
    }

    #[test]
    fn text_that_is_no_list_of_cores_is_quoted_in_the_error() {
        for list in ["", "a", "1-", "-1", "2-1", "0,,1", "0;1"] {
            let error = list.parse::<Cores>().unwrap_err();
            assert_eq!(error, CoresError::Malformed(list.to_owned()));
            assert!(error.to_string().contains("as in 0 or 0-2,5"));
        }
        let error = "0-99999999999".parse::<Cores>().unwrap_err();
        assert_eq!(error, CoresError::Beyond(99_999_999_999));
    }

    /// Runs on a separate thread, because the thread binds itself.
    #[test]
    fn bound_thread_is_bound_and_so_is_what_it_starts() {
        let test = std::thread::spawn(|| {
            let allowed = Cores::allowed().unwrap();
            let last = Cores(allowed.0.iter().copied().last().into_iter().collect());
            last.bind_self().unwrap();
            assert_eq!(Cores::allowed().unwrap(), last);
            let started = std::thread::spawn(|| Cores::allowed().unwrap());
            assert_eq!(started.join().unwrap(), last);
        });
        test.join().unwrap();
    }

    #[test]
    fn core_that_does_not_exist_is_named_and_the_binding_stays() {
        let test = std::thread::spawn(|| {
            let allowed = Cores::allowed().unwrap();
            for list in ["1000", "0,1000"] {
                let cores: Cores = list.parse().unwrap();
                let error = cores.bind_self().unwrap_err().to_string();
                assert!(error.contains("cores 1000 cannot be used here"), "{error}");
                assert_eq!(Cores::allowed().unwrap(), allowed);
            }
        });
        test.join().unwrap();
    }

    #[test]
    fn work_is_bound_while_it_runs() {
        let test = std::thread::spawn(|| {
            let allowed = Cores::allowed().unwrap();
            let first = Cores(allowed.0.iter().copied().take(1).collect());
            let during = bound_to(Some(&first), Cores::allowed).unwrap().unwrap();
            assert_eq!(during, first);
            assert_eq!(Cores::allowed().unwrap(), allowed);
        });
        test.join().unwrap();
    }
}
