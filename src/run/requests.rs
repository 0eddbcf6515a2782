//! From the offers that rows ask for to requests, and from answers back to the outcomes of offers.
//!
//! Joins the dispatcher, which knows nothing of offers, with the packer, which knows nothing of times. Sends nothing.

use std::time::Instant;

use crate::api::batch::default_link;
use crate::api::{Payload, Request};
use crate::dispatch::{Call, Completion, Dispatcher, Next, StopReason, Supply, Verdict};
use crate::offer::{OfferError, OfferId, Outcome};
use crate::run::packer::{Fill, Packer, Unpacked};
use crate::settings::links::Links;

/// The requests of one network.
#[derive(Debug)]
pub(crate) struct Requests {
    /// Decides which request leaves next.
    pub(crate) dispatcher: Dispatcher<Request>,
    /// Packs offers into batches; none where every offer is asked for by itself.
    packer: Option<Packer>,
    outcomes: Vec<(OfferId, Outcome)>,
    /// The most offers in a call, as it was last told.
    known: usize,
}

impl Requests {
    pub(crate) fn new(dispatcher: Dispatcher<Request>, links: Links) -> Self {
        let packer = (links == Links::Default).then(Packer::new);
        let known = packer.as_ref().map_or(1, Packer::most);
        Self { dispatcher, packer, outcomes: Vec::new(), known }
    }

    /// Whether more offers can be used now.
    pub(crate) fn wants_offers(&self) -> bool {
        match &self.packer {
            None => self.dispatcher.wants_requests(),
            Some(packer) => {
                self.dispatcher.wants_requests() && packer.waiting() < packer.most() * self.dispatcher.room()
            }
        }
    }

    /// Takes in an offer that is to be asked for.
    pub(crate) fn ask(&mut self, offer: OfferId) {
        match &mut self.packer {
            None => self.dispatcher.push(Request::TrackingLinks(offer)),
            Some(packer) => packer.push(offer),
        }
    }

    /// The most offers that the network takes in a call, if fewer than was known the last time.
    pub(crate) fn learned(&mut self) -> Option<usize> {
        let most = self.packer.as_ref()?.most();
        (most < std::mem::replace(&mut self.known, most)).then_some(most)
    }

    /// What to do at `now`.
    ///
    /// # Errors
    /// The run has to stop; what is in flight may still be waited for.
    pub(crate) fn next(&mut self, now: Instant, supply: Supply) -> Result<Next<Request>, StopReason> {
        let mut next = loop {
            let supply = self.pack(supply);
            let next = self.dispatcher.next(now, supply)?;
            // A batch that has failed for good is continued by other requests, which may leave at once: nobody asks again
            // where nothing is in flight.
            if !self.take_resolved() || matches!(next, Next::Send(_)) {
                break next;
            }
        };
        if let (Some(packer), Next::Send(call)) = (&mut self.packer, &mut next)
            && !call.is_canary()
        {
            let changed = packer.fit(call.request());
            let changed = changed.or_else(|| if call.is_retry() { None } else { packer.top_up(call.request()) });
            if let Some(request) = changed {
                call.set_request(request);
            }
        }
        Ok(next)
    }

    /// Hands packed requests to the dispatcher; whether more may come.
    fn pack(&mut self, supply: Supply) -> Supply {
        let Some(packer) = &mut self.packer else { return supply };
        while self.dispatcher.wants_requests() {
            // A batch that is not full is sent only where nothing else could be; it fills up until it leaves.
            let fill = if self.dispatcher.has_new() { Fill::Full } else { Fill::Any };
            let Some(request) = packer.next(fill) else { break };
            self.dispatcher.push(request);
        }
        if packer.waiting() > 0 { Supply::Open } else { supply }
    }

    /// Takes in how a call ended, and what came.
    ///
    /// # Errors
    /// The run has to stop.
    pub(crate) fn complete(
        &mut self,
        call: Call<Request>,
        answer: Result<Payload, OfferError>,
        completion: Completion,
        now: Instant,
    ) -> Result<(), StopReason> {
        let failed = match (&self.packer, &answer) {
            (Some(_), Err(error)) if !call.is_canary() => Some((call.request().clone(), error.clone())),
            _ => None,
        };
        let completed = self.dispatcher.complete(call, completion, now);
        self.take_resolved();
        match completed? {
            Verdict::Final(request) => self.finish(&request, answer),
            Verdict::Pending => {
                if let (Some(packer), Some((request, error))) = (&mut self.packer, failed) {
                    packer.failed(&request, &error);
                }
            }
        }
        Ok(())
    }

    /// The outcomes that have come since the last time.
    pub(crate) fn take_outcomes(&mut self) -> impl Iterator<Item = (OfferId, Outcome)> + '_ {
        self.outcomes.drain(..)
    }

    /// Takes in what has failed for good; whether a batch was among it.
    fn take_resolved(&mut self) -> bool {
        let resolved: Vec<_> = self.dispatcher.take_resolved().collect();
        let has_batch = resolved.iter().any(|(request, _)| matches!(request, Request::Batch(_)));
        for (request, error) in resolved {
            self.finish(&request, Err(error));
        }
        has_batch
    }

    fn finish(&mut self, request: &Request, answer: Result<Payload, OfferError>) {
        match (request, &mut self.packer) {
            (Request::TrackingLinks(offer), None) => self.outcomes.push((*offer, answer.and_then(Payload::into_links))),
            (Request::TrackingLinks(offer), Some(packer)) => {
                let outcome = answer.and_then(Payload::into_links).and_then(default_link);
                packer.single(*offer, &outcome);
                self.outcomes.push((*offer, outcome));
            }
            (Request::Batch(ids), Some(packer)) => {
                let Unpacked { outcomes, follow_ups } = packer.unpack(ids, answer.and_then(Payload::into_batch));
                self.outcomes.extend(outcomes);
                follow_ups.into_iter().rev().for_each(|request| self.dispatcher.push_first(request));
            }
            (Request::Batch(_), None) | (Request::OfferPage { .. }, _) => {}
        }
    }
}

#[cfg(test)]
mod tests;
