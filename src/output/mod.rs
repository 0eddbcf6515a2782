//! Where rows go, and how they survive: a file that is whole at every instant, or a stream.
//!
//! Knows nothing of offers or CSV: it receives bytes, and data for the checkpoint. One thread writes rows; another may
//! complete commits.
//!
//! The way of a file: [`Destination::of`], [`Lock::acquire`], [`find`], then [`Segment::resume`] or (after [`set_aside`] of
//! what does not fit) [`Segment::create`], rows and commits as [`CommitPolicy`] says, [`Output::begin_finish`].

mod age;
pub(crate) mod answer_file;
mod atomic_write;
mod checkpoint;
pub(crate) mod commit;
mod commit_policy;
mod destination;
mod earlier_run;
pub(crate) mod error;
mod leftovers;
mod lock;
mod lock_file;
pub(crate) mod merge;
mod open_output;
mod plain_file;
pub(crate) mod rename;
mod replaceable;
mod segment;
pub(crate) mod spill;
mod stream;
mod windows_names;
mod written;

pub(crate) use age::Age;
pub(crate) use atomic_write::{replace, replace_offers, replace_streamed, replace_unlocked};
pub(crate) use checkpoint::{Checkpoint, Finish, RowsIn};
pub(crate) use commit::Commit;
pub(crate) use commit_policy::CommitPolicy;
pub(crate) use destination::{Destination, OutputPath};
pub(crate) use earlier_run::{Found, Interrupted, find, has_header, left_by};
pub(crate) use error::{Action, OutputError};
pub(crate) use leftovers::{set_aside, tidy_up};
pub(crate) use lock::Lock;
pub(crate) use lock_file::is_locked;
pub(crate) use open_output::Output;
pub(crate) use segment::Segment;
pub(crate) use stream::Direct;
