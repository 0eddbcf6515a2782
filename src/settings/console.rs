//! What the user wants to see.

use std::time::Duration;

/// What is shown, and how.
#[derive(Clone, Debug)]
pub struct Console {
    /// When to show progress.
    pub progress: Progress,
    /// Time between progress lines where there is no bar.
    pub interval: Duration,
    /// How much to say.
    pub verbosity: Verbosity,
    /// The form of messages.
    pub log_format: LogFormat,
}

/// When to show progress: as a bar on a terminal, as lines elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Unless the user wants quiet.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What happens.
    Normal,
    /// Settings and single calls too.
    Verbose,
}

/// The form of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object on every line.
    Json,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            progress: Progress::Auto,
            interval: Duration::from_secs(30),
            verbosity: Verbosity::Normal,
            log_format: LogFormat::Text,
        }
    }
}
