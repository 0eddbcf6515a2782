//! How a run ended: the word for programs, the exit code, and the message.

use std::path::PathBuf;

use crate::dispatch::{Policy, StopReason};
use crate::exit::ExitCode;
use crate::offer::tally::Tally;
use crate::offer::{ErrorKind, OfferError};
use crate::report::format;
use crate::settings::units::MaxErrors;
use crate::signals::Signal;

/// The word for a complete run; a promise to programs.
pub(crate) const COMPLETE: &str = "complete";

/// How a run ended, once it had begun to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunOutcome {
    /// Every offer has its answer, and the output is in place.
    Complete,
    /// Every offer has its answer, but fewer are exported than `--min-ok` wants.
    BelowMinOk {
        /// The value of `--min-ok`.
        least: String,
        /// Where the rows are, if they were not to replace an older output.
        rows_in: Option<PathBuf>,
    },
    /// The network, or the user's limits, stopped it.
    Stopped(StopReason),
    /// More offers failed than the user allows.
    TooManyErrors(String),
    /// A signal.
    Interrupted(Signal),
    /// The account's list, which was to be exported, could not be read completely.
    NoList {
        /// What is wrong with it.
        why: String,
        /// The network refuses it.
        refused: bool,
    },
}

impl RunOutcome {
    /// The exit code that stands for it.
    pub(crate) fn exit_code(&self, tally: &Tally) -> ExitCode {
        match self {
            Self::Complete => tally.exit_code(),
            Self::BelowMinOk { .. } => ExitCode::SomeFailed,
            Self::Stopped(StopReason::Refused(_) | StopReason::Unreachable { .. })
            | Self::NoList { refused: true, .. } => ExitCode::Refused,
            Self::Stopped(_) | Self::TooManyErrors(_) | Self::NoList { .. } => ExitCode::StoppedEarly,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// The word for it in the report; a promise to programs.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Complete => COMPLETE,
            Self::BelowMinOk { .. } => "below_min_ok",
            Self::Stopped(stop) => word_of(stop),
            Self::TooManyErrors(_) => "too_many_errors",
            Self::Interrupted(_) => "interrupted",
            Self::NoList { .. } => "no_list",
        }
    }

    /// What happened to a run over this many networks, of which so many were given up; empty where all is well. Each of
    /// several has its own reason, and the run has none.
    pub(crate) fn words_over(&self, (given_up, networks): (usize, usize), host: &str) -> String {
        match self {
            Self::Stopped(stop) if networks > 1 && *stop != StopReason::OutOfTime => {
                let (were, have) = if given_up == 1 { ("was", "that one has") } else { ("were", "those have") };
                if given_up == networks {
                    format!("stopped: all {networks} networks were given up")
                } else {
                    format!("stopped: {given_up} of {networks} networks {were} given up, and only {have} offers left")
                }
            }
            outcome => outcome.words(host),
        }
    }

    /// What happened, in words; empty where all is well.
    pub(crate) fn words(&self, host: &str) -> String {
        match self {
            Self::Complete => String::new(),
            Self::BelowMinOk { least, rows_in: None } => {
                format!("fewer offers than --min-ok {least} could be exported")
            }
            Self::BelowMinOk { least, rows_in: Some(file) } => {
                let file = file.display();
                format!(
                    "fewer offers than --min-ok {least} could be exported: the old output stays, the rows are in {file}"
                )
            }
            Self::Interrupted(signal) => format!("stopped by {}", signal.name()),
            Self::NoList { why, .. } => why.clone(),
            Self::TooManyErrors(most) => format!("stopped: more than {most} offers failed (--max-errors)"),
            Self::Stopped(stop) => format!("stopped: {}", stopped(stop, host)),
        }
    }

    /// More than `most` failed.
    pub(crate) fn too_many_errors(most: MaxErrors) -> Self {
        Self::TooManyErrors(most.to_string())
    }
}

/// The word for a network that was given up; a promise to programs.
pub(crate) const fn word_of(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::Refused(_) => "refused",
        StopReason::Unreachable { .. } => "unreachable",
        StopReason::NothingPassed(_) => "nothing_passed",
        StopReason::Outage { .. } => "outage",
        StopReason::ComeBackIn(_) => "come_back_later",
        StopReason::NoList(_) => "no_list",
        StopReason::OutOfTime => "out_of_time",
    }
}

/// Why a network was given up, in a few words.
pub(crate) const fn short(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::Refused(_) => "it refuses the account",
        StopReason::Unreachable { .. } => "it cannot be reached",
        StopReason::NothingPassed(_) => "no call succeeded",
        StopReason::Outage { .. } => "it was down too long",
        StopReason::ComeBackIn(_) => "it asks to come back later",
        StopReason::NoList(_) => "it gives no whole list of its offers",
        StopReason::OutOfTime => "out of time",
    }
}

/// Why a network was given up.
pub(crate) fn stopped(stop: &StopReason, host: &str) -> String {
    match stop {
        StopReason::Refused(error) => format!("{host} {}: {}", refusal(error), error.words()),
        StopReason::NothingPassed(error) if error.kind == ErrorKind::InvalidResponse => format!(
            "no call to {host} succeeded: {}; it is not the API, or a gateway answers for it: check --network or \
             --base-url, or try again later",
            error.words()
        ),
        StopReason::Unreachable { error, way_out } => format!("{}; {way_out}", error.words()),
        StopReason::NothingPassed(error) if error.http_status.is_some() => format!(
            "no call to {host} succeeded: {}; it is down, bans this machine, or is not the API: try again later, or check \
             --network or --base-url",
            error.words()
        ),
        StopReason::NothingPassed(error) => {
            format!(
                "no call to {host} succeeded: {}; check the host and this machine's network, or try again later",
                error.words()
            )
        }
        StopReason::Outage { lasted, last } => {
            let lasted = format::duration(*lasted);
            format!("{host} has not answered properly for {lasted} (--max-outage): {}", last.words())
        }
        StopReason::ComeBackIn(wait) if *wait > Policy::NO_WAIT => {
            format!("{host} asks to wait far too long ({}), again and again", format::duration(*wait))
        }
        StopReason::ComeBackIn(wait) => {
            format!("{host} asks to come back after {} ({})", format::time_in(*wait), format::duration(*wait))
        }
        StopReason::NoList(error) => format!("{host} gives no whole list of its offers: {}", error.words()),
        StopReason::OutOfTime => "out of time (--max-duration)".to_owned(),
    }
}

fn refusal(error: &OfferError) -> &'static str {
    match error.kind {
        ErrorKind::NotFound => "is not the API, or has none of the first offers",
        ErrorKind::Unauthorized | ErrorKind::IpNotAllowed | ErrorKind::AccountLocked => "refuses this account",
        ErrorKind::Redirect => "is not the API",
        _ => "refuses this account or is not the API",
    }
}
