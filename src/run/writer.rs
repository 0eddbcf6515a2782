//! Rows to the output and the run's place to the checkpoint: the one consumer of outcomes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use crate::cell::{CellKind, TypedCell};
use crate::config::{Job, Start};
use crate::encode::link_template::{Template, is_http};
use crate::encode::{Flattener, KeptCell, Source};
use crate::error::Error;
use crate::input::{InputFingerprint, ResumePosition, Row};
use crate::offer::tally::Tally;
use crate::offer::{Answer, ErrorKind, OfferError, Outcome};
use crate::output::{
    Checkpoint, CommitPolicy, Destination, Direct, Finish, Interrupted, Lock, Output, Segment, set_aside,
};
use crate::report::{FailedOffer, Level, Report};
use crate::run::commit_thread::Disk;
use crate::run::resume::{ResumeDecision, Why};
use crate::run::retry_failed::KeptRow;
use crate::run::rows::Rows;
use crate::settings::units::MinOk;

/// The most text that one offer's rows may have, in bytes: a thousand times what thousands of entries have.
const MAX_ROWS_OF_OFFER: usize = 64 << 20;

/// Where the rows are to go.
#[derive(Debug)]
pub(crate) enum Goal {
    /// A file, which no other run writes meanwhile.
    File(Lock),
    /// A device, or stdout.
    Stream(Option<PathBuf>),
}

impl Goal {
    /// Looks at the job's output, and locks it.
    pub(crate) fn of(job: &Job) -> Result<Self, Error> {
        Ok(match Destination::of(&job.output)? {
            Destination::File(place) => Self::File(Lock::acquire(place)?),
            Destination::Device(path) => Self::Stream(Some(path)),
            Destination::Stdout => Self::Stream(None),
        })
    }
}

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
    output: Output,
    flattener: Flattener,
    template: Template,
    /// The cells that the template names.
    cells: Vec<usize>,
    /// The input, as the user knows it.
    input: String,
    job_id: Value,
    min_ok: MinOk,
    /// The files that the output replaces: it, and the workbook that is made from it.
    replaces: Vec<PathBuf>,
    started_at: Timestamp,
    policy: CommitPolicy,
    disk: Disk,
    /// Offers that the last commit counts, and that the last one counts that is on disk.
    counted: u64,
    kept: u64,
    summary: Tally,
    /// The first offers of this run that failed.
    failed: Vec<FailedOffer>,
    /// What earlier runs had done.
    before: Tally,
    /// The place in the input behind the last row that was written, if there is one.
    at: Option<ResumePosition>,
    rows: Vec<u8>,
    query: String,
    /// Whether a workbook is made of the rows, which has to tell texts from numbers.
    makes_workbook: bool,
    /// A parameter of `--append` that a link had already, and what is to be said of it once.
    clash: Clash,
}

/// Whether links have parameters that `--append` adds once more.
#[derive(Debug)]
enum Clash {
    NotSeen,
    ToTell(String),
    Told,
}

