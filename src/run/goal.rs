//! Where the rows of a run go, and what becomes of an earlier run that wrote there.
//!
//! Locks, sets aside and says so. Writes no rows.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::{Job, Start};
use crate::error::Error;
use crate::input::InputFingerprint;
use crate::offer::tally::Tally;
use crate::output::{Destination, Finish, Interrupted, Lock, set_aside};
use crate::report::{Level, Report};
use crate::run::resume::{ResumeDecision, Why};
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

/// How this run begins.
pub(crate) enum Begin {
    Start,
    GoOn(Interrupted<InputFingerprint, Tally>),
    Finished(Tally, Finish),
}

/// Makes room for this run, and tells what becomes of an earlier one.
pub(crate) fn begin(job: &Job, rows: &mut Rows, lock: &Lock, report: &Report) -> Result<Begin, Error> {
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
