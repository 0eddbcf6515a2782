//! The networks of a job, made ready to be called: a session, a lane and a plan for each.
//!
//! Opens sessions and the spool; the loop of `run` does the rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::{Client, Request};
use crate::budget::{Neighbours, Participant, SharedLimit};
use crate::config::{Job, NetworkConfig};
use crate::dispatch::{Dispatcher, Policy, StopReason};
use crate::error::Error;
use crate::offer::tally::Tally;
use crate::output::answer_file::AnswerFile;
use crate::pace::Pace;
use crate::reorder::buffer::{Limits, ReorderBuffer};
use crate::report::{LanePlan, Report};
use crate::run::call_limit::{CallLimit, LaneCalls};
use crate::run::feed::{Feed, Pending};
use crate::run::lane::Lane;
use crate::run::requests::Requests;
use crate::run::rows::Rows;
use crate::run::session::{self, Session};
use crate::run::spool::Spool;
use crate::run::writer::Writer;
use crate::settings::links::Links;
use crate::settings::rate::Rate;
use crate::signals::{Signal, Signals};

/// How long calls in flight are waited for when a run stops early.
const DRAIN: Duration = Duration::from_secs(10);

/// The rows for the lanes: read on demand for one network, else sorted by network first. A signal may end that.
pub(super) async fn feed(
    job: &Job,
    rows: Rows,
    writer: &mut Writer,
    signals: &mut Signals,
) -> Result<Result<Feed, Signal>, Error> {
    if !job.networks.are_several() {
        return Ok(Ok(Feed::direct(rows, &job.networks)));
    }
    let spool = Spool::new(&writer.folder(), job.networks.len() + 1);
    let spooled = tokio::select! {
        biased;
        signal = signals.next() => return Ok(Err(signal)),
        spooled = Feed::spooled(rows, &job.networks, spool, |lane| writer.done(lane)) => spooled,
    };
    let (feed, end) = spooled?;
    writer.set_input_end(end);
    Ok(Ok(feed))
}

/// When calls to one network may leave. The list and its offers share it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) schedule: Dispatcher<Request>,
    pub(crate) budget: Participant,
    /// Why its list could not be read, though those of others could.
    pub(crate) stopped: Option<StopReason>,
}

/// The networks of a job, each with its client.
#[derive(Debug)]
pub(super) struct Called {
    sessions: Vec<Session>,
    clients: Vec<Client>,
    neighbours: Neighbours,
}

impl Called {
    /// Makes the networks ready to be called.
    pub(super) fn open(job: &Job) -> Result<Self, Error> {
        let (mut sessions, mut clients) = (Vec::new(), Vec::new());
        for NetworkConfig { network, http, .. } in job.networks.iter() {
            let session = Session::open(network, http, |account, http| Client::among(&clients, account, http))?;
            clients.push(session.client.clone());
            sessions.push(session);
        }
        Ok(Self { sessions, clients, neighbours: Neighbours::default() })
    }

