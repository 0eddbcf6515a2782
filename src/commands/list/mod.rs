//! `list`: the offers of this affiliate as a CSV that `export` reads.
//!
//! A thin loop: `paging` says which page is wanted, the schedule of the export when it may be asked for, how often,
//! and when to give up. To the schedule a page is what an offer is: something with a number that needs an outcome.

mod end;
mod paging;
mod sink;
mod whole;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep_until;

pub(crate) use self::end::End;
use self::paging::{Paging, Step};
use self::sink::Sink;
pub(crate) use self::sink::to_csv;
pub(crate) use self::whole::Care;
use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::offers::{Listed, Page};
use crate::api::{self, Client, RawReply, is_foreign_page};
use crate::config::{ListJob, NetworkConfig};
use crate::dispatch::{Answered, Call, Dispatcher, Next, Slot, StopReason, Task, Waiting};
use crate::error::Error;
use crate::input::Total;
use crate::offer::{AnswerBuilder, ErrorKind, OfferError, OfferId};
use crate::pace::Pace;
use crate::report::{LaneStatus, Level, Plan, Report, Snapshot, counted};
use crate::run::session::{Neighbours, Session};
use crate::signals::Signals;
use crate::signals::status_request::StatusRequests;

/// Offers on a page; the documentation shows no larger one.
const PER_PAGE: &str = "100";

/// Lists the offers and reports it.
///
/// # Errors
/// What kept it from being done, on this machine. What the network did wrong is an [`End`].
pub(crate) async fn list(job: &ListJob, report: &mut Report) -> Result<End, Error> {
    let mut signals = Signals::listen(report.last_words()).map_err(Error::system("listen to signals"))?;
    for setting in &job.settings {
        report.say(Level::Debug, &format!("setting: {setting}"));
    }
    for warning in &job.warnings {
        report.say(Level::Warning, warning);
    }
    let NetworkConfig { network, http, policy, .. } = job.networks.first();
    let session = Session::open(network, http, Client::new)?;
    let sink = Sink::open(&job.output)?;
    let now = Instant::now();
    let output = sink.name();
    report.start(
        &Plan {
            input: "the account's list",
            output: &output,
            host: &session.host,
            total: Total::Unknown,
            done: 0,
            rate: policy.rate,
            period: Pace::new(policy.rate, now).period(),
        },
        now,
    );
    let mut neighbours = Neighbours::look(network, policy.rate, &session.host, report);
    let mut schedule = Dispatcher::new(*policy, fastrand::u64(..), now);
    let begin = neighbours.make_room(report, now, |runs| schedule.set_share(runs, now));
    schedule.hold_until(begin);
    let mut lister = Lister {
        network: session.host.as_str().into(),
        client: &session.client,
        query: &job.query,
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
                let message = format!("{} offers of the list have no ID and are left out", whole.nameless);
                report.say(Level::Warning, &message);
            }
            sink.write(&whole.offers)?;
            (End::Complete, offers)
        }
        Err(end) => (end, 0),
    };
    let calls = schedule.counts(Instant::now()).calls;
    close(&end, (&session.host, &output), (offers, calls), report, now.elapsed());
    Ok(end)
}

/// The last words.
fn close(end: &End, (host, output): (&str, &str), (offers, calls): (u64, u64), report: &mut Report, took: Duration) {
    let fields = json!({"event": "ended", "complete": matches!(end, End::Complete),
        "ending": end.word(), "exit_code": end.exit_code().code(), "offers": offers,
        "output": output, "calls": calls, "seconds": took.as_secs_f64()});
    if matches!(end, End::Complete) {
        let words = format!("listed {} to {output} with {}", counted(offers, "offer"), counted(calls, "call"));
        return report.conclude(Level::Info, &words, fields);
    }
    let message = format!("{}\n  nothing was written: run the same command again", end.words(host));
    report.conclude(Level::Error, &message, fields);
}

