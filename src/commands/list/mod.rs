//! `list`: the offers of this affiliate as a CSV that `export` reads.
//!
//! A thin loop: `paging` says which page is wanted, the dispatcher when it may be asked for, how often, and when to
//! give up.

mod end;
mod paging;
mod sink;
mod whole;

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::time::sleep_until;

pub(crate) use self::end::End;
use self::paging::{Paging, Step};
use self::sink::Sink;
pub(crate) use self::sink::to_csv;
pub(crate) use self::whole::Care;
use crate::api::offers::{Listed, Page};
use crate::api::{Client, Payload, Reply, Request, is_foreign_page};
use crate::config::{ListJob, NetworkConfig};
use crate::dispatch::{Call, Completion, Dispatcher, Failure, Next, Responder, StopReason, Supply, Verdict, Waiting};
use crate::error::Error;
use crate::input::Total;
use crate::offer::{ErrorKind, OfferError};
use crate::pace::Pace;
use crate::report::event::ListEnded;
use crate::report::{Event, LaneId, LanePlan, LaneStatus, Plan, Report, Snapshot};
use crate::run::session::{Neighbours, Session};
use crate::signals::Signals;
use crate::signals::status_request::StatusRequests;

/// Lists the offers and reports it.
///
/// # Errors
/// What kept it from being done, on this machine. What the network did wrong is an [`End`].
pub(crate) async fn list(job: &ListJob, report: &Report) -> Result<End, Error> {
    let mut signals = Signals::listen(report.last_words()).map_err(Error::system("listen to signals"))?;
    for setting in &job.settings {
        report.emit(&Event::Setting(setting.to_string()));
    }
    for warning in &job.warnings {
        report.emit(&Event::SettingsDoubt(warning.clone()));
    }
    let NetworkConfig { network, http, policy, .. } = job.networks.first();
    let session = Session::open(network, http, Client::new)?;
    let sink = Sink::open(&job.output)?;
    let now = Instant::now();
    let output = sink.name();
    let rate = policy.rate;
    let host = session.host.clone();
    let period = Pace::new(rate, now).period();
    let lanes = vec![LanePlan { network: host.as_str().into(), host, rate, period, done: 0 }];
    let input = "the account's list".to_owned();
    report.emit(&Event::Started(Plan {
        input,
        output: output.clone(),
        total: Total::Unknown,
        done: 0,
        lanes,
        at: now,
    }));
    let mut neighbours = Neighbours::look(network, policy.rate, &session.host, report);
    let mut schedule = Dispatcher::new(*policy, fastrand::u64(..), now);
    let begin = neighbours.make_room(report, now, |runs| schedule.set_share(runs, now));
    schedule.hold_until(begin);
    let mut lister = Lister {
        network: session.host.as_str().into(),
        client: &session.client,
        query: job.query.as_slice().into(),
        schedule: &mut schedule,
        neighbours: &mut neighbours,
        keep_nameless: false,
    };
    let care = Care { twice: false, allow_short: job.allow_short };
    let read = lister.whole(care, &mut signals, report).await?;
    let (end, offers) = match read {
        Ok(whole) => {
            let offers = whole.offers.len() as u64;
            if whole.nameless > 0 {
                report.emit(&Event::ListLeavesOut(whole.nameless));
            }
            sink.write(&whole.offers)?;
            (End::Complete, offers)
        }
        Err(end) => (end, 0),
    };
    let calls = schedule.counts(Instant::now()).calls;
    let why = (!matches!(end, End::Complete)).then(|| end.words(&session.host));
    let (ending, code, took) = (end.word(), end.exit_code(), now.elapsed());
    report.emit(&Event::ListEnded(ListEnded { ending, code, why, offers, calls, output, took }));
    Ok(end)
}

/// Reads the offer list, page by page.
#[derive(Debug)]
pub(crate) struct Lister<'a> {
    /// The network as the user calls it.
    pub network: Arc<str>,
    /// Calls the network.
    pub client: &'a Client,
    /// What is asked for besides the page.
    pub query: Rc<[(String, String)]>,
    /// When calls may leave. Nothing else may be in it.
    pub schedule: &'a mut Dispatcher<Request>,
    /// The other runs on this machine that call the same network.
    pub neighbours: &'a mut Neighbours,
    /// Whether offers without an ID are given out too.
    pub keep_nameless: bool,
}

