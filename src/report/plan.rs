//! The plan of a run, before its first call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::input::Total;
use crate::settings::rate::{Limit, Rate};

/// A network's place among those of the run, from 0; the same as in [`Plan::lanes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneId(pub(crate) usize);

impl LaneId {
    /// The network of a run over one.
    pub(crate) const ONLY: Self = Self(0);
}

/// What a run is going to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Where the offers come from.
    pub input: String,
    /// Where the rows go.
    pub output: String,
    /// How many rows the input has.
    pub total: Total,
    /// How many of them an interrupted run has done already.
    pub done: u64,
    /// The networks that are called.
    pub lanes: Vec<LanePlan>,
    /// When the run begins to call.
    pub at: Instant,
}

/// One of the networks that a run calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LanePlan {
    /// As the user calls it: its name in the config file, else its host.
    pub network: Arc<str>,
    /// The host that is called.
    pub host: String,
    /// Its limit.
    pub rate: Rate,
    /// The time between calls that the limit allows, with its margin.
    pub period: Duration,
    /// The most offers that a call brings.
    pub offers_per_call: u64,
    /// How many of its rows an interrupted run has done already.
    pub done: u64,
}

impl Plan {
    /// The network, where there is only one.
    pub(crate) fn only_lane(&self) -> Option<&LanePlan> {
        if let [lane] = self.lanes.as_slice() { Some(lane) } else { None }
    }

    /// Calls per second that the limits allow together; `None` where a network has no limit.
    pub(crate) fn limit_per_second(&self) -> Option<f64> {
        self.lanes.iter().map(LanePlan::limit_per_second).sum()
    }
}

impl LanePlan {
    /// Calls per second that the limit allows.
    pub(crate) fn limit_per_second(&self) -> Option<f64> {
        self.rate.limit().map(Limit::per_second)
    }
}
