//! The JSON report: a promise to programs, with a version.
//!
//! Its structs are its own, so that the program can change inside. `docs/report.schema.json` describes it; a field may
//! be added under the same version, anything else needs a new one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::ExitCode;
use crate::offer::ErrorKind;
use crate::report::latency::Percentiles;
use crate::report::record::{Figures, Planned, Record};
use crate::report::summary::FailedOffer;

/// The version of this shape.
const SCHEMA: u32 = 1;

/// How a run ended, in the report's words.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: ExitCode,
    pub(crate) ending: &'static str,
    /// Why, where it was not completed.
    pub(crate) why: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: u32,
    version: &'static str,
    started: String,
    ended: String,
    pub(crate) duration_seconds: f64,
    input: &'a str,
    pub(crate) output: &'a str,
    #[serde(skip)]
    pub(crate) network: &'a str,
    host: Option<&'a str>,
    pub(crate) exit: Exit,
    pub(crate) ending: &'static str,
    why: Option<String>,
    pub(crate) offers: Offers<'a>,
    pub(crate) rows: u64,
    pub(crate) calls: Calls,
    latency_ms: Option<Latency>,
    pub(crate) waited_seconds: Waited,
    pub(crate) limit: Option<Limit>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    meaning: &'static str,
}

/// Input rows; all but `continued_from` include those of the runs that this one has continued.
#[derive(Debug, Serialize)]
pub(crate) struct Offers<'a> {
    /// May be an estimate where the run ended early.
    input_rows: Option<u64>,
    continued_from: u64,
    done: u64,
    pub(crate) exported: u64,
    failed: u64,
    pub(crate) errors: BTreeMap<ErrorKind, u64>,
    /// The first of those of this run.
    first_failed: &'a [FailedOffer],
}

#[derive(Debug, Serialize)]
pub(crate) struct Calls {
    pub(crate) total: u64,
    pub(crate) retries: u64,
    pub(crate) throttled: u64,
    pub(crate) by_status: BTreeMap<String, u64>,
    per_second: f64,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Waited {
    pub(crate) frozen: f64,
    pub(crate) outage: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Limit {
    rate: String,
    period_ms: f64,
    pub(crate) used_percent: f64,
}

impl<'a> Document<'a> {
    pub(crate) fn new(record: &'a Record, ended: Ended) -> Self {
        let figures = record.figures();
        let plan = record.plan.as_ref();
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            started: to_the_millisecond(record.started),
            ended: to_the_millisecond(Timestamp::now()),
            duration_seconds: seconds(record.started_at.elapsed()),
            input: &record.files.input,
            output: &record.files.output,
            network: record.network(),
            host: plan.map(|plan| plan.host.as_str()),
            exit: ended.code.into(),
            ending: ended.ending,
            why: ended.why,
            offers: Offers::new(record, plan),
            rows: record.tally().rows,
            calls: Calls::new(&figures, &record.statuses),
            latency_ms: figures.latency.map(Latency::from),
            waited_seconds: (&figures).into(),
            limit: plan.and_then(|plan| Limit::new(plan, &figures)),
        }
    }

    /// The text of the file.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| crate::text::shown_json(&text).into_owned() + "\n")
    }
}

impl From<ExitCode> for Exit {
    fn from(code: ExitCode) -> Self {
        Self { code: code.code(), meaning: code.meaning() }
    }
}

impl<'a> Offers<'a> {
    fn new(record: &'a Record, plan: Option<&Planned>) -> Self {
        let tally = record.tally();
        Self {
            first_failed: &record.failed_offers,
            input_rows: plan.and_then(|plan| plan.total),
            continued_from: plan.map_or(0, |plan| plan.done),
            done: tally.offers,
            exported: tally.succeeded(),
            failed: tally.failed(),
            errors: tally.errors,
        }
    }
}

impl Calls {
    fn new(figures: &Figures, statuses: &BTreeMap<Option<u16>, u64>) -> Self {
        let word = |status: &Option<u16>| status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        Self {
            total: figures.counts.calls,
            retries: figures.counts.retries,
            throttled: figures.counts.throttled,
            by_status: statuses.iter().map(|(status, n)| (word(status), *n)).collect(),
            per_second: thousandths(figures.per_second),
        }
    }
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
    fn new(plan: &Planned, figures: &Figures) -> Option<Self> {
        Some(Self {
            rate: plan.rate.limit()?.to_string(),
            period_ms: thousandths(plan.period.as_secs_f64() * 1000.0),
            used_percent: thousandths(figures.limit_used? * 100.0),
        })
    }
}

fn to_the_millisecond(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn seconds(duration: Duration) -> f64 {
    thousandths(duration.as_secs_f64())
}

/// More digits would only pretend to be known.
fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
