//! The event loop and what it works with: rows in, calls out, answers in, rows out.
//!
//! The only place where calls run side by side. Decisions are made elsewhere (`dispatch`, `pace`, `reorder`).

mod commit_thread;
mod commits;
pub(crate) mod event_loop;
pub(crate) mod goal;
mod in_flight;
mod packer;
mod progress;
pub(crate) mod requests;
pub(crate) mod resume;
pub(crate) mod retry_failed;
mod row_encoder;
pub(crate) mod rows;
mod run_tally;
pub(crate) mod session;
pub(crate) mod writer;
