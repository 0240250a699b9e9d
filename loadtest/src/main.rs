//! The lobbyd-loadtest binary.

fn main() {}
