//! An output that is open for writing, whichever kind it is.
//!
//! Only passes on: a file's rows are the business of `segment`, a stream's that of `stream`.

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

    /// The lock of a file's place, to be held until everything about the run is in its place.
    pub(crate) fn lock(&self) -> Option<Arc<Lock>> {
        match self {
            Self::File(partial) => Some(partial.lock()),
            Self::Direct(_) => None,
        }
    }

    /// Begins to make everything appended so far last, or lets it reach its reader. Gives what has to wait for the
    /// disk: see [`Segment::begin_commit`].
    ///
    /// # Errors
    /// The last commit before this one still holds.
    pub(crate) fn begin_commit<M: Serialize, C: Serialize>(
        &mut self,
        checkpoint: &Checkpoint<M, C>,
    ) -> Result<Option<Commit>, OutputError> {
        match self {
            Self::File(partial) => partial.begin_commit(checkpoint).map(Some),
            Self::Direct(direct) => direct.flush().map(|()| None),
        }
    }

    /// Begins to end the output: what it gives lets a file get the name that `finish` says.
    ///
    /// # Errors
    /// A file is then the old one.
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
