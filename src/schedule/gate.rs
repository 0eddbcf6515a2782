//! Whether the network lets this account in at all: the first call goes alone, and answers that may concern every
//! offer are held back until it is clear whom they concern.
//!
//! Decides from the kinds of answers only; what is sent instead is the schedule's business.

use std::time::{Duration, Instant};

use super::task::Task;
use crate::offer::{Class, ErrorKind, OfferError};

/// What the gate makes of a suspicious answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Too early to say.
    Unclear,
    /// An offer that is known to be good should be asked for, to see whether it is refused too.
    AskWitness,
    /// The account or the host is refused.
    Refused,
}

/// Keeps what is suspicious until something passes.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Something has passed in an earlier run: the host is the API's.
    proven: bool,
    open: bool,
    begun: usize,
    suspects: Vec<(Task, OfferError)>,
    /// The network has said that the key is wrong; a call from then on is to confirm it.
    confirm_at: Option<Instant>,
}

impl Gate {
    /// While nothing has passed, no more offers than this are begun: a wrong account costs 3 calls, not 50.
    pub(super) const FIRST_OFFERS: usize = 3;
    /// As many different offers refused in a row are no accident.
    const IN_A_ROW: usize = 10;
    /// One wrong answer about the key may be a hiccup; one so much later is not.
    const CONFIRM_AFTER: Duration = Duration::from_secs(2);

    /// Whether something has passed.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Calls to this host have passed in an earlier run.
    pub(super) fn prove(&mut self) {
        self.proven = true;
    }

    /// Whether another offer may be begun.
    pub(super) fn may_begin(&self) -> bool {
        self.open || self.begun < Self::FIRST_OFFERS
    }

    /// An offer was begun.
    pub(super) fn begun(&mut self) {
        self.begun += 1;
    }

    /// When a single call may leave to confirm that the key is wrong, if the network has said so.
    pub(super) fn confirm_at(&self) -> Option<Instant> {
        self.confirm_at
    }

    /// A call that left at `left` passed: what was suspicious concerned its own offer only, and is given back.
    pub(super) fn passed(&mut self, left: Instant) -> Vec<(Task, OfferError)> {
        // What was on its way when the key was refused speaks for the time before.
        self.confirm_at = self.confirm_at.filter(|at| left < *at);
        self.open = true;
        std::mem::take(&mut self.suspects)
    }

    /// Takes what was suspicious for the offers' own, though nothing has passed: as many others may be begun.
    pub(super) fn release(&mut self) -> Vec<(Task, OfferError)> {
        self.begun = 0;
        std::mem::take(&mut self.suspects)
    }

    /// The network says to a call that left at `left` that the key is wrong.
    pub(super) fn unauthorized(&mut self, left: Instant, now: Instant) -> Ruling {
        let at = *self.confirm_at.get_or_insert(now + Self::CONFIRM_AFTER);
        if left >= at { Ruling::Refused } else { Ruling::Unclear }
    }

    /// Holds back an answer that may concern every offer.
    pub(super) fn suspect(&mut self, task: Task, error: OfferError) -> Ruling {
        self.suspects.push((task, error));
        match (self.open, self.suspects.len()) {
            (false, n) if n >= Self::FIRST_OFFERS => Ruling::Refused,
            (true, Self::IN_A_ROW) => Ruling::AskWitness,
            _ => Ruling::Unclear,
        }
    }

    /// How many answers are held back.
    pub(super) fn suspects(&self) -> usize {
        self.suspects.len()
    }

    /// An answer held back that speaks of the account or the host, not of its offer.
    pub(super) fn refusal(&self) -> Option<&OfferError> {
        self.suspects.iter().map(|(_, error)| error).find(|error| error.kind.class() != Class::Offer)
    }

    /// Whether an answer may concern every offer, though it came for one. `wrong_host` tells that it is a page, as
    /// other hosts send them: before anything has passed that is the wrong host, later it may be a gateway's hiccup.
    /// A 404 without a code may be another host's too, until something passes: the API's own has one.
    pub(super) fn is_suspicious(&self, error: &OfferError, wrong_host: bool) -> bool {
        match error.kind {
            ErrorKind::IpNotAllowed | ErrorKind::AccountLocked => true,
            ErrorKind::InvalidResponse => wrong_host && !self.open,
            ErrorKind::NotApproved => error.http_status == Some(403) && !speaks_of_approval(error),
            ErrorKind::NotFound if !self.open => {
                wrong_host || (!self.proven && error.http_status == Some(404) && error.code.is_none())
            }
            _ => wrong_host,
        }
    }
}

/// An account with ten unapproved offers in a row is nothing unusual; one that is refused would be told otherwise.
fn speaks_of_approval(error: &OfferError) -> bool {
    let message = error.message.to_ascii_lowercase();
    message.contains("approv") || message.contains("apply")
}
