//! The numbers of a run, added up from its events while it runs, so that a run that fails has its report too.
//!
//! Every view reads these, so they cannot disagree. Holds no wording.

pub(crate) mod latency;
mod meter;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(crate) use self::latency::{Latencies, Percentiles};
pub(crate) use self::meter::Meter;
use crate::budget::Outages;
use crate::dispatch::Counts;
use crate::offer::tally::Tally;
use crate::report::changes::ChangeSummary;
use crate::report::event::Event;
use crate::report::failed_offer::FailedOffer;
use crate::report::plan::{LaneId, LanePlan, Plan};
use crate::report::snapshot::{LaneState, LaneStatus, Snapshot};
use crate::settings::report_files::Files;

/// What is known about a run.
#[derive(Debug)]
pub(crate) struct Stats {
    /// The files of the run, as the user names them.
    pub(crate) files: Files,
    /// When the program started.
    pub(crate) started: Timestamp,
    /// The same, by the clock that is never set.
    pub(crate) started_at: Instant,
    /// What the run is going to do, once that is known.
    pub(crate) plan: Option<Plan>,
    /// When the first call could be made.
    called_from: Option<Instant>,
    /// One for each network.
    lanes: Vec<LaneStats>,
    /// The latest snapshot.
    last: Option<Snapshot>,
    /// What differs from the last finished run, where there is a history.
    pub(crate) changes: Option<ChangeSummary>,
    /// The first offers that failed.
    pub(crate) failed_offers: Vec<FailedOffer>,
    /// How fast the run is.
    pub(crate) meter: Meter,
}

/// The numbers of one network.
#[derive(Debug)]
struct LaneStats {
    statuses: Statuses,
    latencies: Latencies,
    meter: Meter,
}

/// Calls by the HTTP status of their answers; `None` is for those without an answer.
pub(crate) type Statuses = BTreeMap<Option<u16>, u64>;

/// The figures of a run, or of one network's part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    /// What came of the offers, those of earlier runs included.
    pub(crate) tally: Tally,
    /// The calls of this run.
    pub(crate) counts: Counts,
    /// How they were answered.
    pub(crate) statuses: Statuses,
    /// Calls per second, from the first on.
    pub(crate) per_second: f64,
    /// How much of the limit was used: 1 is all. `None` without a limit, and over several networks.
    pub(crate) limit_used: Option<f64>,
    /// How long the answers took.
    pub(crate) latency: Option<Percentiles>,
    /// Outages of the budget that is shared with other hosts; `None` without one.
    pub(crate) budget: Option<Outages>,
}

/// One network's part of a run, with all that is known of it.
#[derive(Debug)]
pub(crate) struct LaneFigures<'a> {
    /// What was planned.
    pub(crate) plan: &'a LanePlan,
    /// How far it got; `None` before the first snapshot.
    pub(crate) status: Option<&'a LaneStatus>,
    /// What it comes to.
    pub(crate) figures: Figures,
}

impl LaneStats {
    fn new(now: Instant) -> Self {
        Self { statuses: Statuses::new(), latencies: Latencies::new(), meter: Meter::new(0, 0, now) }
    }
}

