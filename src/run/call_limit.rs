//! `--max-calls`: how many calls a run has made and may still make, counted once for all its networks and their lists.
//!
//! Every call that leaves counts, whatever it is for and whatever comes of it. The count survives kills: a checkpoint
//! holds the calls that may have been made by the next one, so a run that goes on can make too few, and never too many.
//! Counts only. Must not decide which call leaves.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::api::Request;
use crate::offer::{Class, ErrorKind, OfferError, OfferId};

/// The limit of a run; its clones share one count.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLimit(Option<Rc<Count>>);

#[derive(Debug)]
struct Count {
    most: u64,
    made: Cell<u64>,
    /// What the newest checkpoint on disk says: more may not be made before the next one.
    on_disk: Cell<u64>,
    is_over: Cell<bool>,
}

/// Whether a call may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// The next checkpoint opens it.
    AwaitsCommit,
    /// No other call will leave.
    UsedUp,
}

impl CallLimit {
    /// The limit of `--max-calls`, if that is given. Without checkpoints all of it may be used at once.
    pub(crate) fn new(most: Option<u64>, has_checkpoints: bool) -> Self {
        let count = |most| {
            let on_disk = if has_checkpoints { 0 } else { most };
            Rc::new(Count { most, made: Cell::new(0), on_disk: Cell::new(on_disk), is_over: Cell::new(false) })
        };
        Self(most.map(count))
    }

    /// Goes on where an earlier part of the run has made these calls.
    pub(crate) fn resume(&self, made: Option<u64>) {
        if let (Some(count), Some(made)) = (&self.0, made) {
            count.made.set(made);
            count.on_disk.set(made);
        }
    }

    /// How many calls may still be made; `None` where nothing limits them.
    pub(crate) fn left(&self) -> Option<u64> {
        self.0.as_ref().map(|count| count.most.saturating_sub(count.made.get()))
    }

    /// Whether a call may leave now.
    pub(crate) fn gate(&self) -> Gate {
        match &self.0 {
            Some(count) if count.made.get() >= count.most => Gate::UsedUp,
            Some(count) if count.made.get() >= count.on_disk.get() => Gate::AwaitsCommit,
            _ => Gate::Open,
        }
    }

    /// A call leaves.
    pub(crate) fn sending(&self) {
        if let Some(count) = &self.0 {
            count.made.set(count.made.get() + 1);
        }
    }

    /// No call leaves any more: from now on a checkpoint holds only the calls that were made.
    pub(crate) fn end(&self) {
        if let Some(count) = &self.0 {
            count.is_over.set(true);
        }
    }

    /// What the next checkpoint says: a kill costs at most a fiftieth of the calls.
    pub(crate) fn for_checkpoint(&self) -> Option<u64> {
        let count = self.0.as_ref()?;
        let ahead = if count.is_over.get() { 0 } else { count.ahead() };
        Some(count.made.get().saturating_add(ahead).min(count.most))
    }

    /// A checkpoint that says this is on disk.
    pub(crate) fn is_on_disk(&self, calls: Option<u64>) {
        if let (Some(count), Some(calls)) = (&self.0, calls) {
            count.on_disk.set(calls);
        }
    }

    /// Whether a checkpoint is due so that calls need not wait for it.
    pub(crate) fn wants_commit(&self) -> bool {
        let is_short = |count: &Rc<Count>| {
            let on_disk = count.on_disk.get();
            on_disk < count.most && on_disk.saturating_sub(count.made.get()) <= count.ahead() / 2
        };
        self.0.as_ref().is_some_and(is_short)
    }
}

impl Count {
    /// How many calls a checkpoint allows.
    fn ahead(&self) -> u64 {
        const CHECKPOINTS: u64 = 50;
        self.most.div_ceil(CHECKPOINTS).max(1)
    }
}

/// The limit as one lane sees it, with what is known of offers that still wait for their answer.
#[derive(Debug, Default)]
pub(crate) struct LaneCalls {
    pub(super) limit: CallLimit,
    /// Only where the calls are limited.
    failures: HashMap<OfferId, OfferError>,
}

impl LaneCalls {
    pub(crate) fn new(limit: CallLimit) -> Self {
        Self { limit, failures: HashMap::new() }
    }

    /// A call has failed, and its offers may be asked for again.
    pub(super) fn failed(&mut self, request: &Request, error: &OfferError) {
        // What an answer for many says of an offer is not about that offer.
        if self.limit.0.is_none() || error.kind.class() == Class::Offer {
            return;
        }
        let offers = match request {
            Request::TrackingLinks(offer) => std::slice::from_ref(offer),
            Request::Batch(offers) => offers,
            Request::OfferPage { .. } => &[],
        };
        self.failures.extend(offers.iter().map(|offer| (*offer, error.clone())));
    }

