//! Why an earlier output cannot be read.

use std::io;
use std::path::PathBuf;

/// Why an earlier output cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PreviousError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The output.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else, or was changed by another program.
    #[error("{} line {line}: {why}; correct that, or run the export again without --retry-failed", path.display())]
    NotOurs {
        /// The output.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong there.
        why: String,
    },
}
