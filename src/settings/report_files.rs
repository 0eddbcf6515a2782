//! The files of a run, as the user names them.

use std::path::PathBuf;

/// What a run reads and writes, and where it is to tell about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Where the offers come from.
    pub input: String,
    /// Where the rows go.
    pub output: String,
    /// The network that is to be called, as far as it is known without looking at anything.
    pub network: String,
    /// Where the JSON report goes.
    pub report: Option<PathBuf>,
    /// Where the metrics for Prometheus go.
    pub metrics: Option<PathBuf>,
}
