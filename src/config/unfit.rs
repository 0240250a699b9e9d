//! Why a value does not fit its setting.

/// Why a value cannot be used.
#[derive(Debug)]
pub enum Unfit {
    /// It is not of the form at all.
    Form,
    /// It is, and yet there is something wrong with it.
    Because(String),
    /// It is a list, and each of these is wrong with some entry of it.
    Each(Vec<String>),
}
