//! What a dry run sees of the input: rows, offers, calls.

use std::collections::HashSet;

use crate::config::Job;
use crate::error::Error;
use crate::input::Row;
use crate::offer::OfferId;
use crate::reorder::buffer::ReorderBuffer;
use crate::reorder::recent::Recent;
use crate::report::InvalidRow;
use crate::run::lane_progress::LaneProgress;
use crate::run::lookups::{Lookups, Verdict};
use crate::run::router::Router;
use crate::run::rows::{Next, Rows};

/// The most invalid rows that are listed; the rest are counted.
const LISTED: usize = 10;

/// What has been seen of the input.
pub(super) struct Seen {
    pub rows: u64,
    pub kept: u64,
    /// Rows that are written from the history.
    pub from_history: u64,
    /// Rows whose offers are left for a later run, without links.
    pub not_asked: u64,
    /// Ordinary IDs as numbers. A run remembers only the last ones, but counting distinct ones needs all: ten million
    /// take 150 MiB, which is acceptable here and nowhere else.
    numbers: HashSet<(usize, u64)>,
    /// IDs that are too long for that.
    others: HashSet<(usize, OfferId)>,
    /// The offers that a run would remember.
    remembered: Recent<(usize, OfferId), ()>,
    pub calls: u64,
    /// Calls to each network.
    pub calls_of: Vec<u64>,
    pub invalid: u64,
    pub first_invalid: Vec<InvalidRow>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            rows: 0,
            kept: 0,
            from_history: 0,
            not_asked: 0,
            numbers: HashSet::new(),
            others: HashSet::new(),
            remembered: Recent::new(ReorderBuffer::<()>::REMEMBERED),
            calls: 0,
            calls_of: Vec::new(),
            invalid: 0,
            first_invalid: Vec::new(),
        }
    }

    /// Everything that is still to come.
    pub(super) async fn of(
        (job, done): (&Job, LaneProgress),
        rows: &mut Rows,
        lookups: Option<&Lookups>,
    ) -> Result<Self, Error> {
        let mut seen = Self::new();
        let router = rows.network_cell.map(|cell| (Router::new(&job.networks), cell));
        let mut rows_of = vec![0_u64; job.networks.len() + 1];
        loop {
            let next = match rows.next()? {
                Next::NotYet => rows.wait().await?,
                next => next,
            };
            match next {
                Next::Row(row) | Next::Stale(row, _) => {
                    let route = router.as_ref().map_or(Ok(0), |(router, cell)| router.route(row.cells.get(*cell)));
                    let lane = route.as_ref().copied().unwrap_or(job.networks.len());
                    let nth = rows_of.get_mut(lane).map_or(0, |rows| {
                        *rows += 1;
                        *rows
                    });
                    if nth > done.done(lane) {
                        seen.add(route, row, lookups)?;
                    }
                }
                Next::Kept(_) => seen.kept += 1,
                Next::NotYet => {}
                Next::End => return Ok(seen),
            }
        }
    }

    /// Counts a row of the network at this place, or of none, for the reason given.
    fn add(&mut self, route: Result<usize, String>, row: Row, lookups: Option<&Lookups>) -> Result<(), Error> {
        self.rows += 1;
        let (lane, offer) = match (route, row.offer) {
            (Ok(lane), Ok(offer)) => (lane, offer),
            (Err(why), Ok(offer)) => {
                self.add_invalid(row.line, offer.to_string(), why);
                return Ok(());
            }
            (_, Err(bad)) => {
                self.add_invalid(row.line, bad.text.into(), bad.reason.to_string());
                return Ok(());
            }
        };
        // With a 1 before it, so that leading zeros count: 007 is not 7.
        match format!("1{offer}").parse() {
            Ok(number) => self.numbers.insert((lane, number)),
            Err(_) => self.others.insert((lane, offer)),
        };
        match lookups.map_or(Ok(Verdict::Ask), |lookups| lookups.verdict(lane, &offer))? {
            Verdict::Fresh(_) | Verdict::Later(Some(_)) => self.from_history += 1,
            Verdict::Later(None) => self.not_asked += 1,
            Verdict::Ask => self.add_call(lane, offer),
        }
        Ok(())
    }

    fn add_call(&mut self, lane: usize, offer: OfferId) {
        let is_called = self.remembered.get_mut((lane, offer)).is_none();
        if is_called {
            self.remembered.insert((lane, offer), ());
        }
        self.calls += u64::from(is_called);
        self.calls_of.resize(self.calls_of.len().max(lane + 1), 0);
        if let Some(calls) = self.calls_of.get_mut(lane) {
            *calls += u64::from(is_called);
        }
    }

    fn add_invalid(&mut self, line: u64, text: String, reason: String) {
        self.invalid += 1;
        if self.first_invalid.len() < LISTED {
            self.first_invalid.push(InvalidRow { line, text, reason });
        }
    }

    pub(super) fn distinct(&self) -> u64 {
        (self.numbers.len() + self.others.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{BadId, Cells, ResumePosition};

    fn row(line: u64, cell: &str) -> Row {
        let offer = OfferId::parse(cell).map_err(|reason| BadId { text: cell.into(), reason });
        let next = ResumePosition { byte: 0, line, record: 0 };
        Row { line, offer, cells: Cells::new([""; 0].iter(), 0), next }
    }

    #[test]
    fn every_id_counts_once_and_leading_zeros_make_another() {
        let mut seen = Seen::new();
        for cell in ["7", "007", "7.0", "18446744073709551615", "99999999999999999999", "99999999999999999999", "x"] {
            seen.add(Ok(0), row(1, cell), None).unwrap();
        }
        assert_eq!((seen.rows, seen.distinct(), seen.calls, seen.invalid), (7, 4, 4, 1));
    }

    #[test]
    fn what_a_run_would_have_forgotten_is_called_again() {
        let mut seen = Seen::new();
        for id in (0..12_000).chain([11_999, 0]) {
            seen.add(Ok(0), row(1, &id.to_string()), None).unwrap();
        }
        assert_eq!((seen.distinct(), seen.calls), (12_000, 12_001));
    }

    #[test]
    fn only_the_first_invalid_rows_are_held() {
        let mut seen = Seen::new();
        (2..1002).for_each(|line| seen.add(Ok(0), row(line, "x"), None).unwrap());
        assert_eq!((seen.invalid, seen.first_invalid.len()), (1000, LISTED));
        assert_eq!(seen.first_invalid[9].line, 11);
    }
}