impl Writer {
    /// Opens the output and, where the user wants to go on and it fits, moves `input` to where an interrupted run
    /// stopped.
    ///
    /// # Errors
    /// The output cannot be written, or another run has it.
    pub(crate) fn open(job: &Job, goal: Goal, rows: &mut Rows, report: &Report) -> Result<Opened, Error> {
        let job_id = job.id(rows.opened()).to_value();
        let now = now_in_seconds();
        // First, so that nothing of an earlier run is gone if there is none.
        let disk = Disk::start()?;
        let flattener = Flattener::new(rows.format, rows.kept.iter().map(String::as_str));
        let (output, start) = match goal {
            Goal::File(lock) => match begin(job, rows, &lock, report)? {
                Begin::Finished(summary, finish) => return Ok(Opened::Finished(summary, Arc::new(lock), finish)),
                Begin::GoOn(found) => (Output::File(Segment::resume(lock, &found)?), Some(found.checkpoint)),
                Begin::Start => {
                    let start = checkpoint(&job_id, now, &Tally::default(), None);
                    (Output::File(Segment::create(lock, flattener.header(), &start)?), None)
                }
            },
            Goal::Stream(device) => {
                if job.start == Start::GoOn {
                    report.say(Level::Warning, "a stream cannot be continued: --resume has nothing to go on with");
                }
                let header = flattener.header();
                let direct = device.map_or_else(|| Direct::stdout(header), |path| Direct::device(&path, header))?;
                (Output::Direct(direct), None)
            }
        };
        let started_at = start.as_ref().and_then(|start| start.started_at).unwrap_or(now);
        let at = start.as_ref().and_then(|start| start.input.as_ref()).map(|mark| mark.position);
        let summary = start.map(|start| start.counts).unwrap_or_default();
        Ok(Opened::Writer(Box::new(Self {
            output,
            flattener,
            template: job.template.clone(),
            cells: rows.cells.clone(),
            input: crate::run::rows::input_of(job),
            job_id,
            min_ok: job.min_ok,
            replaces: [Some(&job.output), job.workbook.as_ref()].into_iter().flatten().cloned().collect(),
            started_at,
            policy: CommitPolicy::new(Instant::now()),
            disk,
            counted: 0,
            kept: summary.offers,
            before: summary.clone(),
            summary,
            failed: Vec::new(),
            at,
            rows: Vec::new(),
            query: String::new(),
            clash: Clash::NotSeen,
            makes_workbook: job.workbook.is_some(),
        })))
    }

    /// Whether the output is there under a temporary name if the run is interrupted.
    pub(crate) fn can_resume(&self) -> bool {
        matches!(self.output, Output::File(_))
    }

    /// How many offers of this run failed, and how many it did: what failed before has been looked at, or a run that goes
    /// on could never get any further.
    pub(crate) fn of_this_run(&self) -> (u64, u64) {
        let Tally { offers, .. } = self.summary;
        (self.summary.failed() - self.before.failed(), offers - self.before.offers)
    }

    /// How many offers are done for good, whatever happens now.
    pub(crate) fn kept(&self) -> u64 {
        self.kept
    }

    /// The first offers of this run that failed.
    pub(crate) fn failed(&self) -> &[FailedOffer] {
        &self.failed
    }

    /// What is written so far.
    pub(crate) fn summary(&self) -> &Tally {
        &self.summary
    }

    /// Writes an input row's output rows.
    pub(crate) fn write(&mut self, row: &Row, outcome: &Outcome) -> Result<(), Error> {
        self.rows.clear();
        self.query.clear();
        self.template.expand(|n| self.cells.get(n).map_or("", |cell| row.cells.get(*cell)), &mut self.query);
        let offer_id = match &row.offer {
            Ok(offer) => offer.as_str(),
            Err(bad) => &bad.text,
        };
        let too_large = outcome.as_ref().ok().and_then(|answer| self.too_large(answer, row));
        let outcome = too_large.as_ref().unwrap_or(outcome);
        if let (Clash::NotSeen, Ok(answer), false) = (&self.clash, outcome, self.template.is_empty()) {
            self.look_for_clash(offer_id, answer);
        }
        if let Err(error) = outcome
            && self.failed.len() < FailedOffer::MOST
        {
            self.failed.push(FailedOffer::new(offer_id, error));
        }
        let kept = row.cells.kept_with_kinds().map(|(text, kind)| {
            let looks_typed = self.makes_workbook && kind == CellKind::Text && TypedCell::parse(text).is_some();
            KeptCell { text, is_quoted: looks_typed }
        });
        let source = Source { offer_id, kept, query: &self.query };
        let written = self.flattener.rows(source, outcome, &mut self.rows);
        self.output.append(&self.rows)?;
        self.summary.add(outcome, written);
        self.at = Some(row.next);
        self.policy.offer_appended();
        Ok(())
    }

