//! The topics of the model, and the text that stands for a Close.

pub const TOPICS: [&str; 3] = ["room:lobby", "room:a", "room:b"];

/// The text of the frame that ends a connection.
pub const CLOSE: &str = "close";
