//! Whether the network lets this account in at all: the first call goes alone, and what the API says about the account is
//! held back until it is clear whether every offer gets it.
//!
//! Decides from the kinds of answers only; what is sent instead is the schedule's business.

use std::time::{Duration, Instant};

use crate::dispatch::Task;
use crate::offer::OfferError;

/// What the gate makes of an answer about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Too early to say.
    Unclear,
    /// An offer that is known to be good should be asked for, to see whether it is refused too.
    AskWitness,
    /// The account or the host is refused.
    Refused,
}

/// Keeps what speaks of the account until something passes.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Something has passed in an earlier run: the host is the API's.
    proven: bool,
    open: bool,
    /// What is asked for failed before, so that nothing needs to pass.
    expects_failures: bool,
    begun: usize,
    suspects: Vec<(Task, OfferError)>,
    /// The network has said that the key is wrong; a call from then on is to confirm it.
    confirm_at: Option<Instant>,
}

impl Gate {
    /// While nothing has passed, no more offers than this are begun: a wrong account costs 3 calls, not 50.
    pub(crate) const FIRST_OFFERS: usize = 3;
    /// As many different offers refused in a row are no accident.
    pub(crate) const IN_A_ROW: usize = 10;
    /// One wrong answer about the key may be a hiccup; one so much later is not.
    const CONFIRM_AFTER: Duration = Duration::from_secs(2);

    /// Whether something has passed.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the host is known to be the API's, by this run or an earlier one.
    pub(crate) fn host_is_known(&self) -> bool {
        self.open || self.proven
    }

    /// Calls to this host have passed in an earlier run.
    pub(crate) fn prove(&mut self) {
        self.proven = true;
    }

    /// All that is asked for failed in an earlier run.
    pub(crate) fn expect_failures(&mut self) {
        self.expects_failures = true;
    }

    /// Whether all that is asked for failed in an earlier run.
    pub(crate) fn expects_failures(&self) -> bool {
        self.expects_failures
    }

    /// Whether another offer may be begun.
    pub(crate) fn may_begin(&self) -> bool {
        self.open || self.begun < Self::FIRST_OFFERS
    }

    /// An offer was begun.
    pub(crate) fn begun(&mut self) {
        self.begun += 1;
    }

    /// As many offers as at the start may be begun once more, though nothing has passed.
    pub(crate) fn begin_anew(&mut self) {
        self.begun = 0;
    }

    /// When a single call may leave to confirm that the key is wrong, if the network has said so.
    pub(crate) fn confirm_at(&self) -> Option<Instant> {
        self.confirm_at
    }

    /// A call sent at `sent_at` passed: what was suspicious concerned its own offer only, and is given back.
    pub(crate) fn passed(&mut self, sent_at: Instant) -> Vec<(Task, OfferError)> {
        // What was on its way when the key was refused speaks for the time before.
        self.confirm_at = self.confirm_at.filter(|at| sent_at < *at);
        self.open = true;
        std::mem::take(&mut self.suspects)
    }

    /// The network says to a call sent at `sent_at` that the key is wrong.
    pub(crate) fn unauthorized(&mut self, sent_at: Instant, now: Instant) -> Ruling {
        let at = *self.confirm_at.get_or_insert(now + Self::CONFIRM_AFTER);
        if sent_at >= at { Ruling::Refused } else { Ruling::Unclear }
    }

    /// Nothing is to be confirmed any more: an outage has begun, which has its own patience.
    pub(crate) fn stop_confirming(&mut self) {
        self.confirm_at = None;
    }

    /// Holds back an answer about the account.
    pub(crate) fn suspect(&mut self, task: Task, error: OfferError) -> Ruling {
        self.suspects.push((task, error));
        match (self.open, self.suspects.len()) {
            (false, n) if n >= Self::FIRST_OFFERS => Ruling::Refused,
            (true, Self::IN_A_ROW) => Ruling::AskWitness,
            _ => Ruling::Unclear,
        }
    }

    /// How many answers are held back.
    pub(crate) fn suspects(&self) -> usize {
        self.suspects.len()
    }

    /// What the API has said of the account, if anything is held back.
    pub(crate) fn refusal(&self) -> Option<&OfferError> {
        self.suspects.first().map(|(_, error)| error)
    }
}
