//! The history of a run: what is looked up in it, and what waits to be written with the next commit.
//!
//! Look-ups are a few microseconds, and happen in the loop; writing is left to the thread of the disk.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use jiff::Timestamp;

use crate::config::{AllOffers, HistoryUse, Job, OnFailure};
use crate::error::Error;
use crate::history::Database;
use crate::history::facts::{Batch, Counts};
use crate::history::lookup::LastGood;
use crate::history::runs::{Begin, RunRecord};
use crate::input::Row;
use crate::offer::tally::Tally;
use crate::offer::{Class, ErrorKind, OfferError, OfferId, RowOutcome, Source};
use crate::output::Finish;
use crate::run::feed::route;
use crate::run::lookups::{Lookups, last_good};
use crate::run::router::Router;
use crate::run::rows::{Next, Rows};

/// A commit holds about this much of what is learned, in bytes: three thousand documented answers.
const FULL: usize = 4 << 20;

/// A history that is open, before the run it is for.
#[derive(Debug)]
pub(crate) struct OpenHistory {
    to_write: Database,
    to_read: Database,
    how: HistoryUse,
}

impl OpenHistory {
    /// Opens the job's history, if it has one.
    ///
    /// # Errors
    /// It is damaged, foreign or newer.
    pub(crate) fn open(job: &Job) -> Result<Option<Self>, Error> {
        let Some(how) = job.history.clone() else { return Ok(None) };
        let to_write = Database::open(&how.file)?;
        let to_read = Database::open_to_read(&how.file)?;
        Ok(Some(Self { to_write, to_read, how }))
    }

    /// The offers that a network, by its place in the job, had when its list was last read, if their last good links are to
    /// be kept where it cannot be read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn last_list(&self, job: &Job, network: usize) -> Result<Vec<OfferId>, Error> {
        let kind = job.work.all_offers().and_then(AllOffers::kind_of_whole);
        let (OnFailure::LastGoodRows, Some(kind)) = (self.how.on_failure, kind) else { return Ok(Vec::new()) };
        let key = job.run_key(String::new(), 0);
        Ok(key.networks.get(network).map_or(Ok(Vec::new()), |network| self.to_read.last_list(network, kind))?)
    }

    /// Begins or resumes the run. The first value is for the thread of the disk.
    pub(crate) fn begin(mut self, job: &Job, id: (String, i64), begin: Begin) -> Result<(Database, RunHistory), Error> {
        let run = Arc::new(self.to_write.begin_run(&job.run_key(id.0, id.1), begin)?);
        let history =
            RunHistory { file: self.to_read, how: self.how, run, batch: Batch::default(), written: channel() };
        Ok((self.to_write, history))
    }
}

/// The history of a run, as rows are written.
#[derive(Debug)]
pub(crate) struct RunHistory {
    file: Database,
    how: HistoryUse,
    run: Arc<RunRecord>,
    batch: Batch,
    /// Batches that are written, to be filled again: a new one would be copied each time it has to grow.
    written: (Sender<Batch>, Receiver<Batch>),
}

/// What is to be written to the history with a commit.
#[derive(Debug)]
pub(crate) struct Facts {
    run: Arc<RunRecord>,
    batch: Batch,
    /// The counts and the time, when the run is finished.
    finished: Option<(Counts, i64)>,
    /// Where the batch goes when it is written.
    written: Sender<Batch>,
}

impl Facts {
    /// Brings them to disk.
    ///
    /// # Errors
    /// Nothing of them is written.
    pub(crate) fn write(self, history: &mut Database) -> Result<(), Error> {
        let Self { run, mut batch, finished, written } = self;
        history.write(&run, &batch, finished)?;
        batch.clear();
        // Nobody waits for it where the run has ended.
        let _ = written.send(batch);
        Ok(())
    }
}

impl RunHistory {
    /// What is known of offers before they are asked for; nothing where every offer is asked for. Of `calls_left` more than
    /// one may be spent on an offer, and what is then not asked for is looked up when it is written.
    ///
    /// # Errors
    /// The file or the input cannot be read.
    pub(crate) fn lookups(&self, job: &Job, calls_left: Option<u64>) -> Result<Option<Lookups>, Error> {
        if self.how.max_age.is_none() && calls_left.is_none() {
            return Ok(None);
        }
        let file = Database::open_to_read(&self.how.file)?;
        Lookups::of(job, (file, Arc::clone(&self.run)), (self.how.max_age, calls_left)).map(Some)
    }

