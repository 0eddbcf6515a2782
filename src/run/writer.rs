//! The one consumer of outcomes: encodes their rows, counts them, and hands them to the output.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use crate::config::{Job, Start};
use crate::error::Error;
use crate::history::lookup::LastGood;
use crate::history::runs as history;
use crate::history::timeline::time;
use crate::input::{ResumePosition, Row};
use crate::offer::tally::Tally;
use crate::offer::{Class, ErrorKind, OfferError, Outcome, RowOutcome, Source};
use crate::output::{Direct, Finish, Lock, Output, OutputPath, RowsIn, Segment, started_at};
use crate::report::event::NothingToResume;
use crate::report::{Event, FailedOffer, Report};
use crate::run::commit_thread::Disk;
use crate::run::commits::{Commits, RunId, now_in_seconds};
use crate::run::goal::{Begin, Goal, begin};
use crate::run::history::{Lookups, OpenHistory, RunHistory};
use crate::run::lane_progress::LaneProgress;
use crate::run::retry_failed::{KeptRow, StaleRows};
use crate::run::row_encoder::RowEncoder;
use crate::run::rows::{Rows, input_of};
use crate::run::run_tally::RunTally;
use crate::run::spool::Spool;
use crate::run::unordered::Unordered;
use crate::settings::units::MinOk;

/// What is there to write to.
#[derive(Debug)]
pub(crate) enum Opened {
    /// An output that wants rows.
    Writer(Box<Writer>),
    /// An earlier run was killed after the last row: at most its workbook and its tidying up are left to do.
    Finished(Tally, Arc<Lock>, Finish),
}

/// Writes rows in the order in which they come, and commits now and then.
#[derive(Debug)]
pub(crate) struct Writer {
    encoder: RowEncoder,
    tally: RunTally,
    commits: Commits,
    history: Option<RunHistory>,
    /// What several networks add.
    networks: Option<SeveralNetworks>,
    min_ok: MinOk,
    /// The files that the output replaces: it, and the workbook that is made from it.
    replaces: Vec<PathBuf>,
    rows: Vec<u8>,
    /// The cell that names a row's network, if there is one.
    network_cell: Option<usize>,
}

/// The part of the writer that is there for several networks only.
#[derive(Debug)]
struct SeveralNetworks {
    progress: LaneProgress,
    rows: Unordered,
}

/// How the history sees a run that begins with the first row.
fn from_the_start(begin: &Begin, place: &OutputPath) -> history::Begin {
    match begin {
        Begin::StartOver => history::Begin::Over,
        _ => history::Begin::Anew { left_by: started_at(place).map(Timestamp::as_second) },
    }
}

