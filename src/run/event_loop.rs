//! The loop over lanes: rows in, calls out, answers in, rows out. The only place where calls run side by side.
//!
//! Takes an event, lets the lane that it concerns decide, and carries that out.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};

use crate::api::{Client, Request};
use crate::dispatch::{Call, StopReason};
use crate::error::Error;
use crate::offer::tally::Tally;
use crate::output::{Finish, Lock, OutputError};
use crate::report::event::LastWait;
use crate::report::{Event, LaneId, Report, RunOutcome};
use crate::run::fate::{Fate, decide, worst};
use crate::run::feed::Feed;
use crate::run::in_flight::InFlight;
use crate::run::lane::{Arrived, Lane};
use crate::run::writer::Writer;
use crate::settings::units::{Counted, MaxErrors};
use crate::signals::status_request::StatusRequests;
use crate::signals::{Signal, Signals};

/// How often a run that only waits for answers renews what it holds of a shared budget.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// What is said and left behind after the last commit takes no longer.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the last commit may take after a signal: hardly any time where the one before it hangs already.
fn disk_patience(committing_since: Option<Instant>, now: Instant) -> Duration {
    let hangs = committing_since.is_some_and(|since| now.saturating_duration_since(since) > Duration::from_secs(1));
    if hangs { Signals::AT_ONCE } else { Signals::TO_THE_END }
}

/// An answer, and the place of its lane.
type Answer = (usize, Arrived);

/// A run between its first and its last call.
#[derive(Debug)]
pub(crate) struct Run {
    /// One for each network; of several networks, another one behind them for the rows that name none.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) feed: Feed,
    pub(crate) writer: Writer,
    pub(crate) max_errors: Option<MaxErrors>,
    /// How long calls in flight are waited for when the run stops early.
    pub(crate) drain: Duration,
}

/// Waits until the budget of a lane has something for it, and gives that lane something to do.
async fn budgets_change(lanes: &mut [Lane]) {
    poll_fn(|context| {
        let mut polled = Poll::Pending;
        for lane in lanes.iter_mut() {
            if lane.poll_budget(context).is_ready() {
                lane.poke(Instant::now());
                polled = Poll::Ready(());
            }
        }
        polled
    })
    .await;
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ending: RunOutcome,
    pub(crate) summary: Tally,
    /// How many offers a later run need not do again, if it can go on.
    pub(crate) kept: u64,
    /// The lock of a file that has its real name now.
    pub(crate) lock: Option<Arc<Lock>>,
    /// Which name that is.
    pub(crate) finish: Finish,
}

impl Run {
    /// Runs until every row is written, or something stops it. `clients` are those of the lanes, in their order.
    pub(crate) async fn run(
        mut self,
        clients: &[Client],
        signals: &mut Signals,
        report: &Report,
    ) -> Result<Ended, Error> {
        let ended = self.go(clients, signals, report).await;
        for lane in &mut self.lanes {
            lane.leave(Instant::now()).await;
        }
        // A run that fails here is to be reported too.
        let now = Instant::now();
        let last = self.last_snapshot(ended.as_ref().ok(), now);
        report.emit(&Event::CallsOver { last, failed: self.writer.failed().to_vec() });
        match &ended {
            // The thread of the disk knows what really happened.
            Err(Error::Output(OutputError::FailedBefore(_))) => self.writer.committed().await?,
            // The rows until then are good, and their calls were made.
            Err(Error::Input(_)) => drop(self.writer.commit(&mut self.feed.rows).await),
            _ => {}
        }
        match ended? {
            RunOutcome::Complete => self.complete(signals, report).await,
            ending => Ok(self.ended(ending)),
        }
    }

