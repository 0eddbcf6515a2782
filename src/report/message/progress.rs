//! How far a run is: a line for the log and the bar, the answer to a status request, and fields.

use std::time::Duration;

use serde_json::{Value, json};

use crate::budget::Outages;
use crate::dispatch::Waiting;
use crate::input::Total;
use crate::offer::tally::Tally;
use crate::report::format;
use crate::report::level::Level;
use crate::report::message::form::Message;
use crate::report::outcome;
use crate::report::plan::{LaneId, LanePlan, Plan};
use crate::report::snapshot::{LaneState, LaneStatus, Snapshot};
use crate::report::stats::{Meter, Stats};

/// Why nothing is sent, for a wait that is long enough to mention.
pub(crate) fn reason(why: Waiting, wait: Duration) -> Option<String> {
    let until = format::time_in(wait);
    match why {
        Waiting::Pace => None,
        Waiting::Frozen => Some(format!("waiting for the network's limit until {until}")),
        // Short: in a terminal of 80 columns a longer one would not be shown.
        Waiting::Ban => Some(format!("refused, perhaps a ban; next try at {until}")),
        Waiting::Outage => Some(format!("the network does not answer; next try at {until}")),
        Waiting::Retry => Some(format!("waiting to ask again at {until}")),
        Waiting::Confirm => Some("the network refuses the account; calling again to be sure".to_owned()),
    }
}

/// The word for a wait; a promise to programs.
const fn word(why: Waiting) -> &'static str {
    match why {
        Waiting::Pace => "pace",
        Waiting::Frozen => "frozen",
        Waiting::Ban => "ban",
        Waiting::Outage => "outage",
        Waiting::Retry => "retry",
        Waiting::Confirm => "confirm",
    }
}

/// The numbers of a line: those of the whole run, or of one network.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    done: u64,
    total: Total,
    tally: Tally,
    calls: u64,
    waiting: Option<String>,
    meter: &'a Meter,
    limit: Option<f64>,
    /// Of a run over several networks: how long the slowest of them takes.
    slowest_left: Option<Duration>,
    at: std::time::Instant,
}

impl<'a> Line<'a> {
    /// The whole run.
    pub(crate) fn of_run(snapshot: &Snapshot, stats: &'a Stats) -> Self {
        let waiting = snapshot.waiting();
        Self {
            done: snapshot.done(),
            total: snapshot.total,
            tally: snapshot.tally(),
            calls: snapshot.counts().calls,
            waiting: waiting.and_then(|(why, until)| reason(why, until.saturating_duration_since(snapshot.at))),
            meter: &stats.meter,
            limit: stats.plan.as_ref().and_then(Plan::limit_per_second),
            slowest_left: slowest_left(snapshot, stats),
            at: snapshot.at,
        }
    }

    /// One network of several.
    pub(crate) fn of_lane(snapshot: &Snapshot, lane: LaneId, stats: &'a Stats) -> Option<Self> {
        let part = snapshot.lanes.get(lane.0)?;
        let plan = stats.plan.as_ref().and_then(|plan| plan.lanes.get(lane.0));
        let waiting = match &part.state {
            LaneState::Waiting { why, until } => reason(*why, until.saturating_duration_since(snapshot.at)),
            LaneState::Stopped(why) => Some(format!("stopped: {}", outcome::short(why))),
            LaneState::Calling | LaneState::Complete => None,
        };
        Some(Self {
            done: part.done,
            total: part.total,
            tally: part.tally.clone(),
            calls: part.counts.calls,
            waiting,
            meter: stats.lane_meter(lane).unwrap_or(&stats.meter),
            limit: plan.and_then(LanePlan::limit_per_second),
            slowest_left: None,
            at: snapshot.at,
        })
    }

    /// At most `width` columns: failures are given by kind where there is room for everything, and what does not fit
    /// without that is left out, beginning at the end.
    pub(crate) fn text(&self, width: usize) -> String {
        let all = self.parts(Failures::ByKind).join(", ");
        if all.chars().count() <= width {
            return all;
        }
        let mut parts = self.parts(Failures::Counted).into_iter();
        let mut line = parts.next().unwrap_or_default();
        for part in parts {
            if line.chars().count() + 2 + part.chars().count() > width {
                break;
            }
            line += &format!(", {part}");
        }
        line
    }