    fn look_for_clash(&mut self, offer_id: &str, answer: &Answer) {
        let links = answer.entries().filter_map(|entry| entry.tracking_link);
        let mut links = answer.url().into_iter().chain(links).filter(|link| is_http(link));
        if let Some(name) = links.find_map(|link| self.template.clash(link)) {
            self.clash = Clash::ToTell(format!(
                "--append adds {name} to links that have it already, first in offer {offer_id}: which of the two \
                 counts is up to the network"
            ));
        }
    }

    /// What is to be said of the rows that were written, once.
    pub(crate) fn tell(&mut self, report: &Report) {
        if let Clash::ToTell(message) = &self.clash {
            report.say(Level::Warning, message);
            self.clash = Clash::Told;
        }
    }

    /// Why an answer is not written that would take gigabytes: each entry repeats what the offer's entries share.
    fn too_large(&self, answer: &Answer, row: &Row) -> Option<Outcome> {
        let size = answer.size_of_rows(row.cells.size() + self.query.len());
        (size > MAX_ROWS_OF_OFFER).then(|| {
            let (entries, size) = (answer.entries().len(), size >> 20);
            let message = format!("its {entries} links would be {size} MiB of rows, which is no answer for an offer");
            Err(OfferError::local(ErrorKind::BodyTooLarge, message))
        })
    }

    /// Writes the error row of an input row whose cell is no ID.
    pub(crate) fn write_uncalled(&mut self, row: &Row) -> Result<(), Error> {
        let Err(bad) = &row.offer else { return Ok(()) };
        let message = format!("line {}: {}", row.line, bad.reason);
        self.write(row, &Err(OfferError::local(ErrorKind::InvalidOfferId, message)))
    }

    /// Writes a row of an earlier output as it is.
    pub(crate) fn keep(&mut self, row: &KeptRow) -> Result<(), Error> {
        self.output.append(&row.bytes)?;
        self.summary.keep(row.failed, row.begins_offer);
        self.at = Some(row.next);
        self.policy.offer_appended();
        Ok(())
    }

    /// When the next commit is due, if there is something to commit.
    pub(crate) fn commit_due(&self) -> Option<Instant> {
        self.policy.due()
    }

    /// Begins a commit, if that is due. The disk may take its time, in which answers come and calls have to leave.
    pub(crate) fn commit_if_due(&mut self, input: &mut Rows, now: Instant) -> Result<(), Error> {
        if self.policy.is_due(now) { self.begin_commit(input, now) } else { Ok(()) }
    }

    fn begin_commit(&mut self, input: &mut Rows, now: Instant) -> Result<(), Error> {
        let checkpoint = self.checkpoint(input)?;
        self.policy.began(now);
        match self.output.begin_commit(&checkpoint)? {
            Some(commit) => self.disk.begin(commit),
            None => self.policy.ended(Instant::now()),
        }
        self.counted = checkpoint.offers;
        Ok(())
    }

    /// Whether a commit is under way.
    pub(crate) fn is_committing(&self) -> bool {
        self.policy.is_under_way()
    }

    /// Since when a commit is under way.
    pub(crate) fn committing_since(&self) -> Option<Instant> {
        self.policy.under_way_since()
    }

    /// Waits for the commit under way, if there is one.
    pub(crate) async fn committed(&mut self) -> Result<(), Error> {
        if self.is_committing() {
            let done = self.disk.done().await;
            self.policy.ended(Instant::now());
            done?;
            self.kept = self.counted;
        }
        Ok(())
    }

    /// Makes what is written survive a kill, before anything else happens.
    pub(crate) async fn commit(&mut self, input: &mut Rows) -> Result<(), Error> {
        self.committed().await?;
        self.begin_commit(input, Instant::now())?;
        self.committed().await
    }