    async fn go(&mut self, clients: &[Client], signals: &mut Signals, report: &Report) -> Result<RunOutcome, Error> {
        let fetch = |lane: usize, call: Call<Request>| async move {
            let sent = Instant::now();
            let reply = match clients.get(lane) {
                Some(client) => client.fetch(call.request()).await,
                // A lane without a client has no requests.
                None => std::future::pending().await,
            };
            (lane, (call, reply, sent.elapsed()))
        };
        let mut in_flight = InFlight::new();
        let mut asked = StatusRequests::listen();
        let mut timer = pin!(sleep_until(Instant::now().into()));
        let ending = loop {
            if let Some(signal) = self.make_room(signals).await? {
                break RunOutcome::Interrupted(signal);
            }
            let now = Instant::now();
            if let Some(ending) = self.turn(report, now, |lane, call| in_flight.push(fetch(lane, call)))? {
                break ending;
            }
            self.show(report, now);
            let wake = self.wake(report);
            if wake.is_some_and(|wake| timer.deadline() > wake.into() || timer.is_elapsed()) {
                timer.as_mut().reset(wake.unwrap_or(now).into());
            }
            let is_due = wake.is_some_and(|wake| wake <= now);
            let wants_rows = self.lanes.first().is_some_and(Lane::wants_rows);
            tokio::select! {
                biased;
                signal = signals.next() => break RunOutcome::Interrupted(signal),
                done = self.writer.committed(), if self.writer.is_committing() => done?,
                Some(answer) = in_flight.next() => {
                    // All that are there by now share one turn of this loop.
                    let more = std::iter::from_fn(|| in_flight.next_now());
                    let answers = std::iter::once(answer).chain(more);
                    if let Some(ending) = self.answered(answers, clients, report) {
                        break ending;
                    }
                }
                row = self.feed.wait(), if wants_rows => {
                    let row = row?;
                    if let Some(lane) = self.lanes.first_mut() {
                        if let Some(row) = row {
                            lane.admit(row);
                        }
                        lane.poke(Instant::now());
                    }
                }
                // What was written has made room for more.
                () = std::future::ready(()), if is_due => {}
                () = asked.next() => self.answer(report, Instant::now()),
                () = budgets_change(&mut self.lanes) => {}
                () = &mut timer, if wake.is_some() => {}
            }
        };
        self.feed.rows.log_warnings(report);
        if ending != RunOutcome::Complete {
            self.stop(&ending, (in_flight, clients), signals, report).await?;
        }
        Ok(ending)
    }

    /// Waits for the commit under way where the disk is slower than the network. Gives the signal that came meanwhile.
    async fn make_room(&mut self, signals: &mut Signals) -> Result<Option<Signal>, Error> {
        if self.writer.has_room() || !self.writer.is_committing() {
            return Ok(None);
        }
        tokio::select! {
            biased;
            signal = signals.next() => Ok(Some(signal)),
            done = self.writer.committed() => done.map(|()| None),
        }
    }

    /// Lets every lane do what it has to do now, and decides whether the run is over.
    fn turn(
        &mut self,
        report: &Report,
        now: Instant,
        mut fetch: impl FnMut(usize, Call<Request>),
    ) -> Result<Option<RunOutcome>, Error> {
        let mut stops = Vec::new();
        for (id, lane) in self.lanes.iter_mut().enumerate() {
            if !lane.is_due(now) {
                continue;
            }
            let stop = lane.turn(&mut self.feed, report, now, |call| fetch(id, call))?;
            lane.write(&mut self.writer, now)?;
            if !lane.is_open(&self.feed) {
                lane.let_go(now);
            }
            // With its last row written it has nothing left to stop for.
            stops.extend(stop.filter(|_| lane.is_open(&self.feed)).map(|stop| (id, stop)));
        }
        if let Some(spool) = &mut self.feed.spool {
            self.writer.drain(spool)?;
        }
        self.writer.commit_if_due(&mut self.feed.rows, now)?;
        self.writer.tell(report);
        for (id, stop) in stops {
            if let Some(ending) = self.stopped(id, stop, report) {
                return Ok(Some(ending));
            }
        }
        Ok(self.ending(now))
    }

    /// Gives a network up. Where it is the only one, or the time is over for all, so is the run.
    fn stopped(&mut self, id: usize, stop: StopReason, report: &Report) -> Option<RunOutcome> {
        if self.lanes.len() == 1 || stop == StopReason::OutOfTime {
            return Some(RunOutcome::Stopped(stop));
        }
        let lane = self.lanes.get_mut(id)?;
        if lane.stop(stop.clone()) {
            report.emit(&Event::LaneStopped { lane: LaneId(id), why: stop });
        }
        None
    }

    /// Takes in answers. Gives how the run has ended, if it has.
    fn answered(
        &mut self,
        answers: impl Iterator<Item = Answer>,
        clients: &[Client],
        report: &Report,
    ) -> Option<RunOutcome> {
        let mut ending = None;
        for (id, arrived) in answers {
            let (Some(lane), Some(client)) = (self.lanes.get_mut(id), clients.get(id)) else { continue };
            if let Err(stop) = lane.answered(arrived, client, report) {
                ending = ending.or(self.stopped(id, stop, report));
            }
        }
        ending
    }

