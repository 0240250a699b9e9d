//! What may be set when lobbyd starts: arguments as typed, then settings as meant, and how it says that it cannot.

mod arguments;
mod exit;
mod settings;

pub use arguments::{Arguments, ListenAddress, LogLevel};
pub use exit::{CannotListen, Exit};
pub use settings::{Settings, Unresolvable};
