//! Where the rows of a run go, and what becomes of an earlier run that wrote there.
//!
//! Locks, sets aside and says so. Writes no rows.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::{Job, Start};
use crate::error::Error;
use crate::input::InputFingerprint;
use crate::offer::tally::Tally;
use crate::output::{Age, Destination, Finish, Interrupted, Lock, left_by, set_aside};
use crate::report::event::{Fate, NothingToResume};
use crate::report::{Event, Report};
use crate::run::call_limit::CallLimit;
use crate::run::resume::ResumeDecision;
use crate::run::rows::Rows;

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
        Ok(match Destination::of(&job.rows_file())? {
            Destination::File(place) => Self::File(Lock::acquire(place)?),
            Destination::Device(path) => Self::Stream(Some(path)),
            Destination::Stdout => Self::Stream(None),
        })
    }
}

/// How many calls a run of the job may make. What a run of its output has made counts that was killed lately, before any
/// offer was done: nothing else is left of it.
///
/// # Errors
/// The output cannot be what it is named.
pub(crate) fn call_limit(job: &Job) -> Result<CallLimit, Error> {
    let Some(most) = job.history.as_ref().and_then(|history| history.max_calls) else {
        return Ok(CallLimit::default());
    };
    let Destination::File(place) = Destination::of(&job.rows_file())? else {
        return Ok(CallLimit::new(Some(most), false));
    };
    let limit = CallLimit::new(Some(most), true);
    if job.start != Start::Fresh
        && let Some(left) = left_by(&place)
        && Age::of(left.saved_at, Timestamp::now()).is_recent()
    {
        limit.resume(left.calls);
    }
    Ok(limit)
}

/// How this run begins.
pub(crate) enum Begin {
    /// Nothing is there of an earlier one.
    Start,
    /// What is there of an earlier one is set aside.
    StartOver,
    GoOn(Box<Interrupted<InputFingerprint, Tally>>),
    Finished(Tally, Finish),
}

/// Makes room for this run, and says what becomes of an earlier one.
pub(crate) fn begin(job: &Job, rows: &mut Rows, lock: &Lock, report: &Report) -> Result<Begin, Error> {
    let earlier = ResumeDecision::of(job, lock.place(), rows, Timestamp::now())?;
    match &earlier {
        ResumeDecision::SetAside { .. } => make_room(&earlier, job, lock, None, report)?,
        ResumeDecision::Nothing if job.start == Start::Resume => {
            report.emit(&Event::NothingToResume(NothingToResume::NoRun));
        }
        earlier => {
            if let Some(run) = earlier.earlier_run(job.start) {
                report.emit(&Event::EarlierRun(run));
            }
        }
    }
    Ok(match earlier {
        ResumeDecision::GoesOn(found, _) => Begin::GoOn(found),
        ResumeDecision::AllDone(summary, _, finish) => Begin::Finished(summary, finish),
        ResumeDecision::Nothing | ResumeDecision::Finished => Begin::Start,
        ResumeDecision::SetAside { .. } => Begin::StartOver,
    })
}

/// Sets aside what an earlier run has done that this one does not resume, and says so: it may be hours of work. `list` is
/// what its rows were made of, if that is about to be replaced.
pub(crate) fn make_room(
    earlier: &ResumeDecision,
    job: &Job,
    lock: &Lock,
    list: Option<&Path>,
    report: &Report,
) -> Result<(), Error> {
    let Some(mut run) = earlier.earlier_run(job.start) else { return Ok(()) };
    if let Fate::SetAside { files, .. } = &mut run.fate {
        *files = set_aside(lock, list)?;
        report.emit(&Event::EarlierRun(run));
    }
    Ok(())
}
