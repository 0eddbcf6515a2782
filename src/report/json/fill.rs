//! Fills the JSON report from the figures of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::budget::Outages;
use crate::exit::ExitCode;
use crate::report::changes::ChangeSummary;
use crate::report::failed_offer::FailedOffer;
use crate::report::json::{
    Budget, Calls, Changes, Document, End, Exit, How, Latency, Limit, NetworkPart, Offers, SCHEMA, Waited, When, Work,
};
use crate::report::outcome::{self, COMPLETE, RunOutcome};
use crate::report::plan::{LanePlan, Plan};
use crate::report::snapshot::{LaneState, LaneStatus};
use crate::report::stats::{Figures, LaneFigures, Percentiles, Stats, Statuses};

impl<'a> Document<'a> {
    pub(crate) fn new(stats: &'a Stats, end: End) -> Self {
        let plan = stats.plan.as_ref();
        let only = plan.and_then(Plan::only_lane);
        let rows = (plan.and_then(|plan| plan.total.rows()), plan.map_or(0, |plan| plan.done));
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            when: When {
                started: to_the_millisecond(stats.started),
                ended: to_the_millisecond(Timestamp::now()),
                duration_seconds: seconds(stats.started_at.elapsed()),
            },
            input: &stats.files.input,
            output: &stats.files.output,
            host: only.map(|lane| lane.host.as_str()),
            changes: stats.changes.map(Changes::from),
            networks: networks(stats, &end),
            how: end.into(),
            work: Work::new(stats.figures(), rows, Some(&stats.failed_offers), only),
            network: stats.network(),
        }
    }
}

/// Each network. A network that was not done ended as the whole run did.
fn networks<'a>(stats: &'a Stats, end: &End) -> Vec<NetworkPart<'a>> {
    let lanes: Vec<_> = stats.lanes().collect();
    let is_only = lanes.len() == 1;
    let network = |LaneFigures { plan, status, figures }: LaneFigures<'a>| {
        let own = status.filter(|_| !is_only).and_then(|status| own_end(status, &plan.host));
        let rows = (status.and_then(|status| status.total.rows()), plan.done);
        NetworkPart {
            name: &plan.network,
            host: &plan.host,
            how: own.unwrap_or_else(|| end.clone()).into(),
            work: Work::new(figures, rows, None, Some(plan)),
        }
    };
    lanes.into_iter().map(network).collect()
}

/// How a network's part ended before the run did.
fn own_end(status: &LaneStatus, host: &str) -> Option<End> {
    match &status.state {
        LaneState::Complete => Some(End { code: status.tally.exit_code(), ending: COMPLETE, why: None }),
        LaneState::Stopped(why) => Some(End {
            code: RunOutcome::Stopped(why.clone()).exit_code(&status.tally),
            ending: outcome::word_of(why),
            why: Some(outcome::stopped(why, host)),
        }),
        LaneState::Calling | LaneState::Waiting { .. } => None,
    }
}

impl From<ChangeSummary> for Changes {
    fn from(ChangeSummary { new, changed, gone, back, since }: ChangeSummary) -> Self {
        Self { new, changed, gone, back, since }
    }
}

impl From<End> for How {
    fn from(End { code, ending, why }: End) -> Self {
        Self { exit: code.into(), ending, why }
    }
}

impl From<ExitCode> for Exit {
    fn from(code: ExitCode) -> Self {
        Self { code: code.code(), meaning: code.meaning() }
    }
}

impl<'a> Work<'a> {
    fn new(
        figures: Figures,
        (input_rows, continued_from): (Option<u64>, u64),
        first_failed: Option<&'a [FailedOffer]>,
        lane: Option<&LanePlan>,
    ) -> Self {
        Self {
            calls: Calls::new(&figures),
            latency_ms: figures.latency.map(Latency::from),
            waited_seconds: (&figures).into(),
            budget: figures.budget.map(Budget::from),
            limit: lane.and_then(|lane| Limit::new(lane, &figures)),
            rows: figures.tally.rows,
            offers: Offers {
                input_rows,
                continued_from,
                done: figures.tally.offers,
                exported: figures.tally.succeeded(),
                failed: figures.tally.failed(),
                stale: figures.tally.stale,
                oldest_stale_at: figures.tally.oldest_good_at,
                errors: figures.tally.errors,
                first_failed,
            },
        }
    }
}

impl Calls {
    fn new(figures: &Figures) -> Self {
        Self {
            total: figures.counts.calls,
            retries: figures.counts.retries,
            throttled: figures.counts.throttled,
            by_status: by_status(&figures.statuses),
            per_second: thousandths(figures.per_second),
            at_a_time: figures.counts.at_a_time,
        }
    }
}

fn by_status(statuses: &Statuses) -> BTreeMap<String, u64> {
    let word = |status: &Option<u16>| status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    statuses.iter().map(|(status, n)| (word(status), *n)).collect()
}

impl From<Percentiles> for Latency {
    fn from(Percentiles { p50, p95, p99, max }: Percentiles) -> Self {
        let [p50, p95, p99, max] = [p50, p95, p99, max].map(|took| thousandths(took.as_secs_f64() * 1000.0));
        Self { p50, p95, p99, max }
    }
}

impl From<&Figures> for Waited {
    fn from(figures: &Figures) -> Self {
        Self { frozen: seconds(figures.counts.frozen), outage: seconds(figures.counts.outage) }
    }
}

impl Limit {
    fn new(lane: &LanePlan, figures: &Figures) -> Option<Self> {
        Some(Self {
            rate: lane.rate.limit()?.to_string(),
            period_ms: thousandths(lane.period.as_secs_f64() * 1000.0),
            used_percent: thousandths(figures.limit_used? * 100.0),
        })
    }
}

impl From<Outages> for Budget {
    fn from(outages: Outages) -> Self {
        Self { outages: outages.times, away_seconds: seconds(outages.lasted) }
    }
}

fn to_the_millisecond(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn seconds(duration: Duration) -> f64 {
    thousandths(duration.as_secs_f64())
}

/// More digits would be false precision.
fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
