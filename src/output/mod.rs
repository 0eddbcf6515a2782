//! Where rows go, and how they survive: a file that is whole at every instant, or a stream.
//!
//! Knows nothing of offers or CSV: it is handed bytes, and words for the checkpoint. One thread writes
//! rows; another may complete commits.
//!
//! The way of a file: [`Destination::of`], [`Lock::acquire`], [`find`], then [`Segment::resume`] or (after [`set_aside`] of
//! what does not fit) [`Segment::create`], rows and commits as [`CommitPolicy`] says, [`Output::begin_finish`].

mod age;
mod atomic_write;
mod beside;
mod checkpoint;
pub(crate) mod commit;
mod commit_policy;
mod destination;
pub(crate) mod error;
mod lock;
pub(crate) mod merge;
pub(crate) mod rename;
mod replaceable;
mod segment;
pub(crate) mod spill;
mod stream;
mod windows_names;
mod written;

pub(crate) use age::Age;
pub(crate) use atomic_write::{replace, replace_offers, replace_streamed, replace_unlocked};
pub(crate) use checkpoint::{Checkpoint, Finish, Found, Interrupted, RowsIn, find, has_header, started_at};
pub(crate) use commit::Commit;
pub(crate) use commit_policy::CommitPolicy;
pub(crate) use destination::{Destination, OutputPath};
pub(crate) use error::{Action, OutputError};
pub(crate) use lock::Lock;
pub(crate) use segment::{Segment, set_aside, tidy_up};
pub(crate) use stream::Direct;

use std::sync::Arc;

use serde::Serialize;

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
