//! Which offers share a call, where one call brings the links of many.
//!
//! A pure state machine between the rows, which ask for offers, and the dispatcher, which is given requests: it packs
//! offers into batches, learns how many the network takes, takes refused batches apart, and asks for one offer at a time
//! where only that gives the reason why there is no link. Must not know of times, and sends nothing.

mod batch_size;
mod bisection;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use self::batch_size::{BatchSize, Size};
use self::bisection::{Bisection, Part, fitting};
use crate::api::Request;
use crate::api::batch::{Batch, too_large};
use crate::offer::{ErrorKind, OfferError, OfferId, Outcome};

/// How full a batch has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// As full as the network takes.
    Full,
    /// Whatever waits.
    Any,
}

/// What the end of a request brings.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    /// Offers that have their outcome.
    pub(crate) outcomes: Vec<(OfferId, Outcome)>,
    /// Requests that continue this one, to be sent before any other, in this order.
    pub(crate) follow_ups: Vec<Request>,
}

/// Packs offers into batches.
#[derive(Debug)]
pub(crate) struct Packer {
    /// Asked for, and in no request yet.
    waiting: VecDeque<OfferId>,
    size: BatchSize,
    /// Calls that are taken apart, by the first offer of the part in flight.
    bisections: HashMap<OfferId, Bisection>,
    /// Batches of one offer that were refused before any batch was answered.
    refused_alone: Vec<OfferId>,
    mode: Mode,
}

/// Which call brings the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// That for many offers.
    Batches,
    /// That for one: the network does not have the other, or it brings nothing.
    Singles,
}

impl Packer {
    pub(crate) fn new() -> Self {
        let (waiting, bisections) = (VecDeque::new(), HashMap::new());
        Self { waiting, size: BatchSize::new(), bisections, refused_alone: Vec::new(), mode: Mode::Batches }
    }

    /// Takes in an offer that is to be asked for.
    pub(crate) fn push(&mut self, offer: OfferId) {
        self.waiting.push_back(offer);
    }

    /// How many offers are in no request yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The most offers in a call, as far as is known.
    pub(crate) fn most(&self) -> usize {
        match self.mode {
            Mode::Batches => self.size.most_ids(),
            Mode::Singles => 1,
        }
    }

    /// The next request for offers that wait.
    ///
    /// While it is not known whether a refused call was too large there is none, since it would be as large.
    pub(crate) fn next(&mut self, fill: Fill) -> Option<Request> {
        if self.mode == Mode::Singles {
            return self.waiting.pop_front().map(Request::TrackingLinks);
        }
        if self.waiting.is_empty() || self.bisections.values().any(|open| open.is_in_doubt(&self.size)) {
            return None;
        }
        let most = self.size.most();
        let take = fitting(&self.waiting, most);
        let is_full = take < self.waiting.len() || take == most.ids;
        (is_full || fill == Fill::Any).then(|| batch(self.waiting.drain(..take).collect()))
    }

    /// The request as it is to be sent: no larger than the network takes by now. What is cut off waits again.
    pub(crate) fn fit(&mut self, request: &Request) -> Option<Request> {
        let Request::Batch(ids) = request else { return None };
        let (first, take) = (ids.first()?, fitting(&**ids, self.size.most()));
        let is_last_resort = take == 1 && !self.size.has_proof() && (ids.len() > 1 || self.size.is_cautious());
        if self.mode == Mode::Singles || is_last_resort {
            // Calls of several have failed whatever their size: the call for one tells whether the service is up.
            self.put_back(first, ids.get(1..)?);
            self.close(first);
            return Some(Request::TrackingLinks(*first));
        }
        if take < ids.len() {
            self.put_back(first, ids.get(take..)?);
            return Some(batch(ids.get(..take)?.to_vec()));
        }
        None
    }

    /// The request with as many of the waiting offers as it has room for, unless it is a part of a refused one.
    pub(crate) fn top_up(&mut self, request: &Request) -> Option<Request> {
        let Request::Batch(ids) = request else { return None };
        if self.waiting.is_empty() || self.bisections.contains_key(ids.first()?) {
            return None;
        }
        let all: Vec<_> = ids.iter().chain(&self.waiting).copied().collect();
        let more = fitting(&all, self.size.most()).saturating_sub(ids.len());
        (more > 0).then(|| batch(ids.iter().copied().chain(self.waiting.drain(..more)).collect()))
    }

