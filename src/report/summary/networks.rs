//! A line for each network of a run over several.

use serde_json::{Value, json};

use crate::report::format::{self, counted};
use crate::report::outcome::{self, COMPLETE};
use crate::report::snapshot::LaneState;
use crate::report::stats::{LaneFigures, Stats};

/// The lines; none where there is only one network.
pub(super) fn lines(stats: &Stats) -> Vec<String> {
    let lanes: Vec<_> = stats.lanes().collect();
    if lanes.len() < 2 { Vec::new() } else { lanes.iter().map(line).collect() }
}

/// `  acme: 998 of 1,000 offers, 2 failed (2 not_found), 1,004 calls at 98% of the limit`
fn line(lane: &LaneFigures<'_>) -> String {
    let figures = &lane.figures;
    let tally = &figures.tally;
    let mut text = format!(
        "  {}: {} of {} exported",
        lane.plan.network,
        format::count(tally.succeeded()),
        counted(tally.offers, "offer")
    );
    if tally.failed() > 0 {
        let kinds = tally.errors.iter().map(|(kind, n)| format!("{} {}", format::count(*n), kind.as_str()));
        text += &format!(" ({})", kinds.collect::<Vec<_>>().join(", "));
    }
    text += &format!(", {}", counted(figures.counts.calls, "call"));
    if let Some(used) = figures.limit_used.filter(|_| figures.counts.calls > 0) {
        text += &format!(" at {:.0}% of the allowed speed", used * 100.0);
    }
    if let Some(calls) = figures.counts.at_a_time {
        text += &format!(", takes {} at a time (-j {calls})", counted(calls as u64, "call"));
    }
    if let Some(LaneState::Stopped(why)) = lane.status.map(|status| &status.state) {
        text += &format!("; stopped: {}", outcome::stopped(why, &lane.plan.host));
    }
    text
}

/// The same for programs.
pub(super) fn fields(stats: &Stats) -> Value {
    let network = |lane: LaneFigures<'_>| {
        let LaneFigures { plan, status, figures } = lane;
        let (ending, why) = ending(&plan.host, status.map(|status| &status.state));
        json!({"network": &*plan.network, "host": plan.host, "ending": ending, "why": why, "offers": figures.tally.offers,
            "rows": figures.tally.rows, "failed": figures.tally.failed(), "errors": figures.tally.errors,
            "calls": figures.counts.calls, "throttled": figures.counts.throttled,
            "at_a_time": figures.counts.at_a_time, "limit_used": figures.limit_used})
    };
    stats.lanes().map(network).collect()
}

/// How a network's part of a run ended: the word, a promise to programs, and why it is not complete.
pub(crate) fn ending(host: &str, state: Option<&LaneState>) -> (&'static str, Option<String>) {
    match state {
        Some(LaneState::Complete) => (COMPLETE, None),
        Some(LaneState::Stopped(why)) => (outcome::word_of(why), Some(outcome::stopped(why, host))),
        Some(LaneState::Calling | LaneState::Waiting { .. }) | None => ("open", None),
    }
}
