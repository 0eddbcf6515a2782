//! Why a run stops before every request has its outcome.
//!
//! Values only: the words and exit codes are `report`'s and `exit`'s.

use std::time::Duration;

use crate::offer::OfferError;

/// Why the run stops before every request has an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The network refuses the account, or is not the network.
    Refused(OfferError),
    /// Nothing comes through, and waiting does not help.
    Unreachable {
        /// The last failure.
        error: OfferError,
        /// What to do about it.
        way_out: String,
    },
    /// Nothing has ever succeeded: the host or the way to it is wrong.
    NothingPassed(OfferError),
    /// The service is gone for longer than `--max-outage`.
    Outage {
        /// How long.
        lasted: Duration,
        /// The last failure.
        last: OfferError,
    },
    /// The network asks to come back after this time, which is too long to wait.
    ComeBackIn(Duration),
    /// The list of its offers is of no use, and there is no other way to know them.
    NoList(OfferError),
    /// `--max-duration` is over.
    OutOfTime,
}
