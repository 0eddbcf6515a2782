//! What a run shows of itself while it goes on.
//!
//! Part of [`Run`]: looks at it and changes nothing.

use std::time::Instant;

use crate::offer::tally::Tally;
use crate::report::{Event, LaneId, LaneState, Report, RunOutcome, Snapshot};
use crate::run::event_loop::Run;
use crate::run::lane::Lane;

impl Run {
    /// Shows how far it is, and what it waits for.
    pub(crate) fn show(&self, report: &Report, now: Instant) {
        // A line for each wait of each of a hundred networks would tell nobody anything: the views show the slowest.
        if self.lanes.len() == 1
            && let Some((why, until)) = self.lanes.first().and_then(Lane::waiting)
        {
            report.emit(&Event::Waiting { lane: LaneId::ONLY, why, until, now });
        }
        report.progress(now, || self.snapshot(now));
    }

    /// Answers somebody who asks how far it is.
    pub(crate) fn answer(&self, report: &Report, now: Instant) {
        report.emit(&Event::StatusRequested(self.snapshot(now)));
    }

    /// How far it was when it ended.
    pub(crate) fn last_snapshot(&self, ending: Option<&RunOutcome>, now: Instant) -> Snapshot {
        let mut snapshot = self.snapshot(now);
        for lane in snapshot.lanes.iter_mut().filter(|lane| lane.is_open()) {
            match ending {
                Some(RunOutcome::Complete) => lane.state = LaneState::Complete,
                Some(RunOutcome::Stopped(stop)) => lane.state = LaneState::Stopped(stop.clone()),
                _ => {}
            }
        }
        snapshot
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        let status = |lane: &Lane| lane.status(&self.feed, &self.writer, now);
        let lanes = self.lanes.iter().filter(|lane| lane.is_of_network()).map(status).collect();
        let unrouted = self.lanes.iter().find(|lane| !lane.is_of_network()).map(status);
        let unrouted = unrouted.map_or_else(Tally::default, |lane| lane.tally);
        Snapshot { at: now, total: self.feed.total(), unrouted, lanes }
    }
}
