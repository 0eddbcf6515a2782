//! `list`: the offers of this affiliate as a CSV that `export` reads.
//!
//! A thin loop: `paging` says which page is wanted, the schedule of the export when it may be asked for, how often,
//! and when to give up. To the schedule a page is what an offer is: something with a number that needs an outcome.

mod end;
mod paging;
mod sink;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep_until;

pub use self::end::End;
pub use self::paging::Endless;
use self::paging::{Paging, Step};
use self::sink::Sink;
use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::offers::Page;
use crate::api::{self, Client, RawReply, is_foreign_page};
use crate::failure::Failure;
use crate::input::Total;
use crate::job::ListJob;
use crate::offer::{AnswerBuilder, ErrorKind, OfferError, OfferId};
use crate::report::{Level, Plan, Report, Status};
use crate::schedule::pace::Pace;
use crate::schedule::{Answered, Call, Next, Schedule, Slot, Stop, Task, Waiting};
use crate::session::{Neighbours, Session};
use crate::signals::Signals;

/// Offers on a page; the documentation shows no larger one.
const PER_PAGE: &str = "100";

/// Lists the offers and reports it.
///
/// # Errors
/// What kept it from being done, on this machine. What the network did wrong is an [`End`].
pub async fn list(job: &ListJob, report: &mut Report) -> Result<End, Failure> {
    let mut signals = Signals::listen().map_err(Failure::system("listen to signals"))?;
    for setting in &job.settings {
        report.say(Level::Debug, &format!("setting: {setting}"));
    }
    for warning in &job.warnings {
        report.say(Level::Warning, warning);
    }
    let session = Session::open(&job.network, &job.http, Client::new)?;
    let mut sink = Sink::open(&job.output)?;
    let now = Instant::now();
    let output = sink.name();
    report.start(
        &Plan {
            input: "the offer list",
            output: &output,
            host: &session.host,
            total: Total::Unknown,
            done: 0,
            rate: job.policy.rate,
            period: Pace::new(job.policy.rate, now).period(),
        },
        now,
    );
    let neighbours = Neighbours::look(&job.network, job.policy.rate, &session.host, report);
    let mut schedule = Schedule::new(job.policy, fastrand::u64(..), now);
    let begin = neighbours.make_room(report, now, |runs| schedule.set_share(runs, now));
    schedule.hold_until(begin);
    let query = job.query.clone();
    let (paging, last) = (Paging::new(), None);
    let mut lister = Lister { client: &session.client, query, schedule, paging, neighbours, last };
    let end = lister.run(&mut sink, &mut signals, report).await?;
    if matches!(end, End::Complete) {
        sink.finish()?;
    }
    lister.close(&end, (&session.host, &output), report, now.elapsed());
    Ok(end)
}

/// A list between its first and its last call.
#[derive(Debug)]
struct Lister<'a> {
    client: &'a Client,
    /// What is asked for besides the page.
    query: Vec<(String, String)>,
    schedule: Schedule,
    paging: Paging,
    neighbours: Neighbours,
    /// The last failure.
    last: Option<OfferError>,
}

