//! An output that is open for writing, whichever kind it is.
//!
//! Only passes calls on: `segment` writes files, `stream` writes streams.

use std::sync::Arc;

use serde::Serialize;

use crate::output::checkpoint::{Checkpoint, Finish};
use crate::output::commit::Commit;
use crate::output::error::OutputError;
use crate::output::lock::Lock;
use crate::output::segment::Segment;
use crate::output::stream::Direct;

/// An output that is open for writing.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file under its temporary name.
    File(Segment),
    /// Stdout, a pipe or a device.
    Direct(Direct),
}

impl Output {
    /// Appends rows.
    ///
    /// # Errors
    /// They cannot be written; [`OutputError::ClosedPipe`] when nobody reads them.
    pub(crate) fn append(&mut self, rows: &[u8]) -> Result<(), OutputError> {
        match self {
            Self::File(partial) => partial.append(rows),
            Self::Direct(direct) => direct.append(rows),
        }
    }

    /// The lock of a file, to be held until every file of the run has its final name.
    pub(crate) fn lock(&self) -> Option<Arc<Lock>> {
        match self {
            Self::File(partial) => Some(partial.lock()),
            Self::Direct(_) => None,
        }
    }

    /// Begins to make everything appended so far durable, or flushes it to its reader. Returns the part that waits for the
    /// disk: see [`Segment::begin_commit`].
    ///
    /// # Errors
    /// The commit before this one is still valid.
    pub(crate) fn begin_commit<M: Serialize, C: Serialize>(
        &mut self,
        checkpoint: &Checkpoint<M, C>,
    ) -> Result<Option<Commit>, OutputError> {
        match self {
            Self::File(partial) => partial.begin_commit(checkpoint).map(Some),
            Self::Direct(direct) => direct.flush().map(|()| None),
        }
    }

    /// Begins to end the output. Completing the returned commit gives a file the name that `finish` says.
    ///
    /// # Errors
    /// The old output is then untouched.
    pub(crate) fn begin_finish<M: Serialize, C: Serialize>(
        self,
        checkpoint: &Checkpoint<M, C>,
        finish: Finish,
    ) -> Result<Option<Commit>, OutputError> {
        match self {
            Self::File(partial) => partial.begin_finish(checkpoint, finish).map(Some),
            Self::Direct(mut direct) => direct.flush().map(|()| None),
        }
    }
}
