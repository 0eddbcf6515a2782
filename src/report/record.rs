//! What is known about a run, growing while it goes on, so that one that fails can be told of too; and the figures
//! that the closing words, the report and the metrics are made of, so that they cannot disagree.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::dispatch::Counts;
use crate::offer::tally::Tally;
use crate::report::latency::{Latencies, Percentiles};
use crate::report::meter::Meter;
use crate::report::progress::Plan;
use crate::report::snapshot::Snapshot;
use crate::report::summary::FailedOffer;
use crate::settings::rate::{Limit, Rate};
use crate::settings::report_files::Files;

/// What is known about a run.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) files: Files,
    pub(crate) started: Timestamp,
    pub(crate) started_at: Instant,
    pub(crate) plan: Option<Planned>,
    /// Calls by the HTTP status of their answers; `None` is for those without an answer.
    pub(crate) statuses: BTreeMap<Option<u16>, u64>,
    latencies: Latencies,
    /// How far it was when the last call was over.
    last: Option<Snapshot>,
    /// The first offers that failed.
    pub(crate) failed_offers: Vec<FailedOffer>,
}

/// What was known before the first call.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) host: String,
    pub(crate) total: Option<u64>,
    pub(crate) done: u64,
    pub(crate) rate: Rate,
    pub(crate) period: Duration,
    at: Instant,
}

/// The calls of a run, in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) counts: Counts,
    /// Calls per second, from the first on.
    pub(crate) per_second: f64,
    /// How much of the limit was used: 1 is all. `None` without a limit.
    pub(crate) limit_used: Option<f64>,
    pub(crate) latency: Option<Percentiles>,
}

impl Record {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            files: Files::default(),
            started: Timestamp::now(),
            started_at: now,
            plan: None,
            statuses: BTreeMap::new(),
            latencies: Latencies::new(),
            last: None,
            failed_offers: Vec::new(),
        }
    }

    pub(crate) fn plan(&mut self, plan: &Plan<'_>, now: Instant) {
        plan.input.clone_into(&mut self.files.input);
        // A list that was read before has made calls too.
        let at = self.plan.as_ref().map_or(now, |plan| plan.at);
        self.plan = Some(Planned {
            host: plan.host.to_owned(),
            total: plan.total.rows(),
            done: plan.done,
            rate: plan.rate,
            period: plan.period,
            at,
        });
    }

    pub(crate) fn answered(&mut self, status: Option<u16>, took: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.latencies.add(took);
    }

    pub(crate) fn totals(&mut self, last: Snapshot) {
        self.last = Some(last);
    }

    /// What came of the offers, those of earlier runs included.
    pub(crate) fn tally(&self) -> Tally {
        self.last.as_ref().map(Snapshot::tally).unwrap_or_default()
    }

    /// The network, as the metrics call it: the same in a run that fails before it is called.
    pub(crate) fn network(&self) -> &str {
        match &self.plan {
            Some(plan) if self.files.network != "sandbox" => &plan.host,
            _ => &self.files.network,
        }
    }

    /// The pace since the first call, where nobody has looked at it meanwhile.
    pub(crate) fn meter(&self, now: Instant) -> Meter {
        self.plan.as_ref().map_or_else(|| Meter::new(0, now), |plan| Meter::new(plan.done, plan.at))
    }

    pub(crate) fn figures(&self) -> Figures {
        let since = self.plan.as_ref().map(|plan| plan.at);
        let counts = self.last.as_ref().map(Snapshot::counts).unwrap_or_default();
        let called_for = self
            .last
            .as_ref()
            .map(|last| last.at)
            .zip(since)
            .map(|(until, since)| until.saturating_duration_since(since));
        let called_for = called_for.unwrap_or_default().as_secs_f64();
        let per_second = if called_for > 0.0 { counts.calls as f64 / called_for } else { 0.0 };
        let limit = self.plan.as_ref().and_then(|plan| plan.rate.limit()).map(Limit::per_second);
        Figures {
            counts,
            per_second,
            limit_used: limit.map(|limit| per_second / limit),
            latency: self.latencies.percentiles(),
        }
    }
}
