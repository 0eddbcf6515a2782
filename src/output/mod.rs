//! Where rows go, and how they survive: a file that is whole at every instant, or a stream.
//!
//! Knows nothing of offers or CSV: it is handed bytes, and words for the checkpoint. One thread writes.
//!
//! The way of a file: [`Target::of`], [`Lock::acquire`], [`find`], then [`Partial::resume`] or (after [`set_aside`] of
//! what does not fit) [`Partial::create`], rows and commits as [`CommitPolicy`] says, [`Output::finish`].

mod checkpoint;
mod direct;
mod error;
mod lock;
mod partial;
mod place;
mod policy;
pub mod previous;
mod whole;
pub mod xlsx;

pub use checkpoint::{Checkpoint, Found, Interrupted, find};
pub use direct::Direct;
pub use error::{Action, OutputError};
pub use lock::Lock;
pub use partial::{Partial, set_aside, tidy_up};
pub use place::{Place, Target};
pub use policy::CommitPolicy;
pub use whole::{replace, replace_unlocked};

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

    /// Makes everything appended so far last, or reach its reader.
    ///
    /// # Errors
    /// The last commit before this one still holds.
    pub fn commit<M: Serialize, C: Serialize>(&mut self, checkpoint: &Checkpoint<M, C>) -> Result<(), OutputError> {
        match self {
            Self::File(partial) => partial.commit(checkpoint),
            Self::Direct(direct) => direct.flush(),
        }
    }

    /// Ends the output: a file gets its real name.
    ///
    /// # Errors
    /// A file is then the old or the new one, whole.
    pub fn finish<M: Serialize, C: Serialize>(self, checkpoint: &Checkpoint<M, C>) -> Result<(), OutputError> {
        match self {
            Self::File(partial) => partial.finish(checkpoint).map(drop),
            Self::Direct(mut direct) => direct.flush(),
        }
    }
}