    /// How much of it is done, from 0 to 1; `None` where nobody knows.
    pub(crate) fn fraction(&self) -> Option<f64> {
        let total = self.total.rows().filter(|total| *total > 0)?;
        Some((self.done as f64 / total as f64).min(1.0))
    }

    /// How long the rest takes at the pace of the last minute.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        if self.slowest_left.is_some() {
            return self.slowest_left;
        }
        let rest = self.total.rows().map(|n| n.saturating_sub(self.done)).filter(|rest| *rest > 0)?;
        self.meter.time_for(rest, self.done, self.at)
    }

    /// The parts of the line, the most important first.
    fn parts(&self, failures: Failures) -> Vec<String> {
        let done = format::count(self.done);
        let mut parts = vec![match self.total {
            Total::Exact(n) => format!("{done}/{} offers", format::count(n)),
            Total::Estimate(n) => format!("{done}/~{} offers", format::count(n)),
            Total::Unknown => format!("{done} offers"),
        }];
        parts.extend(self.waiting.clone());
        parts.extend(self.time_left().map(|left| format!("{} left", format::duration(left))));
        if self.tally.failed() > 0 {
            let mut failed = format!("{} failed", format::count(self.tally.failed()));
            if failures == Failures::ByKind {
                let kinds =
                    self.tally.errors.iter().map(|(kind, n)| format!("{} {}", format::count(*n), kind.as_str()));
                failed += &format!(" ({})", kinds.collect::<Vec<_>>().join(", "));
            }
            parts.push(failed);
        }
        let rate = format::per_second(self.meter.calls_per_second(self.calls, self.at));
        let of_limit = self.limit.map(|limit| format!(" of {}", format::per_second(limit))).unwrap_or_default();
        parts.push(format!("{rate}{of_limit} calls/s"));
        parts
    }
}

/// How long the slowest network takes, where there are several: they are called side by side, so the run takes as long.
fn slowest_left(snapshot: &Snapshot, stats: &Stats) -> Option<Duration> {
    let open = snapshot.lanes.iter().enumerate().filter(|(_, lane)| lane.is_open() && snapshot.lanes.len() > 1);
    open.filter_map(|(n, _)| Line::of_lane(snapshot, LaneId(n), stats)?.time_left()).max()
}

/// How failures are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failures {
    Counted,
    ByKind,
}

/// Networks by what they are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneCounts {
    calling: usize,
    waiting: usize,
    complete: usize,
    stopped: usize,
}

impl LaneCounts {
    /// Counts them.
    pub(crate) fn of<'a>(lanes: impl Iterator<Item = &'a LaneStatus>) -> Self {
        lanes.fold(Self::default(), |mut counts, lane| {
            *match lane.state {
                LaneState::Waiting { why, .. } if why != Waiting::Pace => &mut counts.waiting,
                LaneState::Calling | LaneState::Waiting { .. } => &mut counts.calling,
                LaneState::Complete => &mut counts.complete,
                LaneState::Stopped(_) => &mut counts.stopped,
            } += 1;
            counts
        })
    }

    /// `90 calling, 7 waiting, 3 complete`
    pub(crate) fn text(self) -> String {
        let Self { calling, waiting, complete, stopped } = self;
        let all = [(calling, "calling"), (waiting, "waiting"), (complete, "complete"), (stopped, "stopped")];
        let some = all.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
        some.collect::<Vec<_>>().join(", ")
    }
}

/// The networks that the run will wait for longest: at most `most`, in the order of the run.
pub(crate) fn slowest(snapshot: &Snapshot, stats: &Stats, most: usize) -> Vec<LaneId> {
    let key = |n: usize, lane: &LaneStatus| {
        let stands_still = matches!(lane.state, LaneState::Waiting { why: Waiting::Outage | Waiting::Confirm, .. });
        let left = Line::of_lane(snapshot, LaneId(n), stats).and_then(|line| line.time_left());
        let left = if stands_still { Duration::MAX } else { left.unwrap_or(Duration::ZERO) };
        (std::cmp::Reverse(left), lane.done, n)
    };
    let open = snapshot.lanes.iter().enumerate().filter(|(_, lane)| lane.is_open());
    let mut lanes: Vec<_> = open.map(|(n, lane)| key(n, lane)).collect();
    lanes.sort_unstable();
    let mut lanes: Vec<_> = lanes.into_iter().take(most).map(|(.., n)| n).collect();
    lanes.sort_unstable();
    lanes.into_iter().map(LaneId).collect()
}