impl Lister<'_> {
    async fn run(&mut self, sink: &mut Sink, signals: &mut Signals, report: &mut Report) -> Result<End, Failure> {
        self.want(1);
        loop {
            let now = Instant::now();
            self.neighbours.count(report, now, |runs| self.schedule.set_share(runs, now));
            // `None` where no answer came, else the page if it was the wanted one.
            let answer = match self.schedule.next(now, false) {
                Err(stop) => return Ok(End::Stopped(stop)),
                Ok(Next::Wait { until, why }) => {
                    report.waiting(why, until, now);
                    self.show(report, Some((why, until)), now);
                    let wake = [Some(until), self.neighbours.next_count(), report.next_progress()];
                    let wake = wake.into_iter().flatten().min().unwrap_or(until);
                    tokio::select! {
                        signal = signals.next() => return Ok(End::Interrupted(signal)),
                        () = sleep_until(wake.into()) => continue,
                    }
                }
                Ok(Next::Send(call)) => {
                    let reply = tokio::select! {
                        signal = signals.next() => return Ok(End::Interrupted(signal)),
                        reply = self.ask(call.offer) => reply,
                    };
                    match self.answered(call, reply) {
                        Ok(page) => Some(page),
                        Err(stop) => return Ok(End::Stopped(stop)),
                    }
                }
                Ok(Next::Idle) => None,
            };
            let finished = self.schedule.take_finished().next();
            match (finished, answer) {
                (Some((_, Err(error))), _) => return Ok(End::Refused(error)),
                (Some((_, Ok(_))), Some(Some(page))) => match self.paging.take(page) {
                    Err(endless) => return Ok(End::Endless(endless)),
                    Ok((offers, step)) => {
                        sink.write(&offers)?;
                        self.show(report, None, Instant::now());
                        match step {
                            Step::Done => return Ok(End::Complete),
                            Step::Next(page) => self.want(page),
                        }
                    }
                },
                // In the schedule's hands, to be asked for again.
                (None, Some(_)) => {}
                // Without this a schedule that knows nothing more to do would be asked for ever.
                (Some(_), _) | (None, None) => {
                    let error = OfferError::local(ErrorKind::InvalidResponse, "no page came");
                    return Ok(End::Refused(self.last.take().unwrap_or(error)));
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

    async fn ask(&self, page: OfferId) -> Result<RawReply, api::Failure> {
        let own = [("limit", PER_PAGE), ("offset", page.as_str()), ("sort", "id")];
        let asked = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let query: Vec<_> = asked.chain(own).collect();
        self.client.get(&["batches", "offers"], &query).await
    }

    /// Tells the schedule what came; gives back the page if it is the one that is wanted.
    fn answered(&mut self, call: Call, reply: Result<RawReply, api::Failure>) -> Result<Option<Page>, Stop> {
        let is_wanted = call.offer.as_str() == self.paging.page().to_string();
        let (page, retry_after, wrong_host) = read(self.client, reply);
        let outcome = page.as_ref().map(|_| AnswerBuilder::default().build()).map_err(Clone::clone);
        self.last = outcome.as_ref().err().cloned();
        self.schedule.answered(call, Answered { outcome, retry_after, wrong_host }, Instant::now())?;
        Ok(page.ok().filter(|_| is_wanted))
    }

    fn show(&self, report: &mut Report, waiting: Option<(Waiting, Instant)>, now: Instant) {
        report.progress(now, || Status {
            done: self.paging.offers(),
            errors: BTreeMap::new(),
            total: self.paging.total().map_or(Total::Unknown, Total::Estimate),
            calls: self.schedule.counts(now).calls,
            waiting,
        });
    }

    /// The last words.
    fn close(&self, end: &End, (host, output): (&str, &str), report: &mut Report, took: Duration) {
        let (offers, calls) = (self.paging.offers(), self.schedule.counts(Instant::now()).calls);
        let fields = json!({"event": "ended", "complete": matches!(end, End::Complete), "offers": offers,
            "output": output, "calls": calls, "seconds": took.as_secs_f64()});
        if self.paging.nameless() > 0 {
            let message = format!("{} offers of the list have no ID and are left out", self.paging.nameless());
            report.say(Level::Warning, &message);
        }
        if !matches!(end, End::Complete) {
            let message = format!("{}\n  the list is not complete: run the same command again", end.words(host));
            return report.conclude(Level::Error, &message, fields);
        }
        if let Some(total) = self.paging.total().filter(|total| *total > offers) {
            let message = format!("the network speaks of {total} offers, but its pages hold {offers}");
            report.say(Level::Warning, &message);
        }
        report.conclude(Level::Info, &format!("listed {offers} offers to {output} with {calls} calls"), fields);
    }
}

/// What came for a page: its offers or why there are none, how long to wait, and whether it is another host's page.
fn read(client: &Client, reply: Result<RawReply, api::Failure>) -> (Result<Page, OfferError>, Option<Duration>, bool) {
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
