//! What a run shows of itself while it goes on.
//!
//! Part of [`Run`]: looks at it and changes nothing.

use std::time::Instant;

use crate::offer::{Class, OfferError};
use crate::report::{Event, LaneId, LaneState, LaneStatus, Report, RunOutcome, Snapshot};
use crate::run::event_loop::Run;

impl Run {
    /// Shows how far it is, and what it waits for.
    pub(crate) fn show(&self, report: &Report, now: Instant) {
        if let Some((why, until)) = self.waiting {
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
        for lane in &mut snapshot.lanes {
            match ending {
                Some(RunOutcome::Complete) => lane.state = LaneState::Complete,
                Some(RunOutcome::Stopped(stop)) => lane.state = LaneState::Stopped(stop.clone()),
                _ => {}
            }
        }
        snapshot
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        let tally = self.writer.summary().clone();
        let lane = LaneStatus {
            // Rows that only wait behind a slow one are done: counted when written, they would come in jumps, and the
            // time that is left would be wrong for as long.
            done: tally.offers + self.window.answered() as u64,
            tally,
            counts: self.requests.dispatcher.counts(now),
            in_flight: self.requests.dispatcher.in_flight(),
            state: self.waiting.into(),
            ..LaneStatus::new(&self.network, self.rows.total())
        };
        Snapshot::of_one(lane, now)
    }

    /// Until something passes, calls are made one by one: if the host swallows them, that takes minutes of silence.
    pub(crate) fn warn_of_bad_start(&self, error: &OfferError, report: &Report) {
        let is_first = self.requests.dispatcher.counts(Instant::now()).calls == 1;
        if is_first && error.kind.class() == Class::Transient {
            report.emit(&Event::FirstCallFailed { lane: LaneId::ONLY, error: error.clone() });
        }
    }
}
