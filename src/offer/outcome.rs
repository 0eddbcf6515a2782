//! What became of an offer, and where that is known from. Owns no decision about it.

use jiff::Timestamp;

use crate::offer::answer::Answer;
use crate::offer::error::OfferError;

/// What the calls for an offer came to: its links, or why there are none.
pub type Outcome = Result<Answer, OfferError>;

/// Where the links of a row come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The network, in this run.
    Live,
    /// The answer to an earlier row of this run.
    Cached,
    /// An earlier run, whose answer is young enough.
    History,
}

/// What is written for an offer.
#[derive(Clone, Copy, Debug)]
pub enum RowOutcome<'a> {
    /// Its links.
    Good {
        /// The links.
        answer: &'a Answer,
        /// Where they are from.
        source: Source,
    },
    /// Why there are none.
    Failed(&'a OfferError),
    /// Its last good links, because there are no new ones.
    Stale {
        /// The last good links.
        answer: &'a Answer,
        /// Why there are no new ones.
        error: &'a OfferError,
        /// When these were confirmed.
        last_good_at: Timestamp,
    },
}

impl<'a> RowOutcome<'a> {
    /// An outcome of this run.
    pub fn live(outcome: &'a Outcome) -> Self {
        match outcome {
            Ok(answer) => Self::Good { answer, source: Source::Live },
            Err(error) => Self::Failed(error),
        }
    }

    /// The links, old or new.
    pub const fn answer(self) -> Option<&'a Answer> {
        match self {
            Self::Good { answer, .. } | Self::Stale { answer, .. } => Some(answer),
            Self::Failed(_) => None,
        }
    }

    /// Why there are no new links.
    pub const fn error(self) -> Option<&'a OfferError> {
        match self {
            Self::Failed(error) | Self::Stale { error, .. } => Some(error),
            Self::Good { .. } => None,
        }
    }

    /// The word in the column `status`; a promise to users.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Good { .. } => "ok",
            Self::Failed(_) => "error",
            Self::Stale { .. } => "stale",
        }
    }

    /// When the links of a stale row were confirmed.
    pub const fn last_good_at(self) -> Option<Timestamp> {
        match self {
            Self::Stale { last_good_at, .. } => Some(last_good_at),
            Self::Good { .. } | Self::Failed(_) => None,
        }
    }
}