    /// The clients, in the order of the lanes.
    pub(super) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The hosts, in the order of the lanes.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|session| session.host.as_str())
    }

    /// The label of each: its name, or its host where it is the only one.
    pub(super) fn names(&self, job: &Job) -> impl Iterator<Item = Arc<str>> {
        let are_several = job.networks.are_several();
        let name = move |(config, session): (&NetworkConfig, &Session)| {
            Arc::from(if are_several { config.name.as_str() } else { session.host.as_str() })
        };
        let names: Vec<_> = job.networks.iter().zip(&self.sessions).map(name).collect();
        names.into_iter()
    }

    /// When calls may leave to each, from now on.
    pub(super) fn lines(&self, job: &Job, report: &Report) -> Vec<Line> {
        let networks = job.networks.iter().zip(&self.sessions);
        networks.map(|(config, session)| self.line((job, config), &session.host, report, Instant::now())).collect()
    }

    /// The host for the final summary.
    pub(super) fn host(&self) -> &str {
        match self.sessions.as_slice() {
            [only] => &only.host,
            _ => "every network",
        }
    }

    /// A lane for each network and, where there are several, one more for rows that name none.
    pub(super) fn lanes(
        &self,
        job: &Job,
        (called, limit): (Vec<Line>, &CallLimit),
        writer: &Writer,
        report: &Report,
    ) -> Vec<Lane> {
        let (now, are_several) = (Instant::now(), job.networks.are_several());
        let count = job.networks.len() + usize::from(are_several);
        let mut called = called.into_iter();
        let mut windows = windows(limits(count, job.links), count, writer).into_iter();
        let mut window = move || windows.next().unwrap_or_default();
        let make = |(id, (config, session)): (usize, (&NetworkConfig, &Session))| {
            let made = called.next().unwrap_or_else(|| self.line((job, config), &session.host, report, now));
            let Line { mut schedule, budget, stopped } = made;
            prepare(&mut schedule, job, &writer.tally(id));
            let name = if are_several { &config.name } else { &session.host };
            let calls = (Requests::new(schedule, job.links), budget);
            let names = (name.as_str().into(), session.host.clone());
            let lane = Lane::new((id, window()), names, calls, now);
            let mut lane = lane.with_calls(LaneCalls::new(limit.clone()));
            if let Some(stop) = stopped {
                lane.stop(stop);
            }
            lane
        };
        let mut lanes: Vec<_> = job.networks.iter().zip(&self.sessions).enumerate().map(make).collect();
        if are_several {
            let policy = Policy { rate: Rate::Unlimited, max_duration: None, ..job.networks.first().policy };
            let dispatcher = Dispatcher::new(policy, fastrand::u64(..), now);
            let calls = (Requests::new(dispatcher, job.links), Participant::alone());
            lanes.push(Lane::new((lanes.len(), window()), ("".into(), String::new()), calls, now));
        }
        lanes
    }

    /// When calls may leave to one network, from now on.
    fn line(&self, (job, config): (&Job, &NetworkConfig), host: &str, report: &Report, now: Instant) -> Line {
        let NetworkConfig { network, policy, budget, .. } = config;
        // --max-duration includes the calls in flight: the next cron job relies on it.
        let max_duration = policy.max_duration.map(|max| max.saturating_sub(drain(job)));
        let mut schedule = Dispatcher::new(Policy { max_duration, ..*policy }, fastrand::u64(..), now);
        let limits = SharedLimit { rate: policy.rate, budget: budget.as_ref(), neighbours: &self.neighbours };
        let budget = session::join_budget((network, host), limits, schedule.pace(), report, now);
        Line { schedule, budget, stopped: None }
    }

    /// What is known of the networks before their first call.
    pub(super) fn plans(&self, job: &Job, done: impl Fn(usize) -> u64) -> Vec<LanePlan> {
        let plan = |(id, (config, session)): (usize, (&NetworkConfig, &Session))| {
            let plan = lane_plan((job, config), &session.host, done(id));
            if job.networks.are_several() { LanePlan { network: config.name.as_str().into(), ..plan } } else { plan }
        };
        job.networks.iter().zip(&self.sessions).enumerate().map(plan).collect()
    }
}

/// What is known of a network before its first call.
fn lane_plan((job, config): (&Job, &NetworkConfig), host: &str, done: u64) -> LanePlan {
    let rate = config.policy.rate;
    let period = Pace::new(rate, Instant::now()).period();
    let offers_per_call = job.links.offers_per_call();
    LanePlan { network: host.into(), host: host.to_owned(), rate, period, offers_per_call, done }
}

/// How far each of the lanes may read ahead of its oldest unfinished row.
fn limits(lanes: usize, links: Links) -> Limits {
    let each = Limits::of_each(lanes);
    if links == Links::Default { each.for_batches() } else { each }
}

/// The rows of so many lanes. Answers that may be needed again wait in a file where the output is one, and in memory
/// where it goes to a reader, which leaves no folder to write to.
fn windows(limits: Limits, lanes: usize, writer: &Writer) -> Vec<ReorderBuffer<Pending>> {
    if !writer.can_resume() {
        return (0..lanes).map(|_| ReorderBuffer::with(limits)).collect();
    }
    let stores = AnswerFile::for_lanes(&writer.folder(), lanes, limits.remembered());
    stores.into_iter().map(|store| ReorderBuffer::remembering_in(Box::new(store), limits)).collect()
}

/// Passes what earlier runs have learned about the network to the dispatcher.
fn prepare(schedule: &mut Dispatcher<Request>, job: &Job, earlier: &Tally) {
    if job.work.retry_failed().is_some() {
        schedule.expect_failures();
    } else if earlier.succeeded() > 0 {
        schedule.trust_host();
    }
}

/// How long calls in flight are waited for when the run stops early. `--max-duration` is the run's own and stands in no
/// config file, so it is the same for every network.
pub(super) fn drain(job: &Job) -> Duration {
    job.networks.first().policy.max_duration.map_or(DRAIN, |max| DRAIN.min(max / 10))
}