    /// An offer has its outcome.
    pub(super) fn finished(&mut self, offer: OfferId) {
        if !self.failures.is_empty() {
            self.failures.remove(&offer);
        }
    }

    /// Why an offer has no answer and will get none: its last failure, if it was asked for.
    pub(super) fn why_open(&mut self, offer: OfferId) -> OfferError {
        self.failures.remove(&offer).unwrap_or_else(not_asked)
    }
}

/// The error of an offer that is left for a later run.
pub(super) fn not_asked() -> OfferError {
    let message = "not asked for in this run (--max-calls), and the history has no links of it";
    OfferError::local(ErrorKind::NotAsked, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes calls until the gate closes, and says how many.
    fn call(limit: &CallLimit) -> u64 {
        let mut calls = 0;
        while limit.gate() == Gate::Open {
            limit.sending();
            calls += 1;
        }
        calls
    }

    #[test]
    fn never_a_call_more_than_the_limit_whatever_is_killed_when() {
        for most in [0, 1, 2, 7, 50, 51, 1_000] {
            // Killed after each checkpoint, with every call made that it allows; then before the next one.
            let (mut made, mut on_disk) = (0, Some(0));
            for part in 0.. {
                let limit = CallLimit::new(Some(most), true);
                limit.resume(on_disk);
                if part > 0 && limit.gate() == Gate::UsedUp {
                    break;
                }
                on_disk = limit.for_checkpoint();
                limit.is_on_disk(on_disk);
                made += call(&limit);
                assert!(part < 60, "{most}: it ends");
            }
            assert_eq!(made, most, "where all that a checkpoint allows is made, nothing is lost");
            // Killed before it makes any.
            let mut on_disk = Some(0);
            for _ in 0..60 {
                let limit = CallLimit::new(Some(most), true);
                limit.resume(on_disk);
                on_disk = limit.for_checkpoint();
            }
            assert_eq!(on_disk, Some(most), "what may have been made counts");
        }
    }

    #[test]
    fn a_run_that_ends_properly_loses_no_call() {
        let limit = CallLimit::new(Some(100), true);
        assert_eq!((limit.gate(), limit.wants_commit()), (Gate::AwaitsCommit, true));
        limit.is_on_disk(limit.for_checkpoint());
        assert_eq!((call(&limit), limit.gate(), limit.wants_commit()), (2, Gate::AwaitsCommit, true));
        limit.end();
        let resumed = CallLimit::new(Some(100), true);
        resumed.resume(limit.for_checkpoint());
        assert_eq!(resumed.left(), Some(98));
        // Another limit is that of the whole run.
        let lower = CallLimit::new(Some(1), true);
        lower.resume(limit.for_checkpoint());
        assert_eq!((lower.left(), lower.gate()), (Some(0), Gate::UsedUp));
    }

    #[test]
    fn without_a_limit_nothing_waits_and_without_checkpoints_nothing_is_kept_back() {
        let none = CallLimit::default();
        none.sending();
        none.resume(Some(9));
        assert_eq!((none.left(), none.gate(), none.wants_commit()), (None, Gate::Open, false));
        assert_eq!(none.for_checkpoint(), None);
        let stream = CallLimit::new(Some(100), false);
        assert_eq!((stream.wants_commit(), call(&stream), stream.gate()), (false, 100, Gate::UsedUp));
    }

    #[test]
    fn an_offer_that_was_asked_for_keeps_its_last_failure_and_no_other_offers_reason() {
        use ErrorKind::{NotAsked, RateLimited, Timeout};
        let offer = |id: &str| OfferId::parse(id).unwrap();
        let mut calls = LaneCalls::new(CallLimit::new(Some(9), true));
        let error = |kind| OfferError::local(kind, "no");
        calls.failed(&Request::TrackingLinks(offer("1")), &error(ErrorKind::ServerError));
        calls.failed(&Request::TrackingLinks(offer("1")), &error(ErrorKind::Timeout));
        calls.failed(&Request::TrackingLinks(offer("2")), &error(ErrorKind::Timeout));
        calls.failed(&Request::Batch([offer("3"), offer("4")].into()), &error(ErrorKind::RateLimited));
        calls.failed(&Request::Batch([offer("5"), offer("6")].into()), &error(ErrorKind::BadRequest));
        calls.finished(offer("2"));
        let kinds = ["1", "2", "3", "4", "5", "7"].map(|id| calls.why_open(offer(id)).kind);
        assert_eq!(kinds, [Timeout, NotAsked, RateLimited, RateLimited, NotAsked, NotAsked]);
    }
}
