//! How a list ended: the words and the exit code for it.

use crate::commands::list::doubt::{Doubt, Endless};
use crate::dispatch::StopReason;
use crate::exit::ExitCode;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::report::RunOutcome;
use crate::signals::Signal;

/// How a list ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// Every offer is listed.
    Complete,
    /// The network, or the user's limits, stopped it.
    Stopped(StopReason),
    /// `--max-calls` allows no more calls.
    OutOfCalls,
    /// A signal.
    Interrupted(Signal),
    /// The network refuses a page.
    Refused(OfferError),
    /// The network's pages lead nowhere.
    Endless(Endless),
    /// The list does not add up, however often it is read.
    Short(Doubt),
}

impl End {
    /// The exit code that stands for it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::Success,
            Self::Stopped(StopReason::Refused(_) | StopReason::Unreachable { .. }) => ExitCode::Refused,
            Self::Refused(error) if error.kind.class() != Class::Transient => ExitCode::Refused,
            Self::Stopped(_) | Self::OutOfCalls | Self::Refused(_) | Self::Endless(_) | Self::Short(_) => {
                ExitCode::StoppedEarly
            }
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// The same as the outcome of the export that this list was the input of.
    pub(crate) fn of_export(self, host: &str) -> RunOutcome {
        match self {
            Self::Complete => RunOutcome::Complete,
            Self::Stopped(stop) => RunOutcome::Stopped(stop),
            Self::Interrupted(signal) => RunOutcome::Interrupted(signal),
            Self::OutOfCalls | Self::Refused(_) | Self::Endless(_) | Self::Short(_) => {
                let refused = self.exit_code() == ExitCode::Refused;
                RunOutcome::NoList { why: self.words(host), refused }
            }
        }
    }

    /// The same as what stops one of several networks of an export.
    pub(crate) fn of_network(self) -> StopReason {
        let no_list = |why: String| StopReason::NoList(OfferError::local(ErrorKind::InvalidResponse, why));
        match self {
            Self::Stopped(stop) => stop,
            Self::Refused(error) if error.kind.class() == Class::Transient => StopReason::NoList(error),
            Self::Refused(error) => StopReason::Refused(error),
            Self::Endless(endless) => no_list(endless.to_string()),
            Self::Short(doubt) => no_list(format!("{doubt}; --allow-short takes it as it is")),
            end @ (Self::Complete | Self::OutOfCalls | Self::Interrupted(_)) => no_list(end.word().to_owned()),
        }
    }

    /// Whether it is the user's own limit, of time or of calls.
    pub(crate) fn is_users_limit(&self) -> bool {
        matches!(self, Self::Stopped(StopReason::OutOfTime) | Self::OutOfCalls)
    }

    /// The word for it in the log; a promise to programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Complete => RunOutcome::Complete.word(),
            Self::Stopped(stop) => RunOutcome::Stopped(stop.clone()).word(),
            Self::Interrupted(signal) => RunOutcome::Interrupted(*signal).word(),
            Self::OutOfCalls | Self::Refused(_) | Self::Endless(_) | Self::Short(_) => "no_list",
        }
    }

    /// What happened, in words; empty where all is well.
    pub(crate) fn words(&self, host: &str) -> String {
        match self {
            Self::Complete => String::new(),
            Self::Stopped(stop) => RunOutcome::Stopped(stop.clone()).words(host),
            Self::Interrupted(signal) => RunOutcome::Interrupted(*signal).words(host),
            Self::OutOfCalls => {
                "stopped: the offer list alone takes more calls than --max-calls allows (one for each 100 \
                                 offers, twice); raise it"
                    .to_owned()
            }
            Self::Refused(error) => {
                format!(
                    "stopped: {host} does not give the offer list: {}",
                    crate::text::shown_start(&error.message, 300)
                )
            }
            Self::Endless(endless) => format!("stopped: {endless}"),
            Self::Short(doubt) => {
                format!("stopped: the offer list is not whole: {doubt}; --allow-short takes it as it is")
            }
        }
    }
}
