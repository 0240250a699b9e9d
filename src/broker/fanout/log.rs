//! A shard's log of one topic: entries some member may still need, with byte positions per class.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::broker::shrink::{KEPT, is_mostly_spare, kept};
use crate::broker::topics::entry::KEEPING_BYTES;
use crate::broker::topics::entry::{CLASSES, Class, Entry, Logged};
use crate::broker::topics::position::SubscriptionId;

/// Entries `first..head` of a topic. A cursor is the sequence of the next entry a subscriber gets.
#[derive(Debug)]
pub(crate) struct Log {
    first: u64,
    entries: VecDeque<Logged>,
    /// The offset of the first retained entry in each class's stream of bytes.
    base: [u64; CLASSES],
    /// Number of retained entries with an origin: a subscription that does not get the entry.
    with_origin: usize,
    bytes: usize,
    weight: usize,
}

impl Log {
    /// Returns an empty log whose first entry will be `first`.
    pub fn new(first: u64) -> Log {
        Log {
            first,
            entries: VecDeque::new(),
            base: [0; CLASSES],
            with_origin: 0,
            bytes: 0,
            weight: 0,
        }
    }

    /// Returns the sequence of the oldest entry that the log holds.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Returns the sequence that the next entry will have.
    pub fn head(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Returns the number of entries that the log holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the bytes of all frames in the log, all classes together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the memory that all entries take, in bytes.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Puts `entry` at the head. Returns its weight.
    pub fn append(&mut self, entry: Arc<Entry>) -> usize {
        let mut end = self.entries.back().map_or(self.base, |last| last.end);
        for class in Class::ALL {
            end[class.index()] += entry.frame(class).map_or(0, Bytes::len) as u64;
        }
        self.bytes += entry.bytes();
        self.with_origin += usize::from(entry.origin().is_some());
        let (origin, weight) = (entry.origin(), entry.weight());
        self.weight += weight;
        self.entries.push_back(Logged { entry, end, origin });
        weight
    }

    /// Returns the entry with this sequence. `None` if the log does not hold it.
    pub fn entry(&self, sequence: u64) -> Option<&Arc<Entry>> {
        let index = sequence.checked_sub(self.first)?;
        let logged = self.entries.get(usize::try_from(index).ok()?)?;
        Some(&logged.entry)
    }

    /// Returns the bytes from the first retained entry to the beginning of the entry `sequence`, in
    /// the stream of `class`.
    pub fn offset(&self, class: Class, sequence: u64) -> u64 {
        let base = self.base[class.index()];
        match usize::try_from(sequence.saturating_sub(self.first)) {
            Ok(0) | Err(_) => 0,
            Ok(index) => {
                let last = index.min(self.entries.len());
                let end = last.checked_sub(1).and_then(|i| self.entries.get(i));
                end.map_or(0, |logged| logged.end[class.index()] - base)
            }
        }
    }

    /// Returns the bytes from the beginning of the entry `sequence` to the head, in the stream of
    /// `class`.
    pub fn bytes_from(&self, class: Class, sequence: u64) -> u64 {
        let base = self.base[class.index()];
        let end = self
            .entries
            .back()
            .map_or(base, |last| last.end[class.index()]);
        end - base - self.offset(class, sequence)
    }

    /// Appends the frames `from..to` of `class` to `out`.
    pub fn gather(&self, class: Class, from: u64, to: u64, out: &mut Vec<u8>) {
        for sequence in from..to {
            if let Some(frame) = self.entry(sequence).and_then(|e| e.frame(class)) {
                out.extend_from_slice(frame);
            }
        }
    }

    /// Returns the number of the entries `from..to` that have a frame of `class`. Looks at each
    /// entry.
    pub fn frames_between(&self, class: Class, from: u64, to: u64) -> u64 {
        let has_frame = |sequence: &u64| self.entry(*sequence).and_then(|e| e.frame(class));
        (from..to).filter(|s| has_frame(s).is_some()).count() as u64
    }

    /// Returns the bytes of the frames `from..to`, all classes together.
    pub fn bytes_between(&self, from: u64, to: u64) -> usize {
        let span = |class| self.offset(class, to) - self.offset(class, from);
        Class::ALL.into_iter().map(span).sum::<u64>() as usize
    }

    /// Returns roughly the weight of the entries `from..to`, without the payloads kept for
    /// channels.
    pub fn weight_between(&self, from: u64, to: u64) -> usize {
        let entries = to.saturating_sub(from) as usize;
        self.bytes_between(from, to) + entries * KEEPING_BYTES
    }

    /// True if the subscription `id` is the origin of some entry from `from` on, and so does not
    /// get it.
    pub fn leaves_out(&self, id: SubscriptionId, from: u64) -> bool {
        if self.with_origin == 0 {
            return false;
        }
        let index = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let span = self.entries.range(index.min(self.entries.len())..);
        span.into_iter().any(|logged| logged.origin == Some(id))
    }

    /// Empties a log without readers, whose next entry will be `first`. Returns the dropped weight.
    pub fn skip(&mut self, first: u64) -> usize {
        std::mem::replace(self, Log::new(first)).weight
    }

    /// Drops the entries before `first`. Returns their weight.
    pub fn trim(&mut self, first: u64) -> usize {
        let before = self.weight;
        while self.first < first {
            let Some(logged) = self.entries.pop_front() else {
                break;
            };
            self.base = logged.end;
            self.bytes -= logged.entry.bytes();
            self.weight -= logged.entry.weight();
            self.with_origin -= usize::from(logged.entry.origin().is_some());
            self.first += 1;
        }
        before - self.weight
    }

    /// True if the log has more room than an idle topic may keep.
    pub fn is_roomy(&self) -> bool {
        self.entries.capacity() > KEPT
    }

    /// Gives back the room that a burst has left.
    pub fn give_back(&mut self) {
        let len = self.entries.len();
        if is_mostly_spare(len, self.entries.capacity()) {
            self.entries.shrink_to(kept(len));
        }
    }
}

/// True if a member does not get `entry`: the member sent it (`broadcast_from`), or its channel
/// intercepts it.
pub(crate) fn is_left_out(entry: &Entry, id: SubscriptionId, intercept: &[&str]) -> bool {
    let event = entry.original().map(|original| &*original.event);
    entry.origin() == Some(id) || event.is_some_and(|event| intercept.contains(&event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::topics::entry::Draft;

    fn log(frames: &[&'static str]) -> Log {
        let mut log = Log::new(5);
        for frame in frames {
            let mut draft = Draft::default();
            draft.seal(Class::V2, Some(Bytes::from_static(frame.as_bytes())));
            log.append(Arc::new(draft.into_entry(None)));
        }
        log
    }

    #[test]
    fn offsets_are_those_of_the_concatenated_frames_before_and_after_a_trim() {
        let mut log = log(&["ab", "cde", "", "f"]);
        let offsets = |log: &Log| {
            (5..=9)
                .map(|s| log.offset(Class::V2, s))
                .collect::<Vec<_>>()
        };
        assert_eq!(offsets(&log), [0, 2, 5, 5, 6]);
        log.trim(6);
        assert_eq!(offsets(&log), [0, 0, 3, 3, 4]);
        assert_eq!((log.first(), log.head(), log.bytes()), (6, 9, 4));
    }

    #[test]
    fn class_without_a_form_of_an_entry_takes_no_bytes_for_it() {
        let log = log(&["ab", "cde"]);
        assert_eq!(log.offset(Class::V1, 7), 0);
        let mut out = Vec::new();
        log.gather(Class::V2, 6, 7, &mut out);
        assert_eq!(out, b"cde");
    }

    #[test]
    fn room_of_a_burst_is_given_back_once_it_is_over_and_not_before() {
        let mut log = log(&["ab"; 10_000]);
        let full = log.entries.capacity();
        log.trim(5 + 5_000);
        log.give_back();
        assert_eq!(log.entries.capacity(), full, "half of it is used");
        log.trim(log.head() - 100);
        log.give_back();
        assert!(log.entries.capacity() < 300 && log.is_roomy());
        log.trim(log.head());
        log.give_back();
        assert!(!log.is_roomy());
        assert_eq!((log.weight(), log.head()), (0, 10_005));
    }
}
