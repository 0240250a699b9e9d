//! The row of a limit: the type, its numbers, and the functions to write a row with.

use crate::broker::{Failure, FanoutSettings, HighWater};
use crate::channel::UserSocket;
use crate::websocket::Overrun;

/// The kinds of numbers that a limit may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Key {
    /// The value of the limit.
    Max,
    /// The count that a limit on a rate allows at once after a pause.
    Burst,
    /// The longest time that a client over the limit waits, in milliseconds.
    WaitMs,
    /// How long a client may be over the limit, in milliseconds.
    OverMs,
}

impl Key {
    pub const COUNT: usize = <Key as strum::EnumCount>::COUNT;

    /// The key's name in the configuration.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One number of a limit. Without the feature `program` some fields are not read.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "program"), allow(dead_code))]
pub(crate) struct LimitNumber {
    pub key: Key,
    /// The unit, such as "milliseconds"; empty where the limit's name says it.
    pub unit: &'static str,
    pub least: u64,
    /// The reason why less is refused; empty where it is plain.
    pub because: &'static str,
    pub most: u64,
    pub default: u64,
    /// The meaning of the number, in sentences.
    pub text: &'static str,
}

impl LimitNumber {
    /// Sets the reason why less is refused.
    pub const fn because(mut self, because: &'static str) -> LimitNumber {
        self.because = because;
        self
    }

    pub const fn up_to(mut self, most: u64) -> LimitNumber {
        self.most = most;
        self
    }
}

/// Highest value in the configuration of a number without a bound of its own: more than anybody
/// needs, and it fits every type here.
pub(crate) const MOST: u64 = u32::MAX as u64;

/// The name, numbers and outcome of one limit.
#[derive(Debug)]
pub(crate) struct Row {
    pub name: &'static str,
    /// The numbers, indexed by [`Key`].
    pub numbers: [Option<LimitNumber>; Key::COUNT],
    pub protects_memory: bool,
    pub outcome: &'static str,
    pub owner: Owner,
}

/// The part of the server that has a limit's value and enforces it.
#[derive(Debug)]
pub(crate) enum Owner {
    /// The server as a whole, with its [`ServerLimits`](super::values::ServerLimits).
    Server,
    /// Each mount, which may have a value of its own.
    Mount(MountLimit),
    /// Each room, which may have a value of its own in the named field.
    Room(&'static str),
    /// Each shard's fan-out, with its [`FanoutSettings`].
    Fanout(FanoutLimit),
}

/// A limit that each mount may set for itself.
#[derive(Debug)]
pub(crate) struct MountLimit {
    /// The name of the method of `UserSocket` that sets the value.
    pub setter: &'static str,
    /// Sets the value by that method.
    #[cfg_attr(not(feature = "program"), allow(dead_code))]
    pub set: fn(UserSocket, u64) -> UserSocket,
}

/// A limit that the fan-out enforces. It protects memory.
#[derive(Debug)]
pub(crate) struct FanoutLimit {
    /// Sets the bound above which the limit bites.
    pub set: fn(&mut FanoutSettings, u64),
    /// Returns the most that was in use.
    pub highest: fn(&HighWater) -> usize,
    /// True if the fan-out gave up a connection because of this limit.
    pub gives_up: fn(&Failure) -> bool,
    /// The name of the bound in the reason of the Close.
    pub overrun: Overrun,
}

/// Makes the number of a limit on counts.
pub(super) const fn counts(least: u64, default: u64) -> LimitNumber {
    number("", least, default)
}

/// Makes the number of a limit in bytes.
pub(super) const fn bytes(least: u64, default: u64) -> LimitNumber {
    number("bytes", least, default)
}

/// Makes the number of a limit in milliseconds.
pub(super) const fn milliseconds(least: u64, default: u64) -> LimitNumber {
    number("milliseconds", least, default)
}

const fn number(unit: &'static str, least: u64, default: u64) -> LimitNumber {
    LimitNumber {
        key: Key::Max,
        unit,
        least,
        because: "",
        most: MOST,
        default,
        text: "",
    }
}

impl LimitNumber {
    /// Makes the row that has this value and another number, which `text` explains.
    pub const fn and(self, key: Key, number: LimitNumber, text: &'static str) -> Row {
        self.row().and(key, number, text)
    }

    pub const fn protects_memory(self) -> Row {
        self.row().protects_memory()
    }

    pub const fn of_mount(
        self,
        setter: &'static str,
        set: fn(UserSocket, u64) -> UserSocket,
    ) -> Row {
        self.row().of_mount(setter, set)
    }

    pub const fn of_room(self, field: &'static str) -> Row {
        self.row().of_room(field)
    }

    pub const fn of_fanout(self, limit: FanoutLimit) -> Row {
        self.row().of_fanout(limit)
    }

    pub const fn reached(self, outcome: &'static str) -> Row {
        self.row().reached(outcome)
    }

    /// Makes the row that has this number as its value.
    const fn row(self) -> Row {
        let mut numbers = [None; Key::COUNT];
        numbers[Key::Max as usize] = Some(self);
        Row {
            name: "",
            numbers,
            protects_memory: false,
            outcome: "",
            owner: Owner::Server,
        }
    }
}

impl Row {
    /// Adds another number, which `text` explains.
    pub const fn and(mut self, key: Key, number: LimitNumber, text: &'static str) -> Row {
        self.numbers[key as usize] = Some(LimitNumber {
            key,
            text,
            ..number
        });
        self
    }

    /// Marks the limit as one that bounds memory that clients could fill.
    pub const fn protects_memory(mut self) -> Row {
        self.protects_memory = true;
        self
    }

    /// Gives each mount a value of its own, which the method `setter` of `UserSocket` sets. `set`
    /// calls that method.
    pub const fn of_mount(
        mut self,
        setter: &'static str,
        set: fn(UserSocket, u64) -> UserSocket,
    ) -> Row {
        self.owner = Owner::Mount(MountLimit { setter, set });
        self
    }

    /// Gives each room a value of its own, in the named field.
    pub const fn of_room(mut self, field: &'static str) -> Row {
        self.owner = Owner::Room(field);
        self
    }

    /// Marks the limit as one that the fan-out enforces. Such a limit protects memory.
    pub const fn of_fanout(mut self, limit: FanoutLimit) -> Row {
        self.owner = Owner::Fanout(limit);
        self.protects_memory()
    }

    /// Sets what a client sees when the limit is reached, in a sentence without a full stop.
    pub const fn reached(mut self, outcome: &'static str) -> Row {
        self.outcome = outcome;
        self
    }

    /// Sets the name of the limit, and the sentences that say what it bounds.
    pub const fn named(mut self, name: &'static str, text: &'static str) -> Row {
        self.name = name;
        if let Some(max) = &mut self.numbers[Key::Max as usize] {
            max.text = text;
        }
        self
    }
}
