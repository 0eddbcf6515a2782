//! The network's API: one call in, one outcome out. The only module that uses reqwest.
//!
//! - [`request`] is what can be asked for, `fetch` how; [`client`] sends a call: it never retries, sleeps, follows a redirect or logs. `connect` makes its connections, `receive` reads bodies.
//! - [`transport_error`] says in plain words why there was no answer.
//! - [`reply`] is what comes back, [`body`] and [`json`] read it, whatever it is.
//! - [`classify`] turns status and body into an outcome, by one table.
//! - `link` decides whether a text is a link, [`links`] finds the links in a successful answer.
//! - `documented` reads the documented success without a tree; whatever else comes is for those above.
//! - [`batch`] joins the answer for many offers with their IDs.
//! - [`offers`] finds the offers on a page of the offer list.
//! - [`wait_hint`] reads how long the network wants to be left alone, [`retry_after`] each value that says so.
//!
//! One offer's failure is data here; nothing in this module stops the run.

pub mod batch;
pub mod body;
pub mod classify;
pub mod client;
mod connect;
mod decode;
pub mod documented;
mod fetch;
pub mod json;
mod link;
pub mod links;
pub mod offers;
mod proxy;
mod receive;
pub(crate) mod redact;
pub mod reply;
pub mod request;
pub mod retry_after;
mod route;
mod tls_failure;
pub mod transport_error;
mod tunnel;
mod unspell;
pub mod wait_hint;
mod way;

pub use body::Form;
pub use client::Client;
pub use connect::ClientError;
pub use reply::{Location, RawReply, Reply, ServerNotes, is_foreign_page};
pub use request::{Payload, Request};
pub use transport_error::{Fault, TransportError};
