//! The library behind the program `offerlinks`, which pulls the tracking links of Offerslook offers in bulk: offer IDs
//! in, one row per link out, in input order, never over the network's limit, and resumable at any instant.
//!
//! **This library is the program's own.** It promises no stable interface: its modules are private, or hidden and public
//! only for the tests, benchmarks and examples of this repository. To use offerlinks from another program, run the
//! binary; its files and exit codes are the interface that is kept stable.
//!
//! `docs/architecture.md` has the picture; this is the way of one offer through the modules, top to bottom:
//!
//! ```text
//! app          the command line to an exit code
//! cli          what may be typed; the only user of clap
//! config       typed + environment -> plain, checked jobs
//! settings     values only: rate, units, network, console
//! commands     one module for each verb: export, list, check, status, changes, history, sandbox
//! run          the event loop, the only concurrency
//! input        bytes -> rows
//! dispatch     which request leaves next, and what its answer means (told the time, never sleeps)
//! pace         when a call may leave
//! budget       who else uses the limit
//! reorder      answers back into input order
//! api          one call -> one outcome; the only user of reqwest
//! offer        offer ID, answer, error kinds, tally
//! history      what earlier runs have learned: SQLite
//! encode       outcome -> bytes, and the reader of earlier outputs
//! output       bytes -> a file that is whole at every instant, or a stream
//! report       terminal, log, JSON report, metrics
//! sandbox      the embedded network, for `--sandbox` and for tests
//! ```
//!
//! The type in the middle is [`offer::Outcome`]: rows, log, summary and exit code all derive from it.

#[doc(hidden)]
pub mod api;
mod app;
mod budget;
mod cell;
mod cli;
mod commands;
mod config;
mod core_dumps;
#[doc(hidden)]
pub mod dispatch;
#[doc(hidden)]
pub mod encode;
mod error;
mod exit;
mod history;
mod input;
#[doc(hidden)]
pub mod offer;
mod output;
#[doc(hidden)]
pub mod pace;
mod panic_guard;
#[doc(hidden)]
pub mod reorder;
mod report;
mod run;
#[doc(hidden)]
pub mod sandbox;
#[doc(hidden)]
pub mod settings;
mod signals;
mod text;

/// Runs the program: parses the command line, runs the command, and returns its exit code.
pub fn main() -> impl std::process::Termination {
    app::main()
}
