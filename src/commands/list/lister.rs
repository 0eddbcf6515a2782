//! Reads the offer list of one network, page by page: `paging` says which page is wanted, the dispatcher when it may be
//! asked for, how often, and when to give up.
//!
//! Knows nothing of signals: dropping it stops it.

use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use tokio::time::sleep_until;

use crate::api::offers::{Listed, Page};
use crate::api::{Client, Payload, Reply, Request};
use crate::budget::Participant;
use crate::commands::list::end::End;
use crate::commands::list::paging::{Nameless, Paging, Step};
use crate::commands::list::progress::Board;
use crate::dispatch::{Call, Completion, Dispatcher, Failure, Next, StopReason, Supply, Verdict, Waiting};
use crate::input::Total;
use crate::offer::{ErrorKind, OfferError};
use crate::report::{Event, LaneId, Report};
use crate::run::call_limit::CallLimit;
use crate::run::session;

/// Reads the offer list, page by page.
#[derive(Debug)]
pub(crate) struct Lister<'a> {
    /// The network's place among those that are listed.
    pub lane: LaneId,
    /// Where its progress is shown.
    pub board: &'a Board,
    /// Calls the network.
    pub client: &'a Client,
    /// The query parameters, other than the page.
    pub query: Rc<[(String, String)]>,
    /// When calls may leave. Holds no other requests.
    pub schedule: &'a mut Dispatcher<Request>,
    /// How many calls may still be made.
    pub calls: &'a CallLimit,
    /// This run's part of the limit.
    pub budget: &'a mut Participant,
    /// What becomes of offers without an ID.
    pub nameless_offers: Nameless,
}

/// All pages, one after the other.
pub(super) struct Turned {
    pub(super) offers: Vec<Listed>,
    pub(super) paging: Paging,
}

impl Lister<'_> {
    /// Reads the pages once.
    pub(super) async fn turn_pages(&mut self, report: &Report) -> Result<Turned, End> {
        let (mut paging, mut offers) = (Paging::new(self.nameless_offers), Vec::new());
        loop {
            let page = self.page(&paging, report).await?;
            let (more, step) = paging.take(page).map_err(End::Endless)?;
            offers.extend(more);
            self.show(&paging, report, None, Instant::now());
            if step == Step::Done {
                return Ok(Turned { offers, paging });
            }
        }
    }

    /// Asks for the page that is wanted until it comes.
    async fn page(&mut self, paging: &Paging, report: &Report) -> Result<Page, End> {
        self.schedule.push(Request::OfferPage { page: paging.page(), query: Rc::clone(&self.query) });
        let mut last = None;
        loop {
            if self.calls.left() == Some(0) {
                return Err(End::OutOfCalls);
            }
            let now = Instant::now();
            session::share(self.budget, self.schedule.pace(), report, now);
            let next = self.schedule.next(now, Supply::Closed).map_err(End::Stopped)?;
            self.refused()?;
            match next {
                Next::Wait { until, why } => {
                    report.emit(&Event::Waiting { lane: self.lane, why, until, now });
                    self.show(paging, report, Some((why, until)), now);
                    let wake = [Some(until), self.budget.next_update(), report.next_progress()];
                    let wake = wake.into_iter().flatten().min().unwrap_or(until);
                    tokio::select! {
                        () = self.budget.changed() => {}
                        () = sleep_until(wake.into()) => {}
                    }
                }
                Next::Send(call) => {
                    let sent = Instant::now();
                    self.calls.sending();
                    session::sending(self.budget, self.schedule.pace(), sent);
                    self.show(paging, report, None, sent);
                    let reply = {
                        let mut reply = pin!(self.client.fetch(call.request()));
                        loop {
                            tokio::select! {
                                reply = &mut reply => break reply,
                                () = session::budget_moves(self.budget) => {
                                    session::share(self.budget, self.schedule.pace(), report, Instant::now());
                                }
                            }
                        }
                    };
                    let (http_status, took) = (reply.http_status, sent.elapsed());
                    report.emit(&Event::Answered { lane: self.lane, http_status, took });
                    last = reply.outcome.as_ref().err().cloned().or(last);
                    if let Some(page) = self.answered(call, reply)? {
                        return Ok(page);
                    }
                    self.refused()?;
                }
                // Without this, a dispatcher with nothing left to do would be polled forever.
                Next::Idle => {
                    let error = OfferError::local(ErrorKind::InvalidResponse, "no page came");
                    return Err(End::Refused(last.take().unwrap_or(error)));
                }
            }
        }
    }

    /// Passes the result of a call to the dispatcher; returns the page if it came.
    fn answered(&mut self, call: Call<Request>, reply: Reply<Payload>) -> Result<Option<Page>, End> {
        let responder = session::responder(&reply);
        let page = reply.outcome.and_then(Payload::into_page);
        let completion = match &page {
            Ok(_) => Completion::Success,
            Err(error) => Completion::Failure(Failure {
                error: error.clone(),
                retry_after: reply.retry_after,
                responder,
                may_be_size: false,
            }),
        };
        let completed = self.schedule.complete(call, completion, Instant::now());
        if let (Some(way_out), Err(error)) = (reply.fault.and_then(|fault| self.client.closed(fault)), &page) {
            return Err(End::Stopped(StopReason::Unreachable { error: error.clone(), way_out }));
        }
        match completed.map_err(End::Stopped)? {
            Verdict::Final(_) => page.map(Some).map_err(End::Refused),
            Verdict::Pending => Ok(None),
        }
    }

    /// The page has failed for good.
    fn refused(&mut self) -> Result<(), End> {
        self.schedule.take_resolved().next().map_or(Ok(()), |(_, error)| Err(End::Refused(error)))
    }

    fn show(&self, paging: &Paging, report: &Report, waiting: Option<(Waiting, Instant)>, now: Instant) {
        self.board.update(self.lane, |lane| {
            lane.total = paging.total().map_or(Total::Unknown, Total::Estimate);
            lane.done = paging.offers();
            lane.counts = self.schedule.counts(now);
            lane.in_flight = self.schedule.in_flight();
            lane.state = waiting.into();
            lane.budget = self.budget.outages(now);
        });
        report.progress(now, || self.board.snapshot(now));
    }
}