    /// A call of a batch failed and is repeated: its size may be why.
    pub(crate) fn failed(&mut self, request: &Request, error: &OfferError) {
        let may_be_size = matches!(
            error.kind,
            ErrorKind::Network | ErrorKind::Timeout | ErrorKind::ServerError | ErrorKind::InvalidResponse
        );
        if let (Request::Batch(ids), true) = (request, may_be_size) {
            self.size.failed(Size::of(&**ids));
        }
        // Whatever its size, a batch fails where the call for one offer does not.
        if self.size.most_ids() == 1 && !self.size.has_proof() {
            self.mode = Mode::Singles;
        }
    }

    /// A batch was answered, or has failed for good.
    pub(crate) fn unpack(&mut self, ids: &[OfferId], answer: Result<Batch, OfferError>) -> Unpacked {
        let Some(first) = ids.first() else { return Unpacked::default() };
        let mut bisection = self.bisections.remove(first).unwrap_or_default();
        let (size, mut unpacked) = (Size::of(ids), Unpacked::default());
        match answer {
            Ok(Batch(found)) => {
                self.size.answered(size);
                bisection.answered(size);
                self.refused_alone.clear();
                for (offer, outcome) in found {
                    match outcome {
                        Some(outcome) => unpacked.outcomes.push((offer, outcome)),
                        None => unpacked.follow_ups.push(Request::TrackingLinks(offer)),
                    }
                }
            }
            Err(error) => {
                if let Some(why) = too_large(&error).filter(|_| ids.len() > 1) {
                    self.size.too_large(size, why);
                    // As it is: it is cut when it is sent, and what is cut off follows.
                    unpacked.follow_ups.push(batch(ids.to_vec()));
                    if bisection.is_open() {
                        self.bisections.insert(*first, bisection);
                    }
                    return unpacked;
                }
                bisection.refused(ids);
                unpacked.follow_ups.extend(self.refused_alone(ids));
            }
        }
        self.continue_with(bisection, &mut unpacked.follow_ups);
        unpacked
    }

    /// The call for a single offer that was refused as a batch: it gives the reason.
    fn refused_alone(&mut self, ids: &[OfferId]) -> Option<Request> {
        let [only] = ids else { return None };
        if !self.size.has_proof() {
            self.refused_alone.push(*only);
        }
        Some(Request::TrackingLinks(*only))
    }

    /// The call for one offer has ended for good. Where it brings what a batch of this one offer was refused for, the
    /// network does not have the call for many.
    pub(crate) fn single(&mut self, offer: OfferId, outcome: &Outcome) {
        if outcome.as_ref().err().is_none_or(OfferError::is_apis_own) {
            self.size.service_is_up();
        }
        if outcome.is_ok() && self.refused_alone.contains(&offer) {
            self.mode = Mode::Singles;
        }
    }

    fn continue_with(&mut self, mut bisection: Bisection, follow_ups: &mut Vec<Request>) {
        if self.mode == Mode::Singles {
            follow_ups.extend(bisection.give_up().map(Request::TrackingLinks));
            return;
        }
        for part in bisection.next(&mut self.size) {
            match part {
                Part::Bad(offer) => follow_ups.push(Request::TrackingLinks(offer)),
                Part::Batch(part) => {
                    if let Some(first) = part.first() {
                        self.bisections.insert(*first, std::mem::take(&mut bisection));
                    }
                    follow_ups.push(batch(part));
                    return;
                }
            }
        }
    }

    /// Offers cut off from the request that begins with `first`.
    fn put_back(&mut self, first: &OfferId, cut: &[OfferId]) {
        let cut = cut.iter().copied();
        match self.bisections.get_mut(first) {
            Some(bisection) => bisection.put_back(cut),
            None => cut.rev().for_each(|offer| self.waiting.push_front(offer)),
        }
    }

    /// The part in flight is asked for by another call: what is left of its bisection waits again.
    fn close(&mut self, first: &OfferId) {
        if let Some(bisection) = self.bisections.remove(first) {
            let left: Vec<_> = bisection.give_up().collect();
            left.into_iter().rev().for_each(|offer| self.waiting.push_front(offer));
        }
    }
}

fn batch(ids: Vec<OfferId>) -> Request {
    Request::Batch(Rc::from(ids))
}
