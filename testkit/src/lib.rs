//! What the tests of lobbyd share, so that a suite's own `fixture.rs` has its subject alone.
//!
//! | A test needs | it is in |
//! |---|---|
//! | a server on a free port | [`stage`] |
//! | a client that sends and shows bare frames | [`client`], [`mod@frame`] |
//! | what a client in a room says and expects | [`member`] |
//! | the binary as a process | [`process`] |
//! | this very process measured, or a test in one of its own | [`own_process`] |
//! | a shard of the broker without threads and sockets | [`shard`] |
//! | two shards stepped beside a model of what each connection must get | [`broker_model`] |
//! | to wait for something | [`deadline`] |

pub mod broker_model;
pub mod client;
pub mod deadline;
pub mod frame;
pub mod member;
pub mod own_process;
pub mod process;
pub mod shard;
pub mod stage;

pub use client::{
    Client, connect, connect_narrow, connect_to, open, request, upgrade, upgrade_request,
};
pub use deadline::{DEADLINE, eventually};
pub use frame::{Frame, frame, raw_frame};
pub use member::ROOM;
pub use process::{Ended, Process};
pub use stage::{at_any_pace, serve, serve_with, start, tutorial};
