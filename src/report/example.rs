//! Runs made up for the tests of the views.

use std::time::{Duration, Instant};

use crate::dispatch::{Counts, StopReason, Waiting};
use crate::input::Total;
use crate::offer::tally::Tally;
use crate::offer::{ErrorKind, OfferError};
use crate::report::event::Event;
use crate::report::plan::{LanePlan, Plan};
use crate::report::snapshot::{LaneState, LaneStatus, Snapshot};
use crate::report::stats::Stats;

/// A run over these networks with 1,000 offers each, of which the n-th has done `50 * n` in ten seconds, up to all of them.
pub(super) fn run(networks: &[&str]) -> (Stats, Snapshot) {
    let start = Instant::now();
    let mut stats = Stats::new(start);
    let lanes = networks.iter().map(|network| LanePlan {
        network: (*network).into(),
        host: format!("{network}.api.example"),
        rate: "50/10s".parse().unwrap(),
        period: Duration::from_millis(202),
        offers_per_call: 1,
        done: 0,
    });
    let total = Total::Exact(1000 * networks.len() as u64);
    let (input, output) = ("offers.csv".to_owned(), "links.csv".to_owned());
    stats.on(&Event::Started(Plan { input, output, total, done: 0, lanes: lanes.collect(), at: start }));
    for second in 1..=10 {
        let at = start + Duration::from_secs(second);
        let lanes = networks.iter().zip(1..).map(|(network, n)| lane(network, 5 * n.min(20) * second));
        stats.on(&Event::Progress(Snapshot { at, total, unrouted: Tally::default(), lanes: lanes.collect() }));
    }
    let lanes = networks.iter().zip(1..).map(|(network, n)| lane(network, 50 * n.min(20))).collect();
    let at = start + Duration::from_secs(10);
    (stats, Snapshot { at, total, unrouted: Tally::default(), lanes })
}

/// A network that has done `done` of its offers, a tenth of which failed.
fn lane(network: &str, done: u64) -> LaneStatus {
    let errors = [(ErrorKind::NotFound, done / 10)].into_iter().filter(|(_, n)| *n > 0).collect();
    LaneStatus {
        done,
        tally: Tally { offers: done, rows: done, errors, ..Tally::default() },
        counts: Counts { calls: done, ..Counts::default() },
        in_flight: 1,
        ..LaneStatus::new(&network.into(), Total::Exact(1000))
    }
}

/// The network does not answer.
pub(super) fn outage(at: Instant) -> LaneState {
    LaneState::Waiting { why: Waiting::Outage, until: at + Duration::from_secs(30) }
}

/// The network refuses the account.
pub(super) fn refused() -> LaneState {
    let error = OfferError { http_status: Some(401), ..OfferError::local(ErrorKind::Unauthorized, "wrong key") };
    LaneState::Stopped(StopReason::Refused(error))
}
