//! A lane: everything that belongs to one network of a run, other than its client, its rows and what it wrote.
//!
//! Takes rows in, says which calls leave, takes answers in and gives rows out, in their order. Makes no call and waits
//! for nothing: that is the loop's part.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::api::{Payload, Reply, Request};
use crate::budget::Participant;
use crate::dispatch::{Call, Next, StopReason, Supply, Waiting};
use crate::error::Error;
use crate::pace::Rhythm;
use crate::reorder::buffer::ReorderBuffer;
use crate::report::{LaneState, LaneStatus, Report};
use crate::run::call_limit::{Gate, LaneCalls};
use crate::run::fate::{LaneEnd, error_of};
use crate::run::feed::{Feed, Pending};
use crate::run::requests::Requests;
use crate::run::session;
use crate::run::writer::Writer;

/// A call with its answer, and how long that took.
pub(crate) type Arrived = (Call<Request>, Reply<Payload>, Duration);

/// One network's part of a run.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Its place among the lanes, which is that of its network.
    pub(super) id: usize,
    /// As the user calls it; empty for the rows that name no network.
    pub(super) network: Arc<str>,
    /// The host that is called.
    host: String,
    pub(super) window: ReorderBuffer<Pending>,
    pub(super) requests: Requests,
    /// How many calls may still be made.
    pub(super) calls: LaneCalls,
    /// Its part of the limit.
    budget: Participant,
    waiting: Option<(Waiting, Instant)>,
    state: State,
    /// When there is something to do even if nothing happens; in the past where there is something to do now.
    pub(super) wake: Option<Instant>,
}

/// Whether a lane still calls.
#[derive(Debug)]
enum State {
    Calling,
    /// No call is left (`--max-calls`): its open rows are written as they are known.
    OutOfCalls,
    /// Its network was given up. Its open rows wait for what becomes of the others.
    Stopped(StopReason),
    /// Its open rows get their error.
    Failing(StopReason),
}

impl Lane {
    /// A lane whose first call may leave now.
    pub(crate) fn new(
        (id, window): (usize, ReorderBuffer<Pending>),
        (network, host): (Arc<str>, String),
        (requests, budget): (Requests, Participant),
        now: Instant,
    ) -> Self {
        let (waiting, state, calls) = (None, State::Calling, LaneCalls::default());
        Self { id, network, host, window, requests, calls, budget, waiting, state, wake: Some(now) }
    }

    /// The same lane, within this limit.
    pub(crate) fn with_calls(self, calls: LaneCalls) -> Self {
        Self { calls, ..self }
    }

    /// Gives it something to do now.
    pub(crate) fn poke(&mut self, now: Instant) {
        self.wake = Some(now);
    }

    /// When it has something to do, if nothing happens until then.
    pub(crate) fn wake(&self) -> Option<Instant> {
        self.wake
    }

