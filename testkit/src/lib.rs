//! Code shared by the tests of lobbyd, so that a suite's own `fixture.rs` has its subject alone.
//!
//! | A test needs | module |
//! |---|---|
//! | a server on a free port | [`stage`] |
//! | a client that sends and shows bare frames | [`client`], [`mod@frame`] |
//! | the messages and expectations of a client in a room | [`member`] |
//! | an issuer of keys at a URL | [`idp`] |
//! | the binary as a process | [`process`] |
//! | this process measured, or a test in a process of its own | [`own_process`] |
//! | a shard of the broker without threads and sockets | [`shard`] |
//! | two shards compared with a model of what each connection must get | [`broker_model`] |
//! | to wait for a condition, or for a socket in spite of signals | [`deadline`] |

pub mod broker_model;
pub mod client;
pub mod deadline;
pub mod frame;
pub mod idp;
pub mod member;
pub mod own_process;
pub mod process;
pub mod shard;
pub mod stage;

pub use client::{
    Client, connect, connect_narrow, connect_to, open, request, upgrade, upgrade_request,
};
pub use deadline::{DEADLINE, eventually, uninterrupted};
pub use frame::{Frame, frame, raw_frame};
pub use idp::{Idp, http_answer};
pub use member::ROOM;
pub use process::{Ended, Process, terminal};
pub use stage::{at_any_pace, at_once, serve, serve_with, start, tutorial};