    /// Ends the output: the file gets its real name, or the one of rows that are withheld. Its checkpoint stays until the
    /// run is wound up.
    pub(crate) async fn finish(mut self, input: &mut Rows) -> Result<(Tally, Option<Arc<Lock>>, Finish), Error> {
        self.committed().await?;
        let Tally { offers, .. } = self.summary;
        let is_enough = self.min_ok.is_met(self.summary.succeeded(), offers);
        let finish = match (is_enough, &self.output) {
            (false, Output::File(_)) if self.replaces.iter().any(|path| path.exists()) => Finish::Withhold,
            _ => Finish::Replace,
        };
        let checkpoint = self.checkpoint(input)?;
        let lock = self.output.lock();
        // Before the rows have their name: a retry would rather ask than mix two kinds of links.
        if let Some(lock) = &lock {
            lock.remember(&self.template.to_string());
        }
        if let Some(commit) = self.output.begin_finish(&checkpoint, finish)? {
            self.disk.begin(commit);
            self.disk.done().await?;
        }
        Ok((self.summary, lock, finish))
    }

    fn checkpoint(&mut self, input: &mut Rows) -> Result<Checkpoint<InputFingerprint, Tally>, Error> {
        let mark = self.at.map(|at| input.mark(at)).transpose();
        let mark = mark.map_err(|source| Error::ReadAgain { input: self.input.clone(), source })?.flatten();
        Ok(checkpoint(&self.job_id, self.started_at, &self.summary, mark))
    }
}

fn checkpoint(
    job_id: &Value,
    started_at: Timestamp,
    summary: &Tally,
    input: Option<InputFingerprint>,
) -> Checkpoint<InputFingerprint, Tally> {
    Checkpoint {
        job: job_id.clone(),
        started_at: Some(started_at),
        saved_at: Some(now_in_seconds()),
        input,
        offers: summary.offers,
        rows: summary.rows,
        counts: summary.clone(),
    }
}

/// By the clock on the wall; fractions would only make checkpoints longer.
fn now_in_seconds() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// How this run begins.
enum Begin {
    Start,
    GoOn(Interrupted<InputFingerprint, Tally>),
    Finished(Tally, Finish),
}

/// Makes room for this run, and tells what becomes of an earlier one.
fn begin(job: &Job, rows: &mut Rows, lock: &Lock, report: &Report) -> Result<Begin, Error> {
    let earlier = ResumeDecision::of(job, lock.place(), rows, Timestamp::now())?;
    let words = earlier.words(job.start);
    let tell = |level: Level, more: &str| words.iter().for_each(|words| report.say(level, &format!("{words}{more}")));
    // Old rows and lost work concern the quiet too.
    let matters = |matters: bool| if matters { Level::Notice } else { Level::Info };
    match earlier {
        ResumeDecision::GoesOn(found, age) => {
            tell(matters(age.is_worth_telling()), "");
            return Ok(Begin::GoOn(found));
        }
        ResumeDecision::AllDone(summary, age, finish) => {
            tell(matters(age.is_worth_telling()), "");
            return Ok(Begin::Finished(summary, finish));
        }
        ResumeDecision::Nothing if job.start == Start::GoOn => {
            report.say(Level::Info, "no interrupted run to go on with: starting");
        }
        ResumeDecision::Nothing => {}
        ResumeDecision::Finished => tell(Level::Debug, ""),
        ResumeDecision::SetAside { .. } => make_room(&earlier, job, lock, None, report)?,
    }
    Ok(Begin::Start)
}

/// Sets aside what an earlier run has done that this one does not go on with, and tells so: it is hours of work, maybe.
/// `list` is what its rows were made of, if that is about to be replaced.
pub(crate) fn make_room(
    earlier: &ResumeDecision,
    job: &Job,
    lock: &Lock,
    list: Option<&Path>,
    report: &Report,
) -> Result<(), Error> {
    let (ResumeDecision::SetAside { why, .. }, Some(words)) = (earlier, earlier.words(job.start)) else {
        return Ok(());
    };
    let names: Vec<_> = set_aside(lock, list)?.iter().map(|path| path.display().to_string()).collect();
    let (level, back) = match why {
        Why::StatusRequests => (Level::Info, ""),
        Why::Unfit(_) => (Level::Notice, ""),
        Why::TooOld(_) => (Level::Notice, "; to go on with it, stop this run, rename them back and use --resume"),
    };
    report.say(level, &format!("{words}; it is set aside as {}{back}", names.join(" and ")));
    Ok(())
}
