//! How a list ended: the words and the exit code for it.

use super::paging::Endless;
use crate::exit::ExitCode;
use crate::offer::{Class, OfferError};
use crate::report::Ending;
use crate::schedule::Stop;
use crate::signals::Signal;

/// How a list ended.
#[derive(Debug)]
pub enum End {
    /// Every offer is listed.
    Complete,
    /// The network, or the user's limits, stopped it.
    Stopped(Stop),
    /// A signal.
    Interrupted(Signal),
    /// The network refuses a page.
    Refused(OfferError),
    /// The network's pages lead nowhere.
    Endless(Endless),
}

impl End {
    /// The exit code that stands for it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::Success,
            Self::Stopped(Stop::Refused(_)) => ExitCode::Refused,
            Self::Refused(error) if error.kind.class() != Class::Transient => ExitCode::Refused,
            Self::Stopped(_) | Self::Refused(_) | Self::Endless(_) => ExitCode::StoppedEarly,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// What happened, in words; nothing where all is well.
    pub(super) fn words(&self, host: &str) -> String {
        match self {
            Self::Complete => String::new(),
            Self::Stopped(stop) => Ending::Stopped(stop.clone()).words(host),
            Self::Interrupted(signal) => Ending::Interrupted(*signal).words(host),
            Self::Refused(error) => {
                format!("stopped: {host} does not give the offer list: {}", crate::text::one_line(&error.message, 300))
            }
            Self::Endless(endless) => format!("stopped: {endless}"),
        }
    }
}