impl Stats {
    /// Nothing has happened yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            files: Files::default(),
            started: Timestamp::now(),
            started_at: now,
            plan: None,
            called_from: None,
            lanes: Vec::new(),
            last: None,
            changes: None,
            failed_offers: Vec::new(),
            meter: Meter::new(0, 0, now),
        }
    }

    /// Takes in an event.
    pub(crate) fn on(&mut self, event: &Event) {
        match event {
            Event::ListStarted(plan) | Event::Started(plan) => self.begin(plan),
            Event::Answered { lane, http_status, took } => {
                if let Some(lane) = self.lanes.get_mut(lane.0) {
                    *lane.statuses.entry(*http_status).or_default() += 1;
                    lane.latencies.add(*took);
                }
            }
            Event::Progress(snapshot) => {
                self.meter.update(snapshot.done(), snapshot.counts().calls, snapshot.at);
                for (lane, status) in self.lanes.iter_mut().zip(&snapshot.lanes) {
                    lane.meter.update(status.done, status.counts.calls, snapshot.at);
                }
            }
            Event::CallsOver { last, failed } => {
                self.last = Some(last.clone());
                self.failed_offers.clone_from(failed);
            }
            Event::ChangesFound(changes) => self.changes = Some(*changes),
            _ => {}
        }
    }

    fn begin(&mut self, plan: &Plan) {
        self.files.input.clone_from(&plan.input);
        // A list that was read before has made calls too.
        self.called_from.get_or_insert(plan.at);
        let calls = self.last.as_ref().map_or(0, |last| last.counts().calls);
        self.meter = Meter::new(plan.done, calls, plan.at);
        self.lanes.resize_with(plan.lanes.len(), || LaneStats::new(plan.at));
        for (n, (lane, planned)) in self.lanes.iter_mut().zip(&plan.lanes).enumerate() {
            let before = self.last.as_ref().and_then(|last| last.lanes.get(n));
            lane.meter = Meter::new(planned.done, before.map_or(0, |lane| lane.counts.calls), plan.at);
        }
        self.plan = Some(plan.clone());
    }

    /// What came of the offers, those of earlier runs included.
    pub(crate) fn tally(&self) -> Tally {
        self.last.as_ref().map(Snapshot::tally).unwrap_or_default()
    }

    /// The network, as the metrics call it: the same in a run that fails before it is called.
    pub(crate) fn network(&self) -> &str {
        match self.plan.as_ref().and_then(Plan::only_lane) {
            Some(lane) if self.files.network != "sandbox" => &lane.network,
            _ => &self.files.network,
        }
    }

    /// The label of a network in a message; empty where there is only one.
    pub(crate) fn label(&self, lane: LaneId) -> Option<&str> {
        let lanes = self.plan.as_ref().map(|plan| plan.lanes.as_slice()).filter(|lanes| lanes.len() > 1)?;
        lanes.get(lane.0).map(|lane| &*lane.network)
    }

    /// How many networks the run calls.
    pub(crate) fn networks(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.lanes.len())
    }

    /// How many of them were given up.
    pub(crate) fn given_up(&self) -> usize {
        let is_given_up =
            |lane: &LaneFigures<'_>| matches!(lane.status.map(|status| &status.state), Some(LaneState::Stopped(_)));
        self.lanes().filter(is_given_up).count()
    }

    /// The host of a network.
    pub(crate) fn host(&self, lane: LaneId) -> &str {
        self.plan.as_ref().and_then(|plan| plan.lanes.get(lane.0)).map_or("", |lane| lane.host.as_str())
    }

    /// How fast a network is.
    pub(crate) fn lane_meter(&self, lane: LaneId) -> Option<&Meter> {
        self.lanes.get(lane.0).map(|lane| &lane.meter)
    }

    /// The figures of the whole run.
    pub(crate) fn figures(&self) -> Figures {
        let (mut statuses, mut latencies) = (Statuses::new(), Latencies::new());
        for lane in &self.lanes {
            lane.statuses.iter().for_each(|(status, n)| *statuses.entry(*status).or_default() += n);
            latencies.merge(&lane.latencies);
        }
        let counts = self.last.as_ref().map(Snapshot::counts).unwrap_or_default();
        let per_second = self.per_second(counts);
        let limit = self.plan.as_ref().and_then(Plan::only_lane).and_then(LanePlan::limit_per_second);
        Figures {
            tally: self.tally(),
            counts,
            statuses,
            per_second,
            limit_used: limit.map(|limit| per_second / limit),
            latency: latencies.percentiles(),
            budget: self.last.as_ref().and_then(Snapshot::budget),
        }
    }

    /// The figures of each network, in the order of the run.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = LaneFigures<'_>> {
        let plans = self.plan.iter().flat_map(|plan| &plan.lanes);
        plans.zip(&self.lanes).enumerate().map(|(n, (plan, stats))| {
            let status = self.last.as_ref().and_then(|last| last.lanes.get(n));
            let counts = status.map(|status| status.counts).unwrap_or_default();
            let per_second = self.per_second(counts);
            let figures = Figures {
                tally: status.map(|status| status.tally.clone()).unwrap_or_default(),
                counts,
                statuses: stats.statuses.clone(),
                per_second,
                limit_used: plan.limit_per_second().map(|limit| per_second / limit),
                latency: stats.latencies.percentiles(),
                budget: status.and_then(|status| status.budget),
            };
            LaneFigures { plan, status, figures }
        })
    }

    fn per_second(&self, counts: Counts) -> f64 {
        let until = self.last.as_ref().map(|last| last.at);
        let called_for = until.zip(self.called_from).map(|(until, from)| until.saturating_duration_since(from));
        let called_for: Duration = called_for.unwrap_or_default();
        if called_for.is_zero() { 0.0 } else { counts.calls as f64 / called_for.as_secs_f64() }
    }
}
