//! What a limit is made of: the numbers of one row, and how a row is written.

/// Which number of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Key {
    /// Its value.
    Max,
    /// How many at once after a pause, of a limit on so many in a second.
    Burst,
    /// How long those wait that are over it, in milliseconds.
    WaitMs,
    /// How long one may be over it, in milliseconds.
    OverMs,
}

impl Key {
    pub const COUNT: usize = <Key as strum::EnumCount>::COUNT;

    /// As the configuration has it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One number of a limit. Without the program nobody reads all of it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "program"), allow(dead_code))]
pub(crate) struct LimitNumber {
    pub key: Key,
    /// Such as "milliseconds"; empty where the name says it.
    pub unit: &'static str,
    pub least: u64,
    pub most: u64,
    pub default: u64,
    /// What it means, in sentences.
    pub text: &'static str,
}

impl LimitNumber {
    pub const fn up_to(mut self, most: u64) -> LimitNumber {
        self.most = most;
        self
    }
}

/// Most that a number without a bound of its own may be in the configuration: beyond what anybody
/// means, and it fits everywhere.
pub(crate) const MOST: u64 = u32::MAX as u64;

/// All that is said of one limit.
#[derive(Debug)]
pub(crate) struct Row {
    pub name: &'static str,
    /// By [`Key`].
    pub numbers: [Option<LimitNumber>; Key::COUNT],
    pub protects_memory: bool,
    pub outcome: &'static str,
    pub mount_setter: Option<&'static str>,
}

/// How many there may be, at least `least`.
pub(super) const fn counts(least: u64, default: u64) -> LimitNumber {
    number("", least, default)
}

/// In bytes.
pub(super) const fn bytes(least: u64, default: u64) -> LimitNumber {
    number("bytes", least, default)
}

/// In milliseconds.
pub(super) const fn milliseconds(least: u64, default: u64) -> LimitNumber {
    number("milliseconds", least, default)
}

const fn number(unit: &'static str, least: u64, default: u64) -> LimitNumber {
    LimitNumber {
        key: Key::Max,
        unit,
        least,
        most: MOST,
        default,
        text: "",
    }
}

impl LimitNumber {
    /// With more numbers beside it.
    pub const fn and(self, key: Key, number: LimitNumber, text: &'static str) -> Row {
        self.row().and(key, number, text)
    }

    pub const fn protects_memory(self) -> Row {
        self.row().protects_memory()
    }

    pub const fn of_mount(self, setter: &'static str) -> Row {
        self.row().of_mount(setter)
    }

    pub const fn reached(self, outcome: &'static str) -> Row {
        self.row().reached(outcome)
    }

    /// The row of which it is the value.
    const fn row(self) -> Row {
        let mut numbers = [None; Key::COUNT];
        numbers[Key::Max as usize] = Some(self);
        Row {
            name: "",
            numbers,
            protects_memory: false,
            outcome: "",
            mount_setter: None,
        }
    }
}

impl Row {
    /// With another number, which `text` explains.
    pub const fn and(mut self, key: Key, number: LimitNumber, text: &'static str) -> Row {
        self.numbers[key as usize] = Some(LimitNumber {
            key,
            text,
            ..number
        });
        self
    }

    /// It bounds memory that clients could fill.
    pub const fn protects_memory(mut self) -> Row {
        self.protects_memory = true;
        self
    }

    /// Each mount has a value of its own, which that method of `UserSocket` sets.
    pub const fn of_mount(mut self, setter: &'static str) -> Row {
        self.mount_setter = Some(setter);
        self
    }

    /// What a client sees when it is reached, in a sentence without a full stop.
    pub const fn reached(mut self, outcome: &'static str) -> Row {
        self.outcome = outcome;
        self
    }

    /// Its name, and what it bounds, in sentences.
    pub const fn named(mut self, name: &'static str, text: &'static str) -> Row {
        self.name = name;
        if let Some(max) = &mut self.numbers[Key::Max as usize] {
            max.text = text;
        }
        self
    }
}
