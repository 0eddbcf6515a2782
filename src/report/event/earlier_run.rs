//! The earlier run that was found, as part of an event.

use std::path::PathBuf;

use crate::output::Age;

/// An earlier run with the same output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarlierRun {
    /// What becomes of it.
    pub fate: Fate,
    /// How old it is.
    pub age: Age,
}

/// What becomes of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// This run resumes it.
    Continued {
        /// Offers that are done.
        done: u64,
        /// Whether the user asked for that.
        asked: Asked,
    },
    /// This run starts over.
    SetAside {
        /// Offers that are done, if that is known.
        done: Option<u64>,
        /// Why.
        why: WhyOver,
        /// Where its files are now; empty in a dry run.
        files: Vec<PathBuf>,
    },
    /// It has done everything that this run would do.
    AllDone,
    /// It is finished, and this run does its own work.
    Finished,
}

/// Whether the user asked to resume an interrupted run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `--resume`.
    Resume,
    /// It is recent, so the run resumes it without being asked.
    Unasked,
}

/// Why a run starts over though there is an interrupted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyOver {
    /// Its rows are too old.
    TooOld,
    /// `--restart`.
    Restart,
    /// It is damaged, or of another job or input.
    Unfit(String),
}

/// Why there is nothing to resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NothingToResume {
    /// No interrupted run is there.
    NoRun,
    /// The output is a stream.
    Stream,
}
