//! How a command ended, as part of an event.

use std::sync::Arc;
use std::time::Duration;

use crate::exit::ExitCode;
use crate::report::outcome::RunOutcome;

/// Who can read a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anyone who sees the terminal or the log.
    Everyone,
    /// Nobody: the reader of the pipe is gone. It is only written to files.
    FilesOnly,
}

/// A file about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunFile {
    /// `--report`
    Report,
    /// `--metrics`
    Metrics,
}

/// How an export ended, and what the user needs to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How.
    pub outcome: RunOutcome,
    /// The output, as the user names it.
    pub output: String,
    /// Whether there is a file of that name.
    pub output_exists: bool,
    /// Offers that a later run need not do again; `None` where the work cannot be continued.
    pub kept: Option<u64>,
    /// The host that was called.
    pub host: String,
    /// The command that resumes it.
    pub resume_command: String,
    /// The command that retries what failed.
    pub retry_command: String,
    /// What was to be exported.
    pub scope: Scope,
}

/// What an export covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Its whole input.
    All,
    /// What failed in an earlier output (`--retry-failed`).
    Failed,
}

/// What came of one network's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkList {
    /// The network as the user calls it.
    pub network: Arc<str>,
    /// Offers listed; none unless the list is whole.
    pub offers: u64,
    /// Why it is not whole.
    pub why: Option<String>,
}

/// How a list ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListEnded {
    /// The word for it; a promise to programs.
    pub ending: &'static str,
    /// The exit code.
    pub code: ExitCode,
    /// What came of each network.
    pub networks: Vec<NetworkList>,
    /// Offers listed.
    pub offers: u64,
    /// Calls made.
    pub calls: u64,
    /// Where the list went, as the user names it.
    pub output: String,
    /// How long it took.
    pub took: Duration,
}
