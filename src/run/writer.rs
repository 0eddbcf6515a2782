//! The one consumer of outcomes: encodes their rows, counts them, and hands them to the output.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::config::Job;
use crate::error::Error;
use crate::history::lookup::LastGood;
use crate::history::timeline::time;
use crate::input::{ResumePosition, Row};
use crate::offer::tally::Tally;
use crate::offer::{Class, ErrorKind, Outcome, RowOutcome, Source};
use crate::output::{Finish, Lock};
use crate::report::{FailedOffer, Report};
use crate::run::call_limit::CallLimit;
use crate::run::commits::Commits;
use crate::run::history::RunHistory;
use crate::run::lane_progress::LaneProgress;
use crate::run::lookups::Lookups;
use crate::run::retry_failed::{KeptRow, StaleRows};
use crate::run::row_encoder::RowEncoder;
use crate::run::rows::Rows;
use crate::run::run_tally::RunTally;
use crate::run::spool::Spool;
use crate::run::unordered::Unordered;
use crate::settings::units::MinOk;

/// Writes rows in the order in which they come, and commits now and then.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) encoder: RowEncoder,
    pub(super) tally: RunTally,
    pub(super) commits: Commits,
    pub(super) history: Option<RunHistory>,
    /// What several networks add.
    pub(super) networks: Option<SeveralNetworks>,
    pub(super) min_ok: MinOk,
    /// The files that the output replaces: it, and the workbook that is made from it.
    pub(super) replaces: Vec<PathBuf>,
    pub(super) rows: Vec<u8>,
    /// The cell that names a row's network, if there is one.
    pub(super) network_cell: Option<usize>,
}

/// The part of the writer that is there for several networks only.
#[derive(Debug)]
pub(super) struct SeveralNetworks {
    pub(super) progress: LaneProgress,
    pub(super) rows: Unordered,
    /// Whether the rows are those of the networks' own lists.
    pub(super) are_listed: bool,
}

impl Writer {
    /// Whether the output is there under a temporary name if the run is interrupted.
    pub(crate) fn can_resume(&self) -> bool {
        self.commits.can_resume()
    }

    /// How many offers of this run failed, and how many it did.
    pub(crate) fn of_this_run(&self) -> (u64, u64) {
        self.tally.of_this_run()
    }

    /// How many offers are done for good, whatever happens now.
    pub(crate) fn kept(&self) -> u64 {
        self.commits.kept()
    }

    /// The first offers of this run that failed.
    pub(crate) fn failed(&self) -> &[FailedOffer] {
        self.tally.first_failed()
    }

    /// What is written so far.
    pub(crate) fn summary(&self) -> &Tally {
        self.tally.all()
    }

    /// The folder that rows may wait in.
    pub(crate) fn folder(&self) -> PathBuf {
        self.commits.folder()
    }

    /// How many input rows of a lane are done, where there are several networks.
    pub(crate) fn done(&self, lane: usize) -> u64 {
        self.networks.as_ref().map_or(0, |networks| networks.progress.done(lane))
    }

    /// What is written so far of a lane.
    pub(crate) fn tally(&self, lane: usize) -> Tally {
        self.networks.as_ref().map_or_else(|| self.summary().clone(), |networks| networks.progress.tally(lane))
    }

    /// The whole input was read, up to this place.
    pub(crate) fn set_input_end(&mut self, end: Option<ResumePosition>) {
        self.commits.set_input_end(end);
    }

    /// Writes an input row's output rows, for the network of that place and name.
    pub(crate) fn write(&mut self, (lane, network): (usize, &str), row: &Row, outcome: &Outcome) -> Result<(), Error> {
        if is_not_asked(outcome) {
            return self.write_left_over((lane, network), row);
        }
        let too_large = outcome.as_ref().ok().and_then(|answer| self.encoder.too_large(row, answer));
        let outcome = too_large.as_ref().map_or_else(|| RowOutcome::live(outcome), RowOutcome::Failed);
        let instead = match (&self.history, outcome) {
            (Some(history), RowOutcome::Failed(error)) => history.instead_of(lane, row, error)?,
            _ => None,
        };
        let outcome = match (&instead, outcome) {
            (Some(LastGood { answer, at, .. }), RowOutcome::Failed(error)) => {
                RowOutcome::Stale { answer, error, last_good_at: time(*at) }
            }
            (_, outcome) => outcome,
        };
        self.put((lane, network), row, (outcome, None))
    }