/// A line of the log.
pub(super) fn progress(snapshot: &Snapshot, stats: &Stats) -> Message {
    let mut text = Line::of_run(snapshot, stats).text(usize::MAX);
    let Tally { errors, .. } = snapshot.tally();
    let failed: u64 = errors.values().sum();
    let mut fields = json!({"event": "progress", "done": snapshot.done(), "failed": failed, "errors": errors,
        "calls": snapshot.counts().calls});
    if snapshot.lanes.len() > 1 {
        text += &format!("; networks: {}", LaneCounts::of(snapshot.lanes.iter()).text());
        let slowest = slowest(snapshot, stats, 1).first().copied();
        if let Some((lane, line)) = slowest.and_then(|lane| Some((lane, Line::of_lane(snapshot, lane, stats)?))) {
            text += &format!("; slowest: {}: {}", stats.label(lane).unwrap_or_default(), line.text(usize::MAX));
        }
        fields["networks"] = networks(snapshot, stats);
    }
    Message::new(Level::Info, text, fields)
}

/// The answer to a status request: shown with --quiet too, with a line for each network.
pub(super) fn status(snapshot: &Snapshot, stats: &Stats) -> Message {
    let mut text = Line::of_run(snapshot, stats).text(usize::MAX);
    let (in_flight, wait) = (snapshot.in_flight(), snapshot.waiting());
    text += &under_way(in_flight);
    let wait = wait.map(|(why, until)| (why, until.saturating_duration_since(snapshot.at)));
    text += &to_wait(wait);
    if snapshot.lanes.len() > 1 {
        for (n, lane) in snapshot.lanes.iter().enumerate() {
            let line = Line::of_lane(snapshot, LaneId(n), stats).map(|line| line.text(usize::MAX)).unwrap_or_default();
            let wait = lane.waiting().map(|(why, until)| (why, until.saturating_duration_since(snapshot.at)));
            let more = if lane.is_open() { under_way(lane.in_flight) + &to_wait(wait) } else { String::new() };
            text += &format!("\n  {}: {line}{more}", lane.network);
        }
    }
    let budget_away = snapshot.budget().map(Outages::is_open);
    if budget_away == Some(true) {
        text += ", the shared budget is away";
    }
    let calls = snapshot.counts().calls;
    let fields = json!({"event": "status", "budget_away": budget_away, "done": snapshot.done(), "offers": snapshot.total.rows(),
        "errors": snapshot.tally().errors, "calls": calls,
        "calls_per_second": stats.meter.calls_per_second(calls, snapshot.at), "in_flight": in_flight,
        "waiting_for": wait.map(|(why, _)| word(why)), "waiting_seconds": wait.map(|(_, wait)| wait.as_secs_f64()),
        "networks": networks(snapshot, stats)});
    Message::new(Level::Notice, text, fields)
}

fn under_way(in_flight: usize) -> String {
    if in_flight == 0 { String::new() } else { format!(", {} in flight", format::counted(in_flight as u64, "call")) }
}

fn to_wait(wait: Option<(Waiting, Duration)>) -> String {
    let wait = wait.filter(|(why, wait)| *why != Waiting::Pace && !wait.is_zero());
    wait.map(|(_, wait)| format!(", {} to wait", format::duration(wait))).unwrap_or_default()
}

fn networks(snapshot: &Snapshot, stats: &Stats) -> Value {
    let lanes = snapshot.lanes.iter().enumerate();
    let network = |(n, lane): (usize, &LaneStatus)| {
        let calls = lane.counts.calls;
        let meter = stats.lane_meter(LaneId(n));
        let wait = lane.waiting().map(|(why, until)| (why, until.saturating_duration_since(snapshot.at)));
        let doing = match &lane.state {
            LaneState::Calling | LaneState::Waiting { .. } => "running",
            LaneState::Complete => outcome::COMPLETE,
            LaneState::Stopped(why) => outcome::word_of(why),
        };
        json!({"network": &*lane.network, "done": lane.done, "offers": lane.total.rows(), "errors": lane.tally.errors,
            "calls": calls, "calls_per_second": meter.map(|meter| meter.calls_per_second(calls, snapshot.at)),
            "in_flight": lane.in_flight, "state": doing, "waiting_for": wait.map(|(why, _)| word(why)),
            "waiting_seconds": wait.map(|(_, wait)| wait.as_secs_f64())})
    };
    lanes.map(network).collect()
}

#[cfg(test)]
mod tests;
