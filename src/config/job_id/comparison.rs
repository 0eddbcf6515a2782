//! How a job compares with that of an interrupted run.

use crate::encode::RowFormat;
use crate::input::Resolved;

/// The parts of a job that are known only when its rows are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenedRows<'a> {
    /// How the input is read; `None` for the failed rows of an output.
    pub reading: Option<&'a Resolved>,
    /// The kept columns, as the output's header names them.
    pub kept: &'a [String],
    /// How rows are written.
    pub format: RowFormat,
    /// `--append`, with the input's own names of columns.
    pub append: &'a str,
}

/// Whether a checkpoint was left by a run of the same job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It was the same job.
    Same,
    /// Probably the same, but an old version wrote it and recorded only what was typed: its place in the input must be
    /// checked.
    SameAsTyped,
    /// It was another: what differs, for people.
    Differs(String),
}
