//! Calls as the sandbox remembers them.

use std::time::Instant;

/// Whether calls are remembered. All of them are kept in memory, so not for benchmarks or long runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Not remembered.
    Off,
    /// Every call, until the sandbox is dropped.
    On,
}

/// A call as the log remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it arrived.
    pub at: Instant,
    /// Path and query.
    pub path: String,
    /// The offer of a call for tracking links; `None` for every other kind of call.
    pub offer: Option<String>,
    /// The HTTP status sent; `None` = no whole answer.
    pub status: Option<u16>,
    /// Whether e-mail and key were right.
    pub authorized: bool,
}
