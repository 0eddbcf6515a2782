//! The network's API: one call in, one outcome out.
//!
//! - [`client`] sends a call; the only user of reqwest. It never retries, sleeps, follows a redirect or logs.
//! - [`fault`] says in plain words why there was no answer.
//! - [`body`] and [`json`] read what came, whatever it is.
//! - [`classify`] turns status and body into an outcome, by one table.
//! - [`links`] finds the links in a successful answer.
//! - [`retry_after`] reads how long the network wants to be left alone.
//!
//! One offer's failure is data here; nothing in this module stops the run.

pub mod body;
pub mod classify;
pub mod client;
pub mod fault;
pub mod json;
pub mod links;
pub mod retry_after;

pub use body::Form;
pub use client::{Client, ClientError, RawReply, Reply, ServerNotes};
pub use fault::{Failure, Fault};
