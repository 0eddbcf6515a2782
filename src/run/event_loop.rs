//! The loop over lanes: rows in, calls out, answers in, rows out. The only place where calls run side by side.
//!
//! Takes an event, lets the lane that it concerns decide, and carries that out.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::api::{Client, Request};
use crate::dispatch::Call;
use crate::error::Error;
use crate::offer::tally::Tally;
use crate::output::{Finish, Lock, OutputError};
use crate::report::{Event, Report, RunOutcome};
use crate::run::beat::Beating;
use crate::run::call_limit::CallLimit;
use crate::run::feed::Feed;
use crate::run::in_flight::InFlight;
use crate::run::lane::{Arrived, Lane};
use crate::run::lanes::Lanes;
use crate::run::writer::Writer;
use crate::settings::units::MaxErrors;
use crate::signals::status_request::StatusRequests;
use crate::signals::{Signal, Signals};

/// An answer, and the place of its lane.
pub(super) type Answer = (usize, Arrived);

/// A run between its first and its last call.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) lanes: Lanes,
    pub(crate) feed: Feed,
    pub(crate) writer: Writer,
    pub(crate) max_errors: Option<MaxErrors>,
    /// How many calls may still be made.
    pub(crate) calls: CallLimit,
    /// How long calls in flight are waited for when the run stops early.
    pub(crate) drain: Duration,
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

/// Sets the timer of the loop, unless it looks up earlier anyway.
fn set(timer: Pin<&mut Sleep>, wake: Option<Instant>) {
    if let Some(wake) = wake.map(Into::into)
        && (timer.deadline() > wake || timer.is_elapsed())
    {
        timer.reset(wake);
    }
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
        self.calls.end();
        self.lanes.leave().await;
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
            RunOutcome::Complete => Box::pin(self.complete(signals, report)).await,
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
        let mut beating = Beating::new(Instant::now());
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
            beating.renew(now, || self.lanes.rhythms(&self.feed));
            set(timer.as_mut(), wake.map(|wake| beating.next(wake)));
            let is_due = wake.is_some_and(|wake| wake <= now);
            let wants_rows = self.lanes.first().is_some_and(Lane::wants_rows);
            tokio::select! {
                biased;
                signal = signals.next() => break RunOutcome::Interrupted(signal),
                done = self.writer.committed(), if self.writer.is_committing() => self.committed(done)?,
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
                    self.lanes.change(0, &mut self.feed, |lane, _| {
                        if let Some(row) = row {
                            lane.admit(row);
                        }
                        lane.poke(Instant::now());
                    });
                }
                // What was written has made room for more.
                () = std::future::ready(()), if is_due => {}
                () = asked.next() => self.answer(report, Instant::now()),
                () = poll_fn(|context| self.lanes.poll_budgets(context)) => {}
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
            done = self.writer.committed() => self.committed(done).map(|()| None),
        }
    }

    /// A commit has ended, which allows more calls where they are limited.
    fn committed(&mut self, done: Result<(), Error>) -> Result<(), Error> {
        done?;
        if self.calls.left().is_some() {
            let now = Instant::now();
            self.lanes.change_all(&mut self.feed, |lane| lane.poke(now));
        }
        Ok(())
    }
}
