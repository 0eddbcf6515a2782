//! The embedded Offerslook network on loopback: to try the program, to rehearse, and for the tests.
//!
//! Same paths, authentication, order of gates and limit as the real one; deterministic offers; faults on request.
//! It is only a server: it must not know how the client, the dispatcher or the output work.
//!
//! - `batch`: the call for many offers, with a switch for all that is not documented
//! - `offers`, `list`: what is on offer, as pure functions
//! - `limit`, `others`: the call limit as a pure state machine, and who else uses it
//! - `gate`: the checks before an answer, in the documented order
//! - `reply`: what goes back, good or broken
//! - `wire`: connections that can be reset
//! - `server`: joins them, one call at a time

pub mod batch;
mod call_log;
mod gate;
pub mod limit;
mod list;
pub mod offers;
mod options;
pub mod others;
mod random;
mod refusal;
mod reply;
mod running;
mod script;
mod server;
mod wire;

pub use call_log::{Call, Log};
pub use options::{API_KEY, Account, EMAIL, Options, Outage, OutageKind};
pub use refusal::{Refusal, RefusalForm, RetryAfter};
pub use reply::Reply;
pub use running::Sandbox;
pub use script::{Asked, Script};
