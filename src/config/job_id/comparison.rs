//! A job beside that of an interrupted run.

use crate::encode::RowFormat;
use crate::input::Resolved;

/// What a job comes to when its rows are opened.
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

/// Whether a run of another job left a checkpoint, as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It was the same job.
    Same,
    /// So it seems, but the version that wrote it told only what was typed: its place in the input has to be checked.
    SameAsTyped,
    /// It was another: what differs, for people.
    Differs(String),
}
