//! What an earlier run has left, and what that means for this one.
//!
//! Judges, and moves the input to where a run goes on. Writes and removes nothing: a dry run asks here too.

use super::rows::Rows;
use crate::failure::Failure;
use crate::input::{Mark, NotTheSameInput};
use crate::job::Job;
use crate::output::{Checkpoint, Found, Interrupted, Place, find};
use crate::summary::Summary;

/// What is there of an earlier run with the same output.
#[derive(Debug)]
pub(super) enum Earlier {
    /// Nothing that was worth anything.
    Nothing,
    /// It was interrupted, and this run goes on: the input stands behind the last row that is done.
    GoesOn(Interrupted<Mark, Summary>),
    /// It was interrupted. This run could go on, but was not asked to.
    NotAsked {
        /// Offers that are done.
        done: u64,
    },
    /// It was interrupted, and no run like this one can go on with it.
    Unfit {
        /// Why.
        why: String,
    },
    /// It has done all that this run was asked to go on with. The output is whole.
    AllDone(Summary),
    /// It is finished but for its tidying up, and this run does its own work.
    Finished,
}

impl Earlier {
    /// Looks for an earlier run of `job`.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub(super) fn of(job: &Job, place: &Place, rows: &mut Rows) -> Result<Self, Failure> {
        Ok(match find::<Mark, Summary>(place)? {
            Found::Nothing => Self::Nothing,
            Found::Damaged { why } => Self::Unfit { why },
            Found::Finished(run) if job.resume && is_done(job, &run, rows) => Self::AllDone(run.counts),
            Found::Finished(_) => Self::Finished,
            Found::Interrupted(found) if found.checkpoint.offers == 0 => Self::Nothing,
            Found::Interrupted(found) => match obstacle(job, &found.checkpoint, rows) {
                Some(why) => Self::Unfit { why },
                None if job.resume => Self::GoesOn(found),
                None => Self::NotAsked { done: found.checkpoint.offers },
            },
        })
    }

    /// How many rows it has done that this run need not do again.
    pub(super) fn done(&self) -> u64 {
        match self {
            Self::GoesOn(found) => found.checkpoint.offers,
            Self::AllDone(summary) => summary.offers,
            Self::Nothing | Self::NotAsked { .. } | Self::Unfit { .. } | Self::Finished => 0,
        }
    }
}

/// Whether a finished run has done all that this one is to do.
fn is_done(job: &Job, run: &Checkpoint<Mark, Summary>, rows: &mut Rows) -> bool {
    if !job.has_key(&run.job, &rows.kept) {
        return false;
    }
    // Asking again replaces its own input, so that cannot be compared.
    job.retry_failed.is_some() || run.input.as_ref().is_some_and(|mark| rows.resume(mark).is_ok())
}

/// Why this run cannot go on with an interrupted one.
fn obstacle(job: &Job, run: &Checkpoint<Mark, Summary>, rows: &mut Rows) -> Option<String> {
    if !job.has_key(&run.job, &rows.kept) {
        return Some("it was another job (other network, account, columns or format)".to_owned());
    }
    match &run.input {
        None => Some("its input was a stream, which cannot be read again".to_owned()),
        Some(_) if !rows.can_resume() => Some(NotTheSameInput::Stream.to_string()),
        Some(mark) if job.resume => rows.resume(mark).err().map(|why| why.to_string()),
        Some(_) => None,
    }
}
