//! What happens, as data: the commands and the loop emit it, every view (terminal, log, report, metrics) reads it.
//!
//! Holds no wording: that is up to `message`. Values with a wording of their own, such as errors, are carried unchanged.

mod earlier_run;
mod ended;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) use self::earlier_run::{Asked, EarlierRun, Fate, NothingToResume, WhyOver};
pub(crate) use self::ended::{Audience, Ended, ListEnded, NetworkList, RunFile, Scope};
use crate::api::Request;
use crate::budget::Said;
use crate::dispatch::{StopReason, Waiting};
use crate::encode::link_template::Doubt;
use crate::exit::ExitCode;
use crate::input::{InputWarnings, Resolved};
use crate::offer::OfferError;
use crate::report::changes::ChangeSummary;
use crate::report::failed_offer::FailedOffer;
use crate::report::plan::{LaneId, Plan};
use crate::report::snapshot::Snapshot;
use crate::signals::Signal;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// A setting and where it comes from.
    Setting(String),
    /// Something odd about the settings.
    SettingsDoubt(String),
    /// All rows go to one network, and this one names another network of the config file.
    OtherNetwork {
        /// The row's line in the input.
        line: u64,
        /// The network that it names.
        named: String,
        /// The network that is called.
        called: String,
    },
    /// Offer IDs are read from the keyboard.
    ReadingTerminal,
    /// An earlier run with the same output was found; what becomes of it.
    EarlierRun(EarlierRun),
    /// `--resume`, but nothing to resume.
    NothingToResume(NothingToResume),
    /// `--append` may not produce the intended links.
    AppendDoubt(Doubt),
    /// A link has a parameter already that `--append` adds.
    AppendClash {
        /// The name of the parameter.
        parameter: String,
        /// The first offer with such a link.
        offer_id: String,
    },
    /// `--retry-failed` appends what the first run appended.
    AppendRepeated(String),
    /// `--retry-failed` reads an output that another program saved.
    OutputResaved {
        /// The output.
        output: PathBuf,
        /// What that program changed.
        how: String,
    },
    /// The runs on this machine that call the same network cannot be seen.
    PeersHidden {
        /// The host that is called.
        host: String,
        /// Why, and what that means.
        why: String,
    },
    /// Runs on this machine share the limit: at the start, or from now on.
    LimitShared {
        /// How many, this one included.
        runs: NonZeroU32,
        /// Whether this run has just started.
        when: Moment,
    },
    /// The budget that is shared with other hosts.
    Budget(Said),
    /// The account's list is about to be read into the plan's output.
    ListStarted(Plan),
    /// The account's list is complete.
    Listed {
        /// Offers in it.
        offers: u64,
        /// Those without an ID among them.
        without_id: u64,
        /// Calls that it took.
        calls: u64,
    },
    /// The list of the interrupted run is used again.
    ListReused(PathBuf),
    /// A reading of the list does not add up.
    ListDoubt {
        /// Why.
        doubt: String,
        /// What becomes of it.
        then: ListNext,
    },
    /// Offers of the list have no ID and are left out.
    ListLeavesOut(u64),
    /// Calls are about to be made.
    Started(Plan),
    /// Where in the input the IDs stand.
    InputLayout(Resolved),
    /// What was odd about the input.
    InputOdd(InputWarnings),
    /// A call has ended, with an answer unless `http_status` is `None`.
    Answered {
        /// The network.
        lane: LaneId,
        /// Status of the answer.
        http_status: Option<u16>,
        /// From sending to the end of the answer.
        took: Duration,
    },
    /// A call failed; most are made again.
    CallFailed {
        /// The network.
        lane: LaneId,
        /// The request.
        request: Request,
        /// What went wrong.
        error: OfferError,
    },
    /// The network takes fewer offers in a call than were sent until now.
    OffersPerCall {
        /// The network.
        lane: LaneId,
        /// How many.
        most: usize,
    },
    /// The very first call to a network failed.
    FirstCallFailed {
        /// The network.
        lane: LaneId,
        /// What went wrong.
        error: OfferError,
    },
    /// No call leaves before `until`.
    Waiting {
        /// The network.
        lane: LaneId,
        /// What for.
        why: Waiting,
        /// Until when.
        until: Instant,
        /// Since when.
        now: Instant,
    },
    /// A network is given up, and the others continue.
    LaneStopped {
        /// The network.
        lane: LaneId,
        /// Why.
        why: StopReason,
    },
    /// How far the run is.
    Progress(Snapshot),
    /// The same, because somebody asked.
    StatusRequested(Snapshot),
    /// A signal ends the run, which still waits for something.
    Stopping {
        /// The signal.
        signal: Signal,
        /// What it waits for.
        waiting_for: LastWait,
    },
    /// No more calls are made.
    CallsOver {
        /// How far the run got.
        last: Snapshot,
        /// The first offers of this run that failed.
        failed: Vec<FailedOffer>,
    },
    /// What differs from the last finished run is known.
    ChangesFound(ChangeSummary),
    /// The workbook is made.
    WorkbookWritten {
        /// The CSV with the same rows.
        rows_in: PathBuf,
        /// How many cells of which file a workbook cannot hold as a whole.
        cut_cells: Vec<(PathBuf, u64)>,
    },
    /// The export is over.
    Ended(Ended),
    /// `list` is over.
    ListEnded(ListEnded),
    /// The command failed on this machine.
    Failed {
        /// The error.
        error: String,
        /// Its exit code.
        code: ExitCode,
        /// Whether anybody can read it.
        audience: Audience,
    },
    /// A file about the run could not be written.
    FileNotWritten {
        /// Which one.
        what: RunFile,
        /// Where it was to go.
        path: PathBuf,
        /// Why.
        error: String,
    },
}

/// When something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the first call.
    AtStart,
    /// During the run.
    Meanwhile,
}

/// What becomes of a list that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListNext {
    /// It is read again.
    ReadAgain,
    /// It is accepted as it is (`--allow-short`).
    TakenAsIs,
}

/// What a run that was stopped still waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWait {
    /// This many calls in flight.
    Calls(usize),
    /// The last commit.
    Disk,
    /// The workbook.
    Workbook,
}
