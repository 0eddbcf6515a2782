//! What an earlier run has left, and what that means for this one.
//!
//! Judges, and moves the input to where a run goes on. Writes and removes nothing: a dry run asks here too.

use jiff::Timestamp;

use crate::config::{Comparison, Job, Start};
use crate::error::Error;
use crate::input::{InputFingerprint, NotTheSameInput};
use crate::offer::tally::Tally;
use crate::output::merge::log_header;
use crate::output::{Age, Checkpoint, Finish, Found, Interrupted, OutputPath, RowsIn, find, has_header};
use crate::report::event::{Asked, EarlierRun, Fate, WhyOver};
use crate::run::rows::Rows;

/// What is there of an earlier run with the same output.
#[derive(Debug)]
pub(crate) enum ResumeDecision {
    /// Nothing that was worth anything.
    Nothing,
    /// It was interrupted, and this run goes on: the input stands behind the last row that is done.
    GoesOn(Box<Interrupted<InputFingerprint, Tally>>, Age),
    /// It was interrupted, and this run starts over; what it has done is set aside.
    SetAside {
        /// Offers that are done, if that is known.
        done: Option<u64>,
        /// Why this run does not go on with it.
        why: WhyOver,
        /// How old it is.
        age: Age,
    },
    /// It has done all that this run was asked to go on with. The output is whole, or its rows are withheld.
    AllDone(Tally, Age, Finish),
    /// It is finished but for its tidying up, and this run does its own work.
    Finished,
}

impl ResumeDecision {
    /// Looks for an earlier run of `job`; `now` is the time on the wall.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub(crate) fn of(job: &Job, place: &OutputPath, rows: &mut Rows, now: Timestamp) -> Result<Self, Error> {
        Ok(match find::<InputFingerprint, Tally>(place)? {
            Found::Nothing => Self::Nothing,
            Found::Damaged { why } => Self::SetAside { done: None, why: WhyOver::Unfit(why), age: Age::Unknown },
            Found::Finished(run, finish) => {
                let age = Age::of(run.saved_at, now);
                let is_enough = job.has_enough(&run.counts);
                let wanted = match job.start {
                    // Fewer are enough now than were then.
                    _ if finish == Finish::Withhold && is_enough => false,
                    Start::ResumeIfRecent => age.is_recent(),
                    Start::Resume => true,
                    Start::Fresh => false,
                };
                if wanted && is_done(job, &run, rows)? {
                    Self::AllDone(run.counts, age, finish)
                } else {
                    Self::Finished
                }
            }
            Found::Interrupted(found) if found.checkpoint.offers == 0 => Self::Nothing,
            Found::Interrupted(found) => {
                let age = Age::of(found.checkpoint.saved_at, now);
                match why_over(job, place, &found, rows, age)? {
                    None => Self::GoesOn(found, age),
                    Some(why) => Self::SetAside { done: Some(found.checkpoint.offers), why, age },
                }
            }
        })
    }

    /// How many rows it has done that this run need not do again.
    pub(crate) fn done(&self) -> u64 {
        match self {
            Self::GoesOn(found, _) => found.checkpoint.offers,
            Self::AllDone(summary, ..) => summary.offers,
            Self::Nothing | Self::SetAside { .. } | Self::Finished => 0,
        }
    }

    /// What is there, and what becomes of it; nothing where nothing is there.
    pub(crate) fn earlier_run(&self, start: Start) -> Option<EarlierRun> {
        let (fate, age) = match self {
            Self::Nothing => return None,
            Self::GoesOn(found, age) => {
                let asked = if start == Start::ResumeIfRecent { Asked::Unasked } else { Asked::Resume };
                (Fate::Continued { done: found.checkpoint.offers, asked }, *age)
            }
            Self::SetAside { done, why, age } => {
                (Fate::SetAside { done: *done, why: why.clone(), files: Vec::new() }, *age)
            }
            Self::AllDone(_, age, _) => (Fate::AllDone, *age),
            Self::Finished => (Fate::Finished, Age::Unknown),
        };
        Some(EarlierRun { fate, age })
    }
}

/// Whether a finished run has done all that this one is to do.
fn is_done(job: &Job, run: &Checkpoint<InputFingerprint, Tally>, rows: &mut Rows) -> Result<bool, Error> {
    if another_job(job, run, rows)?.is_some() {
        return Ok(false);
    }
    // Asking again replaces its own input, so that cannot be compared.
    Ok(job.work.retry_failed().is_some() || run.input.as_ref().is_some_and(|mark| rows.resume(mark).is_ok()))
}

/// Why this run does not go on with an interrupted one.
fn why_over(
    job: &Job,
    place: &OutputPath,
    found: &Interrupted<InputFingerprint, Tally>,
    rows: &mut Rows,
    age: Age,
) -> Result<Option<WhyOver>, Error> {
    let run = &found.checkpoint;
    if job.start == Start::Fresh {
        return Ok(Some(WhyOver::Restart));
    }
    if let Some(why) = another_job(job, run, rows)? {
        return Ok(Some(WhyOver::Unfit(why)));
    }
    let header = match found.rows_in {
        RowsIn::Output => rows.header(),
        RowsIn::Log => log_header(&rows.header()),
    };
    if !has_header(place, found.rows_in, &header)? {
        return Ok(Some(WhyOver::Unfit("its output has other columns than this version writes".to_owned())));
    }
    let too_old = job.start == Start::ResumeIfRecent && !age.is_recent();
    let unfit = match &run.input {
        None => Some("its input was a stream, which cannot be read again".to_owned()),
        Some(_) if !rows.can_resume() => Some(NotTheSameInput::Stream.to_string()),
        // Moves the input, which a run that starts over reads from its beginning.
        Some(_) if too_old => None,
        Some(mark) => rows.resume(mark).err().map(|why| why.to_string()),
    };
    Ok(unfit.map(WhyOver::Unfit).or(too_old.then_some(WhyOver::TooOld)))
}

/// What tells the job of a checkpoint from this one.
fn another_job(job: &Job, run: &Checkpoint<InputFingerprint, Tally>, rows: &Rows) -> Result<Option<String>, Error> {
    Ok(match job.compare(rows.opened(), &run.job) {
        Comparison::Same => None,
        Comparison::Differs(what) => Some(format!("it was another job: {what}")),
        Comparison::SameAsTyped => match &run.input {
            // The rows before its place have to be as many as they were to the version that was there.
            Some(mark) if !rows.can_resume() || Rows::open(job)?.reaches(&mark.position)? => None,
            None => None,
            Some(_) => Some("it was left by an earlier version, which read this input in another way".to_owned()),
        },
    })
}