impl Writer {
    /// Opens the output and, where the user wants to go on and it fits, moves `input` to where an interrupted run
    /// stopped.
    ///
    /// # Errors
    /// The output cannot be written, or another run has it.
    pub(crate) fn open(
        job: &Job,
        (goal, history): (Goal, Option<OpenHistory>),
        rows: &mut Rows,
        report: &Report,
    ) -> Result<Opened, Error> {
        let mut id = RunId { job: job.id(rows.opened()).to_value(), started_at: now_in_seconds() };
        let encoder = RowEncoder::new(job, rows);
        let are_several = job.networks.are_several();
        let networks = LaneProgress::new(job.networks.iter().map(|network| network.name.clone()));
        let lanes = networks.unrouted() + 1;
        // Several networks read the input as a whole, whatever is done of it, so another one is moved to the place.
        let mut probe = if are_several && rows.can_resume() { Some(Rows::open(job)?) } else { None };
        let mut unordered = Unordered::log(encoder.header(), networks.ranks());
        let mut begun = history::Begin::Anew { left_by: None };
        let (output, start) = match goal {
            Goal::File(lock) => match begin(job, probe.as_mut().unwrap_or(rows), &lock, report)? {
                Begin::Finished(summary, finish) => return Ok(Opened::Finished(summary, Arc::new(lock), finish)),
                Begin::GoOn(found) => {
                    begun = history::Begin::Resumed;
                    if found.rows_in == RowsIn::Output {
                        unordered = Unordered::merged(encoder.header());
                    }
                    (Output::File(Segment::resume(lock, &found)?), Some(found.checkpoint))
                }
                start @ (Begin::Start | Begin::StartOver) => {
                    begun = from_the_start(&start, lock.place());
                    let start = id.checkpoint((&Tally::default(), Value::Null), None);
                    let log_header = unordered.log_header();
                    let rows = if are_several {
                        (RowsIn::Log, log_header.as_slice())
                    } else {
                        (RowsIn::Output, encoder.header())
                    };
                    (Output::File(Segment::create(lock, rows, &start)?), None)
                }
            },
            Goal::Stream(device) => {
                if job.start == Start::Resume {
                    report.emit(&Event::NothingToResume(NothingToResume::Stream));
                }
                let header = encoder.header();
                unordered = Unordered::queues(header, lanes, &std::env::temp_dir());
                let direct = device.map_or_else(|| Direct::stdout(header), |path| Direct::device(&path, header))?;
                (Output::Direct(direct), None)
            }
        };
        id.started_at = start.as_ref().and_then(|start| start.started_at).unwrap_or(id.started_at);
        let at = start.as_ref().and_then(|start| start.input.as_ref()).map(|mark| mark.position);
        let marks = start.as_ref().map_or(Value::Null, |start| start.lanes.clone());
        let before = start.map(|start| start.counts).unwrap_or_default();
        let key = (id.job.to_string(), id.started_at.as_second());
        let history = history.map(|history| history.begin(job, key, begun)).transpose()?;
        let (database, history) = history.unzip();
        let disk = Disk::start(database)?;
        let networks = are_several.then(|| SeveralNetworks { progress: networks.resume(&marks), rows: unordered });
        Ok(Opened::Writer(Box::new(Self {
            history,
            encoder,
            commits: Commits::new((output, disk), (id, input_of(job)), (at, before.offers)),
            tally: RunTally::resume(before),
            min_ok: job.tolerance.min_ok,
            networks,
            replaces: [Some(job.rows_file()), job.workbook().map(ToOwned::to_owned)].into_iter().flatten().collect(),
            rows: Vec::new(),
            network_cell: rows.network_cell,
        })))
    }

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
            Some(history) => history.instead_of(lane, row, error)?.is_some(),
            None => false,
        };
        if has_better {
            return self.write((lane, network), row, outcome);
        }
        match &mut self.networks {
            None => self.commits.append(&stale.bytes, row.next)?,
            Some(networks) => {
                self.commits.append_unordered(networks.rows.append(lane, &stale.bytes)?)?;
                networks.progress.keep_stale(lane, stale.rows);
            }
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

    /// Writes the error row of an offer that is left for a later run.
    pub(crate) fn write_not_asked(&mut self, place: (usize, &str), row: &Row) -> Result<(), Error> {
        let message = "not asked for in this run (--max-calls), and the history has no links of it";
        self.put(place, row, (RowOutcome::Failed(&OfferError::local(ErrorKind::NotAsked, message)), None))
    }

    fn put(
        &mut self,
        (lane, network): (usize, &str),
        row: &Row,
        (outcome, version): (RowOutcome<'_>, Option<i64>),
    ) -> Result<(), Error> {
        self.rows.clear();
        let written = self.encoder.encode((row, network), outcome, &mut self.rows);
        match &mut self.networks {
            None => self.commits.append(&self.rows, row.next)?,
            Some(networks) => {
                self.commits.append_unordered(networks.rows.append(lane, &self.rows)?)?;
                networks.progress.add(lane, outcome, written);
            }
        }
        self.tally.add(row, outcome, written);
        if let Some(history) = &mut self.history {
            history.record(lane, row, (outcome, version));
        }
        Ok(())
    }

    /// What is known of offers before they are asked for, where that matters.
    pub(crate) fn lookups(&self, job: &Job) -> Result<Option<Lookups>, Error> {
        self.history.as_ref().map_or(Ok(None), |history| history.lookups(job))
    }

    /// Reports once what is wrong with the rows written so far.
    pub(crate) fn tell(&mut self, report: &Report) {
        self.encoder.report_clash(report);
    }

    /// Writes the error row of an input row whose cell is no ID.
    pub(crate) fn write_uncalled(&mut self, place: (usize, &str), row: &Row) -> Result<(), Error> {
        let Err(bad) = &row.offer else { return Ok(()) };
        let message = format!("line {}: {}", row.line, bad.reason);
        self.write(place, row, &Err(OfferError::local(ErrorKind::InvalidOfferId, message)))
    }

    /// Writes the error row of an input row that names no network; `why` says which there are.
    pub(crate) fn write_unrouted(&mut self, lane: usize, row: &Row, why: &str) -> Result<(), Error> {
        let message = format!("line {}: {why}", row.line);
        let named = self.network_cell.map_or("", |cell| row.cells.get(cell)).to_owned();
        self.write((lane, &named), row, &Err(OfferError::local(ErrorKind::UnknownNetwork, message)))
    }

    /// Writes a row of an earlier output as it is.
    pub(crate) fn keep(&mut self, lane: usize, row: &KeptRow) -> Result<(), Error> {
        match &mut self.networks {
            None => self.commits.append(&row.bytes, row.next)?,
            Some(networks) => {
                self.commits.append_unordered(networks.rows.append(lane, &row.bytes)?)?;
                networks.progress.keep(lane, row);
            }
        }
        self.tally.keep(row);
        Ok(())
    }

    /// Gives a reader the rows whose turn it is; rows for a file stay in its log.
    pub(crate) fn drain(&mut self, spool: &mut Spool) -> Result<(), Error> {
        match &mut self.networks {
            Some(networks) => self.commits.drain(&mut networks.rows, spool),
            None => Ok(()),
        }
    }

    /// The counts for a checkpoint.
    fn counts(&self) -> (&Tally, Value) {
        let lanes = self.networks.as_ref().map_or(Value::Null, |networks| networks.progress.to_value());
        (self.tally.all(), lanes)
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
        let lanes = self.counts().1;
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
        let lanes = self.counts().1;
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
        let is_enough = self.min_ok.is_met(summary.succeeded(), summary.offers);
        let replaces_something = self.commits.can_resume() && self.replaces.iter().any(|path| path.exists());
        let finish = if !is_enough && replaces_something { Finish::Withhold } else { Finish::Replace };
        let append = self.encoder.template().to_string();
        let facts = self.history.as_mut().map(|history| history.take_last(&summary, finish));
        let lock = self.commits.finish((input, (&summary, lanes), facts), (finish, &append)).await?;
        Ok((summary, lock, finish))
    }
}
