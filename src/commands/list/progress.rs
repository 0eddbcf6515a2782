//! How far the lists of all networks are, for the progress lines.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use crate::input::Total;
use crate::offer::tally::Tally;
use crate::report::{Event, LaneId, LaneStatus, Report, Snapshot};
use crate::signals::status_request::StatusRequests;
use crate::signals::{Signal, Signals};

/// A line for each network.
#[derive(Debug)]
pub(crate) struct Board(RefCell<Vec<LaneStatus>>);

impl Board {
    /// Nothing is read yet.
    pub(crate) fn new(networks: impl Iterator<Item = Arc<str>>) -> Self {
        Self(RefCell::new(networks.map(|network| LaneStatus::new(&network, Total::Unknown)).collect()))
    }

    /// Changes the line of a network.
    pub(super) fn update(&self, lane: LaneId, change: impl FnOnce(&mut LaneStatus)) {
        // Never borrowed across an await, so this cannot fail; and a missing line would be no reason to stop.
        if let Ok(mut lanes) = self.0.try_borrow_mut()
            && let Some(lane) = lanes.get_mut(lane.0)
        {
            change(lane);
        }
    }

    /// All lines as they are now.
    pub(crate) fn snapshot(&self, at: Instant) -> Snapshot {
        let lanes = self.0.try_borrow().map(|lanes| lanes.clone()).unwrap_or_default();
        // The total is unknown until every network has said how many offers it has.
        let total: Option<u64> = lanes.iter().map(|lane| lane.total.rows()).sum();
        Snapshot { at, total: total.map_or(Total::Unknown, Total::Estimate), unrouted: Tally::default(), lanes }
    }

    /// Does the work until a signal comes, and reports the progress when asked.
    ///
    /// # Errors
    /// The signal.
    pub(crate) async fn watch<T>(
        &self,
        work: impl Future<Output = T>,
        signals: &mut Signals,
        report: &Report,
    ) -> Result<T, Signal> {
        let (mut work, mut asked) = (pin!(work), StatusRequests::listen());
        loop {
            tokio::select! {
                biased;
                signal = signals.next() => return Err(signal),
                () = asked.next() => report.emit(&Event::StatusRequested(self.snapshot(Instant::now()))),
                done = &mut work => return Ok(done),
            }
        }
    }
}
