//! The JSON report: a promise to programs, with a version.
//!
//! It has its own structs, so that the rest of the program can change. `docs/report.schema.json` describes it. A field may
//! be added under the same version; any other change needs a new version.

mod fill;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::ExitCode;
use crate::offer::ErrorKind;
use crate::report::failed_offer::FailedOffer;
use crate::text;

/// The version of this shape.
const SCHEMA: u32 = 2;

/// How a run ended, in the report's words.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) code: ExitCode,
    pub(crate) ending: &'static str,
    /// Why, where it was not completed.
    pub(crate) why: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: u32,
    version: &'static str,
    #[serde(flatten)]
    pub(crate) when: When,
    input: &'a str,
    pub(crate) output: &'a str,
    /// Of a run over one network.
    host: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) how: How,
    #[serde(flatten)]
    pub(crate) work: Work<'a>,
    /// Left out without a history, and where that knows no earlier run.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
    pub(crate) networks: Vec<NetworkPart<'a>>,
    /// What the metrics call a network that is not known yet.
    #[serde(skip)]
    pub(crate) network: &'a str,
}

/// How many offers differ from the last finished run.
#[derive(Debug, Serialize)]
struct Changes {
    new: u64,
    changed: u64,
    gone: u64,
    back: u64,
    /// When that run began.
    since: Timestamp,
}

#[derive(Debug, Serialize)]
pub(crate) struct When {
    started: String,
    ended: String,
    pub(crate) duration_seconds: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct How {
    pub(crate) exit: Exit,
    pub(crate) ending: &'static str,
    why: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    meaning: &'static str,
}

/// The figures of one network's part.
#[derive(Debug, Serialize)]
pub(crate) struct NetworkPart<'a> {
    #[serde(rename = "network")]
    pub(crate) name: &'a str,
    host: &'a str,
    #[serde(flatten)]
    pub(crate) how: How,
    #[serde(flatten)]
    pub(crate) work: Work<'a>,
}

/// The figures of a run, or of one network's part of it.
#[derive(Debug, Serialize)]
pub(crate) struct Work<'a> {
    pub(crate) offers: Offers<'a>,
    pub(crate) rows: u64,
    pub(crate) calls: Calls,
    latency_ms: Option<Latency>,
    pub(crate) waited_seconds: Waited,
    pub(crate) limit: Option<Limit>,
    /// Left out where the limit is not shared with other hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget: Option<Budget>,
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
    /// Rows with old links, because there were no new ones.
    pub(crate) stale: u64,
    /// When the oldest of those were confirmed.
    pub(crate) oldest_stale_at: Option<Timestamp>,
    pub(crate) errors: BTreeMap<ErrorKind, u64>,
    /// The first of those of this run; of the run as a whole only.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failed: Option<&'a [FailedOffer]>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Calls {
    pub(crate) total: u64,
    pub(crate) retries: u64,
    pub(crate) throttled: u64,
    pub(crate) by_status: BTreeMap<String, u64>,
    per_second: f64,
    /// Left out where it was not learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_a_time: Option<usize>,
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

/// The budget that is shared with other hosts.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    pub(crate) outages: u64,
    pub(crate) away_seconds: f64,
}

impl Document<'_> {
    /// The text of the file.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text::shown_json(&text).into_owned() + "\n")
    }
}

#[cfg(test)]
mod tests;
