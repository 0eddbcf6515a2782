//! What comes back to a lane, and what goes out of it to the writer.
//!
//! Part of [`Lane`]: takes answers to the dispatcher and to the rows that wait for them.

use std::time::Instant;

use crate::api::{Client, Reply};
use crate::dispatch::{Completion, Failure, StopReason};
use crate::error::Error;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::reorder::Slot;
use crate::report::{Event, LaneId, Report};
use crate::run::call_limit::not_asked;
use crate::run::feed::Pending;
use crate::run::lane::{Arrived, Lane};
use crate::run::session::responder;
use crate::run::writer::Writer;

impl Lane {
    /// Takes in an answer.
    ///
    /// # Errors
    /// The network is to be given up.
    pub(crate) fn answered(
        &mut self,
        (call, reply, took): Arrived,
        client: &Client,
        report: &Report,
    ) -> Result<(), StopReason> {
        let (lane, now) = (LaneId(self.id), Instant::now());
        self.wake = Some(now);
        let responder = responder(&reply);
        let Reply { outcome, retry_after, http_status, fault, .. } = reply;
        let closed = fault.and_then(|fault| client.closed(fault)).zip(outcome.as_ref().err().cloned());
        report.emit(&Event::Answered { lane, http_status, took });
        if let Err(error) = &outcome {
            report.emit(&Event::CallFailed { lane, request: call.request().clone(), error: error.clone() });
            self.warn_of_bad_start(error, report, now);
            if !call.is_canary() {
                self.calls.failed(call.request(), error);
            }
        }
        let completion = match &outcome {
            Ok(_) => Completion::Success,
            Err(error) => Completion::Failure(Failure {
                error: error.clone(),
                retry_after,
                responder,
                may_be_size: call.request().offers() > 1,
            }),
        };
        let completed = self.requests.complete(call, outcome, completion, now);
        self.take_outcomes();
        if let Some(most) = self.requests.learned() {
            report.emit(&Event::OffersPerCall { lane, most });
        }
        closed.map_or(completed, |(way_out, error)| Err(StopReason::Unreachable { error, way_out }))
    }

    /// Until something succeeds, calls are made one by one: if the host swallows them, that takes minutes of silence.
    fn warn_of_bad_start(&self, error: &OfferError, report: &Report, now: Instant) {
        let is_first = self.requests.dispatcher.counts(now).calls == 1;
        if is_first && (error.kind.class() == Class::Transient || error.kind == ErrorKind::Redirect) {
            report.emit(&Event::FirstCallFailed { lane: LaneId(self.id), error: error.clone() });
        }
    }

    /// Gives the rows that wait for an offer its outcome.
    pub(super) fn take_outcomes(&mut self) {
        for (offer, outcome) in self.requests.take_outcomes() {
            self.calls.finished(offer);
            self.window.finish(offer, outcome);
        }
    }

    /// Writes every row whose turn it is. Tells whether there were any.
    pub(crate) fn write(&mut self, writer: &mut Writer) -> Result<bool, Error> {
        let mut wrote = false;
        while let Some((pending, slot)) = self.window.pop() {
            wrote = true;
            let place = (self.id, &*self.network);
            match (&pending, slot.as_ref().and_then(Slot::outcome)) {
                (Pending::Row(row), Some(outcome)) => writer.write(place, row, outcome)?,
                (Pending::Row(row), None) => writer.write_uncalled(place, row)?,
                (Pending::Kept(row), _) => writer.keep(self.id, row)?,
                (Pending::Stale(row, stale), Some(outcome)) => writer.write_or_keep(place, row, (outcome, stale))?,
                (Pending::Stale(..), None) => {}
                (Pending::StaysStale(row, stale), _) => writer.write_or_keep(place, row, (&Err(not_asked()), stale))?,
                (Pending::LastGood(row, known), _) => writer.write_last_good(place, row, known)?,
                (Pending::NotAsked(row), _) => writer.write_not_asked(place, row)?,
                (Pending::Unrouted(row, why), _) => writer.write_unrouted(self.id, row, why)?,
            }
        }
        Ok(wrote)
    }
}
