//! The event loop and what it works with: rows in, calls out, answers in, rows out.
//!
//! The only place where calls run side by side. Decisions are made elsewhere (`dispatch`, `pace`, `reorder`).

pub(crate) mod age;
mod commit_thread;
pub(crate) mod event_loop;
mod in_flight;
mod progress;
pub(crate) mod resume;
pub(crate) mod retry_failed;
pub(crate) mod rows;
pub(crate) mod session;
pub(crate) mod writer;
