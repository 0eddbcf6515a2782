//! Where rows go, and how they survive: a file that is whole at every instant, or a stream.
//!
//! Knows nothing of offers or CSV: it is handed bytes, and words for the checkpoint. One thread writes
//! rows; another may complete commits.
//!
//! The way of a file: [`Target::of`], [`Lock::acquire`], [`find`], then [`Partial::resume`] or (after [`set_aside`] of
//! what does not fit) [`Partial::create`], rows and commits as [`CommitPolicy`] says, [`Output::begin_finish`].

mod beside;
mod checkpoint;
mod commit;
mod direct;
mod error;
mod lock;
mod partial;
mod place;
mod policy;
pub mod previous;
mod quoted_rows;
mod replaceable;
mod whole;
mod written;
pub mod xlsx;

pub use checkpoint::{Checkpoint, Finish, Found, Interrupted, find, has_header};
pub use commit::Commit;
pub use direct::Direct;
pub use error::{Action, OutputError};
pub use lock::Lock;
pub use partial::{Partial, set_aside, tidy_up};
pub use place::{Place, Target};
pub use policy::CommitPolicy;
pub use quoted_rows::quoted_cells;
pub use whole::{replace, replace_offers, replace_unlocked};

use std::sync::Arc;

use serde::Serialize;

/// An output that is open for writing.
#[derive(Debug)]
pub enum Output {
    /// A file under its temporary name.
    File(Partial),
    /// Stdout, a pipe or a device.
    Direct(Direct),
}

impl Output {
    /// Appends rows.
    ///
    /// # Errors
    /// They cannot be written; [`OutputError::ClosedPipe`] when nobody reads them.
    pub fn append(&mut self, rows: &[u8]) -> Result<(), OutputError> {
        match self {
            Self::File(partial) => partial.append(rows),
            Self::Direct(direct) => direct.append(rows),
        }
    }

    /// The lock of a file's place, to be held until everything about the run is in its place.
    pub fn lock(&self) -> Option<Arc<Lock>> {
        match self {
            Self::File(partial) => Some(partial.lock()),
            Self::Direct(_) => None,
        }
    }

    /// Begins to make everything appended so far last, or lets it reach its reader. Gives what has to wait for the
    /// disk: see [`Partial::begin_commit`].
    ///
    /// # Errors
    /// The last commit before this one still holds.
    pub fn begin_commit<M: Serialize, C: Serialize>(
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
    pub fn begin_finish<M: Serialize, C: Serialize>(
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
