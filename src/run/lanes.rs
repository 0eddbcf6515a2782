//! The lanes of a run, and which of them has something to do.
//!
//! Every change of a lane goes through here, so that the loop need not look at all of them after each. Decides nothing.

use std::task::{Context, Poll};
use std::time::Instant;

use crate::pace::Rhythm;
use crate::run::fate::{Ends, Fate};
use crate::run::feed::Feed;
use crate::run::lane::Lane;
use crate::run::timetable::Timetable;

/// One lane for each network; of several networks, another one behind them for the rows that name none.
#[derive(Debug)]
pub(crate) struct Lanes {
    all: Vec<Lane>,
    timetable: Timetable,
    ends: Ends,
    /// Those that share a budget with other hosts.
    sharing: Vec<usize>,
}

impl Lanes {
    /// These lanes, whose rows are in `feed`.
    pub(crate) fn new(lanes: Vec<Lane>, feed: &Feed) -> Self {
        let mut timetable = Timetable::new(lanes.len());
        for (id, lane) in lanes.iter().enumerate() {
            timetable.set(id, lane.wake());
        }
        let ends = Ends::of(lanes.iter().map(|lane| lane.end(feed)));
        let sharing = lanes.iter().enumerate().filter(|(_, lane)| lane.shares_with_hosts());
        Self { timetable, ends, sharing: sharing.map(|(id, _)| id).collect(), all: lanes }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.all.iter()
    }

    /// The first one.
    pub(crate) fn first(&self) -> Option<&Lane> {
        self.all.first()
    }

    /// Does something to a lane, and takes down what it has to do then, and what has become of it.
    pub(crate) fn change<T>(
        &mut self,
        id: usize,
        feed: &mut Feed,
        change: impl FnOnce(&mut Lane, &mut Feed) -> T,
    ) -> Option<T> {
        let lane = self.all.get_mut(id)?;
        let changed = change(lane, feed);
        self.timetable.set(id, lane.wake());
        self.ends.change(id, lane.end(feed));
        Some(changed)
    }

    /// Does something to every lane.
    pub(crate) fn change_all(&mut self, feed: &mut Feed, mut change: impl FnMut(&mut Lane)) {
        for id in 0..self.all.len() {
            self.change(id, feed, |lane, _| change(lane));
        }
    }

    /// The first lane from `from` on that has something to do by `now`.
    pub(crate) fn due(&self, from: usize, now: Instant) -> Option<usize> {
        self.timetable.due(from, now)
    }

    /// When one of them has something to do, if nothing happens until then.
    pub(crate) fn wake(&self) -> Option<Instant> {
        self.timetable.next()
    }

    /// How the calls of those follow each other that still call.
    pub(crate) fn rhythms(&self, feed: &Feed) -> impl Iterator<Item = Rhythm> + Clone {
        self.all.iter().filter_map(|lane| lane.rhythm(feed))
    }

    /// What becomes of the run by now.
    pub(crate) fn fate(&self) -> Fate {
        self.ends.fate()
    }

    /// Whether the budget of a lane has something for it; then that lane has something to do.
    pub(crate) fn poll_budgets(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut polled = Poll::Pending;
        for &id in &self.sharing {
            if let Some(lane) = self.all.get_mut(id)
                && lane.poll_budget(context).is_ready()
            {
                lane.poke(Instant::now());
                self.timetable.set(id, lane.wake());
                polled = Poll::Ready(());
            }
        }
        polled
    }

    /// Gives all their parts of limits back, and waits until that is done with.
    pub(crate) async fn leave(&mut self) {
        for lane in &mut self.all {
            lane.leave(Instant::now()).await;
        }
    }
}
