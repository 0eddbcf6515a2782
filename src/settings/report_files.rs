//! The files of a run, as the user names them.

use std::path::PathBuf;

/// What a run reads and writes, and where its report goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Where the offers come from.
    pub input: String,
    /// Where the rows go.
    pub output: String,
    /// The network that will be called, as far as the arguments alone say.
    pub network: String,
    /// Where the JSON report goes.
    pub report: Option<PathBuf>,
    /// Where the metrics for Prometheus go.
    pub metrics: Option<PathBuf>,
}
