//! Rows to the output, and how far the run is to the checkpoint: when, and in which order.
//!
//! Takes bytes; what is in them is up to others. The disk is waited for on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::Error;
use crate::input::{InputFingerprint, ResumePosition};
use crate::offer::tally::Tally;
use crate::output::{Checkpoint, CommitPolicy, Finish, Lock, Output};
use crate::run::call_limit::CallLimit;
use crate::run::commit_thread::{Disk, Work};
use crate::run::history::Facts;
use crate::run::rows::Rows;
use crate::run::spool::Spool;
use crate::run::unordered::Unordered;

/// What a checkpoint says of its run from the first to the last.
#[derive(Clone, Debug)]
pub(crate) struct RunId {
    /// Everything that shapes rows.
    pub(crate) job: Value,
    /// When the run began, by the clock on the wall.
    pub(crate) started_at: Timestamp,
    /// The calls that it may make.
    pub(crate) calls: CallLimit,
}

impl RunId {
    /// The checkpoint of a run that has come this far.
    pub(crate) fn checkpoint(
        &self,
        (tally, lanes): (&Tally, Value),
        input: Option<InputFingerprint>,
    ) -> Checkpoint<InputFingerprint, Tally> {
        Checkpoint {
            job: self.job.clone(),
            started_at: Some(self.started_at),
            saved_at: Some(now_in_seconds()),
            input,
            offers: tally.offers,
            rows: tally.rows,
            counts: tally.clone(),
            calls: self.calls.for_checkpoint(),
            lanes,
        }
    }
}

/// By the clock on the wall; fractions would only make checkpoints longer.
pub(crate) fn now_in_seconds() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Appends rows and commits them.
#[derive(Debug)]
pub(crate) struct Commits {
    output: Output,
    policy: CommitPolicy,
    disk: Disk,
    id: RunId,
    /// The input as the user knows it.
    input: String,
    /// The place in the input behind the last row that was appended, if there is one.
    at: Option<ResumePosition>,
    /// Offers, and calls where they are limited, that the commit under way counts.
    counted: (u64, Option<u64>),
    /// Offers that the last one on disk counts.
    kept: u64,
}

impl Commits {
    /// Continues behind `at`, where `kept` offers are done.
    pub(crate) fn new(
        (output, disk): (Output, Disk),
        (id, input): (RunId, String),
        (at, kept): (Option<ResumePosition>, u64),
    ) -> Self {
        Self { output, policy: CommitPolicy::new(Instant::now()), disk, id, input, at, counted: (0, None), kept }
    }

    /// Whether the output is there under a temporary name if the run is interrupted.
    pub(crate) fn can_resume(&self) -> bool {
        matches!(self.output, Output::File(_))
    }

    /// The folder that rows may wait in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.output.lock().map_or_else(std::env::temp_dir, |lock| lock.place().folder().to_owned())
    }

    /// How many offers are done for good, whatever happens now.
    pub(crate) fn kept(&self) -> u64 {
        self.kept
    }

    /// Appends the rows of one input row, behind which the input goes on at `next`.
    pub(crate) fn append(&mut self, rows: &[u8], next: ResumePosition) -> Result<(), Error> {
        self.output.append(rows)?;
        self.at = Some(next);
        self.policy.offer_appended();
        Ok(())
    }

    /// Appends rows whose place in the input is not what the run goes on behind.
    pub(crate) fn append_unordered(&mut self, rows: &[u8]) -> Result<(), Error> {
        self.output.append(rows)?;
        self.policy.offer_appended();
        Ok(())
    }

    /// The input ends here: what a checkpoint proves is that all of it is the same.
    pub(crate) fn set_input_end(&mut self, end: Option<ResumePosition>) {
        self.at = end;
    }

    /// Gives a reader the rows whose turn it is.
    pub(crate) fn drain(&mut self, rows: &mut Unordered, spool: &mut Spool) -> Result<(), Error> {
        rows.drain(spool, &mut self.output)
    }

    /// Puts the rows of a log, which is committed, into the output's order.
    pub(crate) async fn merge(self, rows: Unordered, spool: &mut Spool) -> Result<Self, Error> {
        let output = match self.output {
            Output::File(log) => Output::File(rows.merge(log, spool).await?),
            direct @ Output::Direct(_) => direct,
        };
        Ok(Self { output, ..self })
    }

    /// When the next commit is due, if there is something to commit.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.policy.due()
    }

    /// Whether to commit now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.policy.is_due(now) || (!self.policy.is_under_way() && self.id.calls.wants_commit())
    }

    /// Begins a commit. The disk may take its time, in which answers come and calls have to leave.
    pub(crate) fn begin(
        &mut self,
        input: &mut Rows,
        (counts, facts): ((&Tally, Value), Option<Facts>),
        now: Instant,
    ) -> Result<(), Error> {
        let checkpoint = self.checkpoint(input, counts)?;
        self.policy.began(now);
        match (self.output.begin_commit(&checkpoint)?, facts) {
            (None, None) => self.policy.ended(Instant::now()),
            (commit, facts) => self.disk.begin(Work { facts, commit }),
        }
        self.counted = (checkpoint.offers, checkpoint.calls);
        Ok(())
    }

    /// Since when a commit is under way.
    pub(crate) fn under_way_since(&self) -> Option<Instant> {
        self.policy.under_way_since()
    }

    /// Waits for the commit under way, if there is one.
    pub(crate) async fn committed(&mut self) -> Result<(), Error> {
        if self.policy.is_under_way() {
            let done = self.disk.done().await;
            self.policy.ended(Instant::now());
            done?;
            let (offers, calls) = self.counted;
            self.kept = offers;
            self.id.calls.is_on_disk(calls);
        }
        Ok(())
    }

    /// Ends the output: the file gets its real name, or the one of rows that are withheld. `append` is remembered for
    /// `--retry-failed`.
    pub(crate) async fn finish(
        mut self,
        (input, counts, facts): (&mut Rows, (&Tally, Value), Option<Facts>),
        (finish, append): (Finish, &str),
    ) -> Result<Option<Arc<Lock>>, Error> {
        let checkpoint = self.checkpoint(input, counts)?;
        let lock = self.output.lock();
        // Before the rows have their name: a retry would rather ask than mix two kinds of links.
        if let Some(lock) = &lock {
            lock.remember(append);
        }
        let commit = self.output.begin_finish(&checkpoint, finish)?;
        if commit.is_some() || facts.is_some() {
            self.disk.begin(Work { facts, commit });
            self.disk.done().await?;
        }
        Ok(lock)
    }

    fn checkpoint(
        &self,
        input: &mut Rows,
        counts: (&Tally, Value),
    ) -> Result<Checkpoint<InputFingerprint, Tally>, Error> {
        let mark = self.at.map(|at| input.mark(at)).transpose();
        let mark = mark.map_err(|source| Error::ReadAgain { input: self.input.clone(), source })?.flatten();
        Ok(self.id.checkpoint(counts, mark))
    }
}