/// All pages, one after the other.
struct Turned {
    offers: Vec<Listed>,
    paging: Paging,
}

impl Lister<'_> {
    /// Reads the pages once.
    async fn turn_pages(&mut self, signals: &mut Signals, report: &Report) -> Result<Turned, End> {
        let (mut paging, mut offers) = (Paging::new(self.keep_nameless), Vec::new());
        let mut asked = StatusRequests::listen();
        loop {
            let page = self.page(&paging, (signals, &mut asked), report).await?;
            let (more, step) = paging.take(page).map_err(End::Endless)?;
            offers.extend(more);
            self.show(&paging, report, None, Instant::now());
            if step == Step::Done {
                return Ok(Turned { offers, paging });
            }
        }
    }

    /// Asks for the page that is wanted until it comes.
    async fn page(
        &mut self,
        paging: &Paging,
        (signals, asked): (&mut Signals, &mut StatusRequests),
        report: &Report,
    ) -> Result<Page, End> {
        self.schedule.push(Request::OfferPage { page: paging.page(), query: Rc::clone(&self.query) });
        let mut last = None;
        loop {
            let now = Instant::now();
            let schedule = &mut *self.schedule;
            self.neighbours.count(report, now, |runs| schedule.set_share(runs, now));
            let next = self.schedule.next(now, Supply::Closed).map_err(End::Stopped)?;
            self.refused()?;
            match next {
                Next::Wait { until, why } => {
                    report.emit(&Event::Waiting { lane: LaneId::ONLY, why, until, now });
                    self.show(paging, report, Some((why, until)), now);
                    let wake = [Some(until), self.neighbours.next_count(), report.next_progress()];
                    let wake = wake.into_iter().flatten().min().unwrap_or(until);
                    tokio::select! {
                        signal = signals.next() => return Err(End::Interrupted(signal)),
                        () = asked.next() => {
                            let now = Instant::now();
                            report.emit(&Event::StatusRequested(self.snapshot(paging, Some((why, until)), now)));
                        }
                        () = sleep_until(wake.into()) => {}
                    }
                }
                Next::Send(call) => {
                    let sent = Instant::now();
                    let reply = {
                        let mut reply = pin!(self.client.fetch(call.request()));
                        loop {
                            tokio::select! {
                                signal = signals.next() => return Err(End::Interrupted(signal)),
                                () = asked.next() => {
                                    let now = Instant::now();
                                    report.emit(&Event::StatusRequested(self.snapshot(paging, None, now)));
                                }
                                reply = &mut reply => break reply,
                            }
                        }
                    };
                    let (http_status, took) = (reply.http_status, sent.elapsed());
                    report.emit(&Event::Answered { lane: LaneId::ONLY, http_status, took });
                    last = reply.outcome.as_ref().err().cloned().or(last);
                    if let Some(page) = self.answered(call, reply)? {
                        return Ok(page);
                    }
                    self.refused()?;
                }
                // Without this a dispatcher that knows nothing more to do would be asked without end.
                Next::Idle => {
                    let error = OfferError::local(ErrorKind::InvalidResponse, "no page came");
                    return Err(End::Refused(last.take().unwrap_or(error)));
                }
            }
        }
    }

    /// Tells the dispatcher how a call ended; gives the page if it came.
    fn answered(&mut self, call: Call<Request>, reply: Reply<Payload>) -> Result<Option<Page>, End> {
        let page = reply.outcome.and_then(Payload::into_page);
        let completion = match &page {
            Ok(_) => Completion::Success,
            Err(error) => {
                let foreign = is_foreign_page(reply.form, error);
                let responder = if foreign { Responder::ForeignPage } else { Responder::Usual };
                Completion::Failure(Failure { error: error.clone(), retry_after: reply.retry_after, responder })
            }
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
        report.progress(now, || self.snapshot(paging, waiting, now));
    }

    fn snapshot(&self, paging: &Paging, waiting: Option<(Waiting, Instant)>, now: Instant) -> Snapshot {
        let total = paging.total().map_or(Total::Unknown, Total::Estimate);
        let lane = LaneStatus {
            done: paging.offers(),
            counts: self.schedule.counts(now),
            in_flight: self.schedule.in_flight(),
            state: waiting.into(),
            ..LaneStatus::new(&self.network, total)
        };
        Snapshot::of_one(lane, now)
    }
}