    /// Calls that have no answer yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.requests.dispatcher.in_flight()
    }

    /// Why its network was given up, if it was.
    pub(crate) fn stopped(&self) -> Option<&StopReason> {
        match &self.state {
            State::Calling | State::OutOfCalls => None,
            State::Stopped(stop) | State::Failing(stop) => Some(stop),
        }
    }

    /// Whether rows of it are not written yet.
    pub(crate) fn is_open(&self, feed: &Feed) -> bool {
        !(feed.ended(self.id) && self.window.is_empty())
    }

    /// What has become of it.
    pub(crate) fn end(&self, feed: &Feed) -> LaneEnd {
        let is_over = !self.is_open(feed);
        match &self.state {
            State::Calling | State::OutOfCalls if is_over && !feed.asks(self.id) => LaneEnd::Empty,
            State::Calling | State::OutOfCalls if is_over => LaneEnd::Complete,
            // By now it is known that another network came to its end.
            State::Failing(_) if is_over => LaneEnd::Empty,
            State::Calling | State::OutOfCalls | State::Failing(_) => LaneEnd::Open,
            State::Stopped(_) => LaneEnd::Stopped { in_flight: self.in_flight() },
        }
    }

    /// Takes this run's part of the limit, takes in rows while there is room and use for them, and sends everything that
    /// may be sent now.
    ///
    /// # Errors
    /// The rows cannot be read. What stops the lane is in its state, and given back.
    pub(crate) fn turn(
        &mut self,
        feed: &mut Feed,
        report: &Report,
        now: Instant,
        fetch: impl FnMut(Call<Request>),
    ) -> Result<Option<StopReason>, Error> {
        self.share(report, now);
        self.look_at_calls(now);
        let stop = match &self.state {
            State::Calling => {
                self.read(feed)?;
                self.send(feed, now, fetch).err()
            }
            State::OutOfCalls => {
                self.leave_open(feed)?;
                None
            }
            State::Stopped(_) => None,
            State::Failing(stop) => {
                let error = error_of(stop, &self.host);
                self.fail(feed, &error)?;
                None
            }
        };
        self.wake = self.next_wake();
        Ok(stop)
    }

    /// When there is something to do, if nothing happens until then.
    fn next_wake(&self) -> Option<Instant> {
        let of_calls = [self.waiting.map(|(_, until)| until), self.requests.dispatcher.ends_at()];
        // Where no call may leave, time changes nothing.
        let of_calls = of_calls.into_iter().flatten().filter(|_| self.calls.limit.gate() == Gate::Open);
        let is_calling = matches!(self.state, State::Calling);
        of_calls.chain(self.budget.next_update()).min().filter(|_| is_calling)
    }

    /// Makes no more calls once none is left and every answer is there.
    fn look_at_calls(&mut self, now: Instant) {
        let is_over = self.calls.limit.gate() == Gate::UsedUp && self.in_flight() == 0;
        if is_over && matches!(self.state, State::Calling) {
            self.state = State::OutOfCalls;
            self.waiting = None;
            self.let_go(now);
        }
    }

    /// Takes its part of the limit, when that has changed.
    pub(crate) fn share(&mut self, report: &Report, now: Instant) {
        session::share(&mut self.budget, self.requests.dispatcher.pace(), report, now);
    }

    /// Whether it shares a budget with other hosts.
    pub(crate) fn shares_with_hosts(&self) -> bool {
        self.budget.shares_with_hosts()
    }

    /// How its calls follow each other, while there are any. Hosts that share a limit take turns, for which none of them may
    /// be late.
    pub(crate) fn rhythm(&self, feed: &Feed) -> Option<Rhythm> {
        let calls = self.is_of_network() && matches!(self.state, State::Calling) && self.is_open(feed);
        let rhythm = self.requests.dispatcher.rhythm();
        let slack = if self.shares_with_hosts() { Duration::ZERO } else { rhythm.slack };
        calls.then_some(Rhythm { slack, ..rhythm })
    }

    /// Whether the budget has something for it.
    pub(crate) fn poll_budget(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.budget.poll_changed(context)
    }

    /// Gives its part of the limit back: it makes no more calls.
    pub(crate) fn let_go(&mut self, now: Instant) {
        self.budget.let_go(&self.requests.dispatcher.pace().still_counting(now));
    }

    /// The same, and waits until that is done with.
    pub(crate) async fn leave(&mut self, now: Instant) {
        self.budget.leave(&self.requests.dispatcher.pace().still_counting(now)).await;
    }

    fn send(&mut self, feed: &Feed, now: Instant, mut fetch: impl FnMut(Call<Request>)) -> Result<(), StopReason> {
        let supply = if self.window.has_room() && !feed.ended(self.id) { Supply::Open } else { Supply::Closed };
        loop {
            if self.calls.limit.gate() != Gate::Open {
                self.waiting = None;
                return Ok(());
            }
            self.waiting = match self.requests.next(now, supply)? {
                Next::Send(call) => {
                    self.calls.limit.sending();
                    session::sending(&mut self.budget, self.requests.dispatcher.pace(), now);
                    fetch(call);
                    continue;
                }
                Next::Wait { until, why } => Some((why, until)),
                Next::Idle => None,
            };
            self.take_outcomes();
            return Ok(());
        }
    }

    /// Makes no more calls. Says so where that happens for the first time.
    pub(crate) fn stop(&mut self, stop: StopReason) -> bool {
        let is_first = matches!(self.state, State::Calling);
        if is_first {
            self.state = State::Stopped(stop);
            self.waiting = None;
            self.wake = None;
            self.let_go(Instant::now());
        }
        is_first
    }

    /// Gives its open rows their error from now on, if its network was given up and no answer is on its way.
    pub(crate) fn fail_open_rows(&mut self, now: Instant) {
        if self.in_flight() > 0 {
            return;
        }
        self.state = match std::mem::replace(&mut self.state, State::Calling) {
            State::Stopped(stop) => {
                self.wake = Some(now);
                State::Failing(stop)
            }
            other => other,
        };
    }

    /// What it waits for, and until when.
    pub(crate) fn waiting(&self) -> Option<(Waiting, Instant)> {
        self.waiting
    }

    /// Whether it is the lane of a network, not that of the rows that name none.
    pub(crate) fn is_of_network(&self) -> bool {
        !self.network.is_empty()
    }

    /// How far it is.
    pub(crate) fn status(&self, feed: &Feed, writer: &Writer, now: Instant) -> LaneStatus {
        let tally = writer.tally(self.id);
        let state = match (&self.state, self.end(feed)) {
            (State::Stopped(stop) | State::Failing(stop), _) => LaneState::Stopped(stop.clone()),
            (_, LaneEnd::Complete | LaneEnd::Empty) => LaneState::Complete,
            _ => self.waiting.into(),
        };
        LaneStatus {
            // Rows that only wait behind a slow one are done: counted when written, they would come in jumps, and the
            // time that is left would be wrong for as long.
            done: tally.offers + self.window.answered() as u64,
            tally,
            counts: self.requests.dispatcher.counts(now),
            in_flight: self.in_flight(),
            state,
            budget: self.budget.outages(now),
            ..LaneStatus::new(&self.network, feed.total_of(self.id))
        }
    }
}
