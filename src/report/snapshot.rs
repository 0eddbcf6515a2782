//! How far a run is, in numbers: the bar, the log lines, the report, the metrics and the summary are all made from this,
//! so they cannot disagree.
//!
//! Plain data without wording. The loop fills it in; a lane is one network's part of the run.

use std::sync::Arc;
use std::time::Instant;

use crate::budget::Outages;
use crate::dispatch::{Counts, StopReason, Waiting};
use crate::input::Total;
use crate::offer::tally::Tally;

/// All lanes of a run at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// When this was so.
    pub at: Instant,
    /// Rows of the input, those of every lane together.
    pub total: Total,
    /// Rows that belong to no lane: their network is unknown, so no call is made for them.
    pub unrouted: Tally,
    /// One for each network, in the order of the run.
    pub lanes: Vec<LaneStatus>,
}

/// One network's part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneStatus {
    /// The network as the user calls it: its name in the config file, else its host.
    pub network: Arc<str>,
    /// Input rows of this network.
    pub total: Total,
    /// Input rows that have their answer, whether or not they are written yet.
    pub done: u64,
    /// The rows written, including those of the runs that this one continues.
    pub tally: Tally,
    /// The calls of this run.
    pub counts: Counts,
    /// Calls that have no answer yet.
    pub in_flight: usize,
    /// What it is doing.
    pub state: LaneState,
    /// Outages of the budget that it shares with other hosts, if it does.
    pub budget: Option<Outages>,
}

/// What a lane is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaneState {
    /// Calls leave as the pace allows.
    Calling,
    /// No call leaves until then.
    Waiting {
        /// What for.
        why: Waiting,
        /// Until when.
        until: Instant,
    },
    /// Every row has its answer.
    Complete,
    /// It makes no more calls; its open rows have an error.
    Stopped(StopReason),
}

impl Snapshot {
    /// A run over one network.
    pub(crate) fn of_one(lane: LaneStatus, at: Instant) -> Self {
        Self { at, total: lane.total, unrouted: Tally::default(), lanes: vec![lane] }
    }

    /// Input rows that have their answer.
    pub(crate) fn done(&self) -> u64 {
        self.unrouted.offers + self.lanes.iter().map(|lane| lane.done).sum::<u64>()
    }

    /// What came of the rows, over all lanes.
    pub(crate) fn tally(&self) -> Tally {
        self.lanes.iter().fold(self.unrouted.clone(), |mut sum, lane| {
            sum.merge(&lane.tally);
            sum
        })
    }

    /// The calls of all lanes. They wait side by side, so the wait is that of the lane that waited longest. How
    /// many calls a network takes at a time is its own matter.
    pub(crate) fn counts(&self) -> Counts {
        self.lanes.iter().fold(Counts::default(), |sum, LaneStatus { counts, .. }| Counts {
            calls: sum.calls + counts.calls,
            retries: sum.retries + counts.retries,
            throttled: sum.throttled + counts.throttled,
            frozen: sum.frozen.max(counts.frozen),
            outage: sum.outage.max(counts.outage),
            at_a_time: counts.at_a_time.filter(|_| self.lanes.len() == 1),
        })
    }

    /// Outages of the budget that is shared with other hosts: how many, and the longest time; `None` without one.
    pub(crate) fn budget(&self) -> Option<Outages> {
        self.lanes.iter().filter_map(|lane| lane.budget).reduce(Outages::and)
    }

    /// Calls that have no answer yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.lanes.iter().map(|lane| lane.in_flight).sum()
    }

    /// What the whole run waits for, and until when; `None` while any lane may call.
    pub(crate) fn waiting(&self) -> Option<(Waiting, Instant)> {
        let open = self.lanes.iter().filter(|lane| lane.is_open());
        let waits: Option<Vec<_>> = open.map(LaneStatus::waiting).collect();
        waits?.into_iter().min_by_key(|(_, until)| *until)
    }
}

impl LaneStatus {
    /// A lane before its first call.
    pub(crate) fn new(network: &Arc<str>, total: Total) -> Self {
        Self {
            network: Arc::clone(network),
            total,
            done: 0,
            tally: Tally::default(),
            counts: Counts::default(),
            in_flight: 0,
            state: LaneState::Calling,
            budget: None,
        }
    }

    /// Whether it still makes calls.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, LaneState::Calling | LaneState::Waiting { .. })
    }

    /// What it waits for, and until when.
    pub(crate) fn waiting(&self) -> Option<(Waiting, Instant)> {
        match self.state {
            LaneState::Waiting { why, until } => Some((why, until)),
            _ => None,
        }
    }
}

impl From<Option<(Waiting, Instant)>> for LaneState {
    fn from(waiting: Option<(Waiting, Instant)>) -> Self {
        waiting.map_or(Self::Calling, |(why, until)| Self::Waiting { why, until })
    }
}