    /// Waits for what is in flight, unless another signal comes, and keeps what is there.
    async fn stop(
        &mut self,
        ending: &RunOutcome,
        (mut in_flight, clients): (InFlight<impl Future<Output = Answer>>, &[Client]),
        signals: &mut Signals,
        report: &Report,
    ) -> Result<(), Error> {
        let grace = if let RunOutcome::Interrupted(signal) = ending { signal.grace() } else { Duration::MAX };
        let patience = disk_patience(self.writer.committing_since(), Instant::now()).min(grace);
        let drain = self.drain.min(grace);
        if let RunOutcome::Interrupted(signal) = ending {
            let waiting_for = match self.lanes.iter().map(Lane::in_flight).sum() {
                0 => LastWait::Disk,
                calls => LastWait::Calls(calls),
            };
            report.emit(&Event::Stopping { signal: *signal, waiting_for });
            signals.allow(drain + patience + FAREWELL);
        }
        let mut deadline = pin!(sleep_until((Instant::now() + drain).into()));
        while !in_flight.is_empty() {
            // Calls in flight hold places until they are answered.
            self.lanes.iter_mut().for_each(|lane| lane.share(report, Instant::now()));
            tokio::select! {
                biased;
                _ = signals.next() => break,
                Some(answer) = in_flight.next() => drop(self.answered(std::iter::once(answer), clients, report)),
                () = &mut deadline => break,
                () = sleep(HEARTBEAT) => {}
            }
        }
        let now = Instant::now();
        for lane in &mut self.lanes {
            lane.write(&mut self.writer, now)?;
        }
        signals.allow(patience + FAREWELL);
        // A disk that hangs keeps what it has, and the run ends: that is as safe as a kill.
        signals.within(self.writer.commit(&mut self.feed.rows), patience).await.unwrap_or(Ok(()))
    }

    /// Whether the run has ended by now.
    fn ending(&mut self, now: Instant) -> Option<RunOutcome> {
        match decide(self.lanes.iter().map(|lane| lane.end(&self.feed))) {
            Fate::Complete => return Some(RunOutcome::Complete),
            Fate::Stop => {
                return worst(self.lanes.iter().filter_map(Lane::stopped)).map(RunOutcome::Stopped);
            }
            Fate::FailStopped => self.lanes.iter_mut().for_each(|lane| lane.fail_open_rows(now)),
            Fate::GoOn => {}
        }
        self.max_errors.filter(|most| self.failed_too_often(*most, Counted::SoFar)).map(RunOutcome::too_many_errors)
    }

    fn failed_too_often(&self, most: MaxErrors, counted: Counted) -> bool {
        let (failed, offers) = self.writer.of_this_run();
        most.exceeded(failed, offers, counted)
    }

    /// When there is something to do even if nothing happens.
    fn wake(&self, report: &Report) -> Option<Instant> {
        let lanes = self.lanes.iter().filter_map(Lane::wake);
        lanes.chain(self.writer.commit_due()).chain(report.next_progress()).min()
    }

    async fn complete(mut self, signals: &mut Signals, report: &Report) -> Result<Ended, Error> {
        if let Some(most) = self.max_errors.filter(|most| self.failed_too_often(*most, Counted::InAll)) {
            self.writer.commit(&mut self.feed.rows).await?;
            return Ok(self.ended(RunOutcome::too_many_errors(most)));
        }
        let (summary, kept) = (self.writer.summary().clone(), self.writer.kept());
        let since = self.writer.committing_since();
        let tell = |signal: Signal| {
            report.emit(&Event::Stopping { signal, waiting_for: LastWait::Disk });
            disk_patience(since, Instant::now())
        };
        let Feed { rows, spool, .. } = &mut self.feed;
        match signals.until_second(self.writer.finish((rows, spool.as_mut())), tell).await {
            Ok(finished) => {
                let (summary, lock, finish) = finished?;
                Ok(Ended { ending: RunOutcome::Complete, kept: summary.offers, summary, lock, finish })
            }
            Err(signal) => {
                let (ending, finish) = (RunOutcome::Interrupted(signal), Finish::Replace);
                Ok(Ended { ending, summary, kept, lock: None, finish })
            }
        }
    }

    fn ended(self, ending: RunOutcome) -> Ended {
        let (summary, kept) = (self.writer.summary().clone(), self.writer.kept());
        Ended { ending, summary, kept, lock: None, finish: Finish::Replace }
    }
}