    /// Writes an input row's output rows, or its old ones where it has failed for now and the history has no better.
    pub(crate) fn write_or_keep(
        &mut self,
        (lane, network): (usize, &str),
        row: &Row,
        (outcome, stale): (&Outcome, &StaleRows),
    ) -> Result<(), Error> {
        let passing = outcome.as_ref().err().filter(|error| error.kind.class() != Class::Offer);
        let Some(error) = passing else { return self.write((lane, network), row, outcome) };
        let has_better = match &self.history {
            // Nothing new is known: it stays what it is.
            _ if is_not_asked(outcome) => false,
            Some(history) => history.instead_of(lane, row, error)?.is_some(),
            None => false,
        };
        if has_better {
            return self.write((lane, network), row, outcome);
        }
        if let Some(progress) = append((&mut self.commits, &mut self.networks), (lane, &stale.bytes), row.next)? {
            progress.keep_stale(lane, stale.rows);
        }
        self.tally.keep_stale(stale.rows);
        if let Some(history) = &mut self.history {
            history.record(lane, row, (RowOutcome::Failed(error), None));
        }
        Ok(())
    }

    /// Writes an input row's output rows from the history.
    pub(crate) fn write_last_good(&mut self, place: (usize, &str), row: &Row, known: &LastGood) -> Result<(), Error> {
        let outcome = RowOutcome::Good { answer: &known.answer, source: Source::History };
        self.put(place, row, (outcome, Some(known.version)))
    }

