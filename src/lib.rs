//! Pulls the tracking links of Offerslook offers in bulk: offer IDs in, one row per link out, in input order, never
//! over the network's limit, and resumable at any instant.
//!
//! ```text
//! main -> cli -> job   what was typed becomes plain, checked values
//! input        bytes -> rows
//! schedule     which call leaves when, and what its answer means (told the time, never sleeps)
//! budget       who else uses the limit
//! api          one call -> one outcome
//! flatten      outcome -> output rows
//! output       rows -> a file that is whole at every instant, or a stream
//! report       everything a person or a log sees
//! export       the loop that joins them
//! list         pages of the offer list, in and out
//! check        one call, and what it says about the way to the network
//! sandbox      the embedded network, for tests and `--sandbox`; `rehearse` serves it by hand
//! ```
//!
//! The type in the middle is [`offer::Outcome`]: rows, log, summary and exit code all derive from it.

pub mod api;
pub mod append;
pub mod asked;
pub mod budget;
pub mod check;
pub mod cli;
pub mod columns;
pub mod core_dumps;
pub mod exit;
pub mod export;
pub mod failure;
pub mod flatten;
pub mod guarded;
pub mod input;
pub mod job;
pub mod list;
pub mod offer;
pub mod output;
pub mod rehearse;
pub mod report;
pub mod sandbox;
pub mod schedule;
pub mod session;
pub mod settings;
pub mod signals;
pub mod status;
pub mod summary;
pub mod text;
pub mod typed;
