//! One module for each verb of the command line: opens what it needs, runs, and says how it ended.
//!
//! Must not parse arguments (`cli`, `config`) and must not talk HTTP (`api`).

pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod sandbox;
pub(crate) mod status;
