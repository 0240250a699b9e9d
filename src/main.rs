//! The lobbyd binary.
fn main() {}