    pub(super) fn put(
        &mut self,
        (lane, network): (usize, &str),
        row: &Row,
        (outcome, version): (RowOutcome<'_>, Option<i64>),
    ) -> Result<(), Error> {
        self.rows.clear();
        let written = self.encoder.encode((row, network), outcome, &mut self.rows);
        if let Some(progress) = append((&mut self.commits, &mut self.networks), (lane, &self.rows), row.next)? {
            progress.add(lane, outcome, written);
        }
        let network = if self.networks.is_some() { network } else { "" };
        self.tally.add((network, row), outcome, written);
        if let Some(history) = &mut self.history {
            history.record(lane, row, (outcome, version));
        }
        Ok(())
    }

    /// What is known of offers before they are asked for, where that matters.
    pub(crate) fn lookups(&self, job: &Job, calls: &CallLimit) -> Result<Option<Lookups>, Error> {
        self.history.as_ref().map_or(Ok(None), |history| history.lookups(job, calls.left()))
    }

    /// Reports once what is wrong with the rows written so far.
    pub(crate) fn tell(&mut self, report: &Report) {
        self.encoder.report_clash(report);
    }

    /// Writes a row of an earlier output as it is.
    pub(crate) fn keep(&mut self, lane: usize, row: &KeptRow) -> Result<(), Error> {
        if let Some(progress) = append((&mut self.commits, &mut self.networks), (lane, &row.bytes), row.next)? {
            progress.keep(lane, row);
        }
        self.tally.keep(row);
        Ok(())
    }

    /// Gives a reader the rows whose turn it is; rows for a file stay in its log.
    pub(crate) fn drain(&mut self, spool: &mut Spool) -> Result<(), Error> {
        self.networks.as_mut().map_or(Ok(()), |networks| self.commits.drain(&mut networks.rows, spool))
    }

    /// How far the lanes are, for a checkpoint.
    fn lanes(&self) -> Value {
        self.networks.as_ref().map_or(Value::Null, |networks| networks.progress.to_value())
    }

    /// When the next commit is due, if there is something to commit.
    pub(crate) fn commit_due(&self) -> Option<Instant> {
        self.commits.due()
    }

    /// Begins a commit, if that is due. The disk may take its time, in which answers come and calls have to leave.
    pub(crate) fn commit_if_due(&mut self, input: &mut Rows, now: Instant) -> Result<(), Error> {
        let is_full = !self.is_committing() && self.history.as_ref().is_some_and(RunHistory::is_full);
        if is_full || self.commits.is_due(now) { self.begin_commit(input, now) } else { Ok(()) }
    }

    /// Whether there is room for what more rows bring: the disk may be slower than the network.
    pub(crate) fn has_room(&self) -> bool {
        self.history.as_ref().is_none_or(RunHistory::has_room)
    }

    /// Whether a commit is under way.
    pub(crate) fn is_committing(&self) -> bool {
        self.committing_since().is_some()
    }

    /// Since when a commit is under way.
    pub(crate) fn committing_since(&self) -> Option<Instant> {
        self.commits.under_way_since()
    }

    /// Waits for the commit under way, if there is one.
    pub(crate) async fn committed(&mut self) -> Result<(), Error> {
        self.commits.committed().await
    }

    /// Makes what is written survive a kill, before anything else happens.
    pub(crate) async fn commit(&mut self, input: &mut Rows) -> Result<(), Error> {
        self.committed().await?;
        self.begin_commit(input, Instant::now())?;
        self.committed().await
    }

    fn begin_commit(&mut self, input: &mut Rows, now: Instant) -> Result<(), Error> {
        let lanes = self.lanes();
        let facts = self.history.as_mut().and_then(RunHistory::take);
        self.commits.begin(input, ((self.tally.all(), lanes), facts), now)
    }

    /// Ends the output: the file gets its real name, or the one of rows that are withheld. Its checkpoint stays until the
    /// run is wound up.
    pub(crate) async fn finish(
        mut self,
        (input, spool): (&mut Rows, Option<&mut Spool>),
    ) -> Result<(Tally, Option<Arc<Lock>>, Finish), Error> {
        self.committed().await?;
        let networks = self.networks.as_ref().map_or(1, |networks| networks.progress.unrouted() as u64);
        let lanes = self.lanes();
        if let Some(spool) = spool
            && let Some(networks) = self.networks.take()
        {
            // From here on a kill costs the merge and no call.
            let facts = self.history.as_mut().and_then(RunHistory::take);
            self.commits.begin(input, ((self.tally.all(), lanes.clone()), facts), Instant::now())?;
            self.commits.committed().await?;
            self.commits = self.commits.merge(networks.rows, spool).await?;
        }
        let summary = self.tally.all().clone();
        let is_enough = self.min_ok.is_met(summary.succeeded(), summary.expected_offers(networks));
        let replaces_something = self.commits.can_resume() && self.replaces.iter().any(|path| path.exists());
        let finish = if !is_enough && replaces_something { Finish::Withhold } else { Finish::Replace };
        let append = self.encoder.template().to_string();
        let facts = self.history.as_mut().map(|history| history.take_last(&summary, finish));
        let lock = self.commits.finish((input, (&summary, lanes), facts), (finish, &append)).await?;
        Ok((summary, lock, finish))
    }
}

/// Whether no call was left for it.
fn is_not_asked(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind == ErrorKind::NotAsked)
}

/// Hands the rows of an input row of a lane to the output. Gives the lanes' progress, where there are several.
fn append<'a>(
    (commits, networks): (&mut Commits, &'a mut Option<SeveralNetworks>),
    (lane, rows): (usize, &[u8]),
    next: ResumePosition,
) -> Result<Option<&'a mut LaneProgress>, Error> {
    let Some(networks) = networks else {
        commits.append(rows, next)?;
        return Ok(None);
    };
    commits.append_unordered(networks.rows.append(lane, rows)?)?;
    Ok(Some(&mut networks.progress))
}