/// Reads the offer list, page by page.
#[derive(Debug)]
pub(crate) struct Lister<'a> {
    /// The network as the user calls it.
    pub network: Arc<str>,
    /// Calls the network.
    pub client: &'a Client,
    /// What is asked for besides the page.
    pub query: &'a [(String, String)],
    /// When calls may leave. Nothing else may be in it.
    pub schedule: &'a mut Dispatcher,
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
    async fn turn_pages(&mut self, signals: &mut Signals, report: &mut Report) -> Result<Turned, End> {
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
        report: &mut Report,
    ) -> Result<Page, End> {
        self.want(paging.page());
        let mut last = None;
        loop {
            let now = Instant::now();
            let schedule = &mut *self.schedule;
            self.neighbours.count(report, now, |runs| schedule.set_share(runs, now));
            // `None` where no answer came, else the page if it was the wanted one.
            let answer = match self.schedule.next(now, false).map_err(End::Stopped)? {
                Next::Wait { until, why } => {
                    report.waiting(why, until, now);
                    self.show(paging, report, Some((why, until)), now);
                    let wake = [Some(until), self.neighbours.next_count(), report.next_progress()];
                    let wake = wake.into_iter().flatten().min().unwrap_or(until);
                    tokio::select! {
                        signal = signals.next() => return Err(End::Interrupted(signal)),
                        () = asked.next() => {
                            let now = Instant::now();
                            report.asked(&self.snapshot(paging, Some((why, until)), now));
                            continue;
                        }
                        () = sleep_until(wake.into()) => continue,
                    }
                }
                Next::Send(call) => {
                    let sent = Instant::now();
                    let reply = {
                        let mut reply = pin!(self.ask(call.offer));
                        loop {
                            tokio::select! {
                                signal = signals.next() => return Err(End::Interrupted(signal)),
                                () = asked.next() => {
                                    let now = Instant::now();
                                    report.asked(&self.snapshot(paging, None, now));
                                }
                                reply = &mut reply => break reply,
                            }
                        }
                    };
                    report.answered(reply.as_ref().ok().map(|raw| raw.status), sent.elapsed());
                    let (page, error) = self.answered(call, reply, paging).map_err(End::Stopped)?;
                    last = error;
                    Some(page)
                }
                Next::Idle => None,
            };
            let finished = self.schedule.take_finished().next();
            match (finished, answer) {
                (Some((_, Err(error))), _) => return Err(End::Refused(error)),
                (Some((_, Ok(_))), Some(Some(page))) => return Ok(page),
                // In the schedule's hands, to be asked for again.
                (None, Some(_)) => {}
                // Without this a schedule that knows nothing more to do would be asked for ever.
                (Some(_), _) | (None, None) => {
                    let error = OfferError::local(ErrorKind::InvalidResponse, "no page came");
                    return Err(End::Refused(last.take().unwrap_or(error)));
                }
            }
        }
    }

    fn want(&mut self, page: u32) {
        // Digits only, so it is always an ID.
        if let Ok(number) = OfferId::parse(&page.to_string()) {
            self.schedule.push(Task::new(number, Slot::default()));
        }
    }

    async fn ask(&self, page: OfferId) -> Result<RawReply, api::TransportError> {
        let own = [("limit", PER_PAGE), ("offset", page.as_str()), ("sort", "id")];
        let asked = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let query: Vec<_> = asked.chain(own).collect();
        self.client.get(&["batches", "offers"], &query).await
    }

    /// Tells the schedule what came; gives back the page if it is the one that is wanted, and what was wrong.
    fn answered(
        &mut self,
        call: Call,
        reply: Result<RawReply, api::TransportError>,
        paging: &Paging,
    ) -> Result<(Option<Page>, Option<OfferError>), StopReason> {
        let is_wanted = call.offer.as_str() == paging.page().to_string();
        let closed = reply.as_ref().err().and_then(|failure| {
            let way_out = self.client.closed(failure.fault)?;
            Some(StopReason::Unreachable { error: self.client.hide_secrets(failure.error.clone()), way_out })
        });
        let (page, retry_after, wrong_host) = read(self.client, reply);
        let outcome = page.as_ref().map(|_| AnswerBuilder::default().build()).map_err(Clone::clone);
        let error = outcome.as_ref().err().cloned();
        let answered = self.schedule.answered(call, Answered { outcome, retry_after, wrong_host }, Instant::now());
        closed.map_or(answered, Err)?;
        Ok((page.ok().filter(|_| is_wanted), error))
    }

    fn show(&self, paging: &Paging, report: &mut Report, waiting: Option<(Waiting, Instant)>, now: Instant) {
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

/// What came for a page: its offers or why there are none, how long to wait, and whether it is another host's page.
fn read(
    client: &Client,
    reply: Result<RawReply, api::TransportError>,
) -> (Result<Page, OfferError>, Option<Duration>, bool) {
    let raw = match reply {
        Ok(raw) => raw,
        Err(failure) => return (Err(client.hide_secrets(failure.error)), None, false),
    };
    let error = match page_in(&raw) {
        Ok(page) => return (Ok(page), None, false),
        Err(error) => client.without_secrets(error, &raw, |raw| page_in(raw).err()),
    };
    let retry_after = if error.kind == ErrorKind::RateLimited { raw.retry_after() } else { None };
    let wrong_host = is_foreign_page(Some(Body::read(&raw.text()).form()), &error);
    (Err(error), retry_after, wrong_host)
}

fn page_in(raw: &RawReply) -> Result<Page, OfferError> {
    let text = raw.text();
    let body = Body::read(&text);
    let data = accept(raw.received(&body))?;
    Page::read(data).map_err(|what_came| OfferError {
        kind: ErrorKind::InvalidResponse,
        http_status: Some(raw.status),
        code: None,
        message: what_came.into(),
    })
}
