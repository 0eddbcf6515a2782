//! One turn of the loop: every lane that has something to do does it, and what that comes to for the run.
//!
//! Part of [`Run`]. Waits for nothing.

use std::time::Instant;

use crate::api::{Client, Request};
use crate::dispatch::{Call, StopReason};
use crate::error::Error;
use crate::report::{Event, LaneId, Report, RunOutcome};
use crate::run::call_limit::Gate;
use crate::run::event_loop::{Answer, Run};
use crate::run::fate::{Fate, worst};
use crate::run::lane::Lane;
use crate::settings::units::{Counted, MaxErrors};

impl Run {
    /// Lets every lane do what it has to do now, and decides whether the run is over.
    pub(super) fn turn(
        &mut self,
        report: &Report,
        now: Instant,
        mut fetch: impl FnMut(usize, Call<Request>),
    ) -> Result<Option<RunOutcome>, Error> {
        let (mut stops, mut from) = (Vec::new(), 0);
        let gate = self.calls.gate();
        // Each once: the loop has to hear signals and answers between two turns.
        while let Some(id) = self.lanes.due(from, now) {
            let stop = self.turn_of(id, report, now, |call| fetch(id, call))?;
            stops.extend(stop.map(|stop| (id, stop)));
            from = id + 1;
        }
        if self.calls.gate() == Gate::UsedUp && gate != Gate::UsedUp {
            // One lane has made the last call for all.
            self.lanes.change_all(&mut self.feed, |lane| lane.poke(now));
        }
        if let Some(spool) = &mut self.feed.spool {
            self.writer.drain(spool)?;
        }
        self.writer.commit_if_due(&mut self.feed.rows, now)?;
        self.writer.tell(report);
        self.feed.rows.tell_meanwhile(report);
        for (id, stop) in stops {
            if let Some(ending) = self.stopped(id, stop, report) {
                return Ok(Some(ending));
            }
        }
        Ok(self.ending(now))
    }

    /// Lets one lane do what it has to do now. Gives what stops it.
    fn turn_of(
        &mut self,
        id: usize,
        report: &Report,
        now: Instant,
        fetch: impl FnMut(Call<Request>),
    ) -> Result<Option<StopReason>, Error> {
        let writer = &mut self.writer;
        let turned = self.lanes.change(id, &mut self.feed, |lane, feed| {
            // What has come makes room for more.
            lane.write(writer)?;
            let stop = lane.turn(feed, report, now, fetch)?;
            if lane.write(writer)? {
                // So does what needed no call.
                lane.poke(now);
            }
            if lane.is_open(feed) {
                return Ok(stop);
            }
            // With its last row written it has nothing left to stop for.
            lane.let_go(now);
            Ok(None)
        });
        turned.unwrap_or(Ok(None))
    }

    /// Gives a network up. Where it is the only one, or the time is over for all, so is the run.
    fn stopped(&mut self, id: usize, stop: StopReason, report: &Report) -> Option<RunOutcome> {
        if self.lanes.len() == 1 || stop == StopReason::OutOfTime {
            return Some(RunOutcome::Stopped(stop));
        }
        let is_first = self.lanes.change(id, &mut self.feed, |lane, _| lane.stop(stop.clone()));
        if is_first == Some(true) {
            report.emit(&Event::LaneStopped { lane: LaneId(id), why: stop });
        }
        None
    }

    /// Takes in answers. Gives how the run has ended, if it has.
    pub(super) fn answered(
        &mut self,
        answers: impl Iterator<Item = Answer>,
        clients: &[Client],
        report: &Report,
    ) -> Option<RunOutcome> {
        let mut ending = None;
        for (id, arrived) in answers {
            let Some(client) = clients.get(id) else { continue };
            let taken = self.lanes.change(id, &mut self.feed, |lane, _| lane.answered(arrived, client, report));
            if let Some(Err(stop)) = taken {
                ending = ending.or(self.stopped(id, stop, report));
            }
        }
        ending
    }

    /// Whether the run has ended by now.
    fn ending(&mut self, now: Instant) -> Option<RunOutcome> {
        match self.lanes.fate() {
            Fate::Complete => return Some(RunOutcome::Complete),
            Fate::Stop => {
                return worst(self.lanes.iter().filter_map(Lane::stopped)).map(RunOutcome::Stopped);
            }
            Fate::FailStopped => self.lanes.change_all(&mut self.feed, |lane| lane.fail_open_rows(now)),
            Fate::GoOn => {}
        }
        self.max_errors.filter(|most| self.failed_too_often(*most, Counted::SoFar)).map(RunOutcome::too_many_errors)
    }

    pub(super) fn failed_too_often(&self, most: MaxErrors, counted: Counted) -> bool {
        let (failed, offers) = self.writer.of_this_run();
        most.exceeded(failed, offers, counted)
    }

    /// When there is something to do even if nothing happens.
    pub(super) fn wake(&self, report: &Report) -> Option<Instant> {
        let lanes = self.lanes.wake().into_iter();
        lanes.chain(self.writer.commit_due()).chain(report.next_progress()).min()
    }
}
