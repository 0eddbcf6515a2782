//! The files of a run, as the user names them.

use std::path::PathBuf;

/// The input, the output and the report files of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Where the offers come from.
    pub input: String,
    /// Where the rows go.
    pub output: String,
    /// The network that will be called, as far as it is known from the arguments.
    pub network: String,
    /// Where the JSON report goes.
    pub report: Option<PathBuf>,
    /// Where the metrics for Prometheus go.
    pub metrics: Option<PathBuf>,
}
