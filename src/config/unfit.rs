//! The reasons why a value does not fit its setting.

/// The reason why a value cannot be used.
#[derive(Debug)]
pub enum Unfit {
    /// The value does not have the expected form.
    Form,
    /// The value has the expected form, but this text says what is wrong with it.
    Because(String),
    /// The value is a list, and these texts say what is wrong with its entries.
    Each(Vec<String>),
}