    /// The last good links of an offer that has failed for now, if they are to be written instead.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn instead_of(&self, network: usize, row: &Row, error: &OfferError) -> Result<Option<LastGood>, Error> {
        match &row.offer {
            Ok(offer) if self.how.on_failure == OnFailure::LastGoodRows && error.kind.class() != Class::Offer => {
                last_good((&self.file, &self.run), network, offer)
            }
            _ => Ok(None),
        }
    }

    /// The last good links of an offer, whatever the run does with failures.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn known(&self, network: usize, row: &Row) -> Result<Option<LastGood>, Error> {
        row.offer.as_ref().map_or(Ok(None), |offer| last_good((&self.file, &self.run), network, offer))
    }

    /// Takes in what was written for a row.
    pub(crate) fn record(&mut self, network: usize, row: &Row, (outcome, version): (RowOutcome<'_>, Option<i64>)) {
        let Ok(offer) = &row.offer else { return };
        if outcome.error().is_some_and(|error| error.kind == ErrorKind::NotAsked) {
            return;
        }
        if let RowOutcome::Good { source: Source::History, .. } = outcome {
            let baseline = self.run.baseline.map(|baseline| baseline.last_version);
            // What is not asked for is news only where an unfinished run has seen it change.
            if baseline.is_none_or(|baseline| version.is_none_or(|version| version <= baseline)) {
                return;
            }
        }
        self.batch.add(network, *offer, (row.line, Timestamp::now().as_second()), outcome);
    }

    /// What waits to be written; nothing waits any more.
    pub(crate) fn take(&mut self) -> Option<Facts> {
        if self.batch.is_empty() {
            return None;
        }
        Some(self.facts(None))
    }

    /// The same for the last commit; that the run is finished is written where its rows replace the output.
    pub(crate) fn take_last(&mut self, tally: &Tally, finish: Finish) -> Facts {
        let counts =
            Counts { offers: tally.offers, exported: tally.succeeded(), stale: tally.stale, failed: tally.failed() };
        let is_finished = finish == Finish::Replace;
        let finished = is_finished.then(|| (counts, Timestamp::now().as_second()));
        self.facts(finished)
    }

    fn facts(&mut self, finished: Option<(Counts, i64)>) -> Facts {
        let (sender, written) = &self.written;
        let batch = std::mem::replace(&mut self.batch, written.try_recv().unwrap_or_default());
        Facts { run: Arc::clone(&self.run), batch, finished, written: sender.clone() }
    }

    /// Whether so much waits that it should be written before the next commit would be due.
    pub(crate) fn is_full(&self) -> bool {
        self.batch.size() >= FULL
    }

    /// Whether more may be learned before a commit has begun.
    pub(crate) fn has_room(&self) -> bool {
        self.batch.size() < 2 * FULL
    }
}

/// The offers that a job is about, one after the other, as its input names them.
#[derive(Debug)]
pub(crate) struct Wanted {
    rows: Rows,
    /// Where there are several networks.
    router: Option<Router>,
}

impl Wanted {
    /// Reads the input from the start.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(job: &Job) -> Result<Self, Error> {
        let router = job.networks.are_several().then(|| Router::new(&job.networks));
        Ok(Self { rows: Rows::open(job)?, router })
    }

    /// Whether the input can be read once more.
    pub(super) fn can_repeat(&self) -> bool {
        self.rows.can_resume()
    }

    /// The next offer, with the place of its network.
    ///
    /// # Errors
    /// The input cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<(usize, OfferId)>, Error> {
        loop {
            let row = match self.rows.next()? {
                Next::Row(row) | Next::Stale(row, _) => row,
                Next::Kept(_) => continue,
                Next::NotYet | Next::End => return Ok(None),
            };
            let lane = match &self.router {
                None => Some(0),
                Some(router) => route(router, self.rows.network_cell, &row).ok(),
            };
            if let (Ok(offer), Some(lane)) = (row.offer, lane) {
                return Ok(Some((lane, offer)));
            }
        }
    }
}
