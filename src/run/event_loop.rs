//! The loop: rows in, calls out, answers in, rows out. The only place where calls run side by side.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::api::{Client, Payload, Reply, Request, is_foreign_page};
use crate::dispatch::{Call, Completion, Failure, Next, Responder, StopReason, Supply, Waiting};
use crate::error::Error;
use crate::input::Row;
use crate::offer::tally::Tally;
use crate::output::{Finish, Lock, OutputError};
use crate::reorder::Slot;
use crate::reorder::buffer::{Admitted, ReorderBuffer};
use crate::report::event::LastWait;
use crate::report::{Event, LaneId, Report, RunOutcome};
use crate::run::in_flight::InFlight;
use crate::run::requests::Requests;
use crate::run::retry_failed::KeptRow;
use crate::run::rows::{Next as NextRow, Rows};
use crate::run::session::Neighbours;
use crate::run::writer::Writer;
use crate::settings::units::MaxErrors;
use crate::signals::status_request::StatusRequests;
use crate::signals::{Signal, Signals};

/// What is said and left behind after the last commit takes no longer.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the last commit may take after a signal: hardly any time where the one before it hangs already.
fn disk_patience(committing_since: Option<Instant>, now: Instant) -> Duration {
    let hangs = committing_since.is_some_and(|since| now.saturating_duration_since(since) > Duration::from_secs(1));
    if hangs { Signals::AT_ONCE } else { Signals::TO_THE_END }
}

/// A row that is read and not written yet.
#[derive(Debug)]
pub(crate) enum Pending {
    /// Its offer is asked for, or cannot be.
    Row(Row),
    /// It is written as it stood in an earlier output.
    Kept(KeptRow),
}

/// A call with its answer, and how long that took.
type Arrived = (Call<Request>, Reply<Payload>, Duration);

/// A run between its first and its last call.
#[derive(Debug)]
pub(crate) struct Run {
    /// As the user calls it.
    pub(crate) network: Arc<str>,
    pub(crate) rows: Rows,
    pub(crate) window: ReorderBuffer<Pending>,
    pub(crate) requests: Requests,
    pub(crate) writer: Writer,
    pub(crate) max_errors: Option<MaxErrors>,
    /// How long calls in flight are waited for when the run stops early.
    pub(crate) drain: Duration,
    pub(crate) waiting: Option<(Waiting, Instant)>,
    /// The other runs on this machine that call the same network.
    pub(crate) neighbours: Neighbours,
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
    /// Runs until every row is written, or something stops it.
    pub(crate) async fn run(mut self, client: &Client, signals: &mut Signals, report: &Report) -> Result<Ended, Error> {
        let ended = self.go(client, signals, report).await;
        // A run that fails here is to be reported too.
        let now = Instant::now();
        let last = self.last_snapshot(ended.as_ref().ok(), now);
        report.emit(&Event::CallsOver { last, failed: self.writer.failed().to_vec() });
        match &ended {
            // The thread of the disk knows what really happened.
            Err(Error::Output(OutputError::FailedBefore(_))) => self.writer.committed().await?,
            // The rows until then are good, and their calls were made.
            Err(Error::Input(_)) => drop(self.writer.commit(&mut self.rows).await),
            _ => {}
        }
        match ended? {
            RunOutcome::Complete => self.complete(signals, report).await,
            ending => Ok(self.ended(ending)),
        }
    }

    async fn go(&mut self, client: &Client, signals: &mut Signals, report: &Report) -> Result<RunOutcome, Error> {
        let fetch = |call: Call<Request>| async move {
            let sent = Instant::now();
            let reply = client.fetch(call.request()).await;
            (call, reply, sent.elapsed())
        };
        let mut in_flight = InFlight::new();
        let mut asked = StatusRequests::listen();
        let mut timer = pin!(sleep_until(Instant::now().into()));
        let ending = loop {
            let now = Instant::now();
            self.share(report, now);
            self.read()?;
            let sent = self.send(now, |call| in_flight.push(fetch(call)));
            let wrote = self.write(now)?;
            self.writer.tell(report);
            if let Some(ending) = self.ending(sent) {
                break ending;
            }
            self.show(report, now);
            let wake = self.wake(report);
            if wake.is_some_and(|wake| timer.deadline() > wake.into() || timer.is_elapsed()) {
                timer.as_mut().reset(wake.unwrap_or(now).into());
            }
            let stop = tokio::select! {
                biased;
                signal = signals.next() => break RunOutcome::Interrupted(signal),
                done = self.writer.committed(), if self.writer.is_committing() => done.map(|()| None)?,
                Some(answer) = in_flight.next() => {
                    // All that are there by now share one turn of this loop.
                    let more = std::iter::from_fn(|| in_flight.next_now());
                    std::iter::once(answer).chain(more).find_map(|answer| self.answered(answer, client, report).err())
                }
                row = self.rows.wait(), if self.window.has_room() && self.requests.wants_offers() => {
                    self.admit(row?);
                    None
                }
                // What was written has made room for more.
                () = std::future::ready(()), if wrote => None,
                () = asked.next() => {
                    self.answer(report, Instant::now());
                    None
                }
                () = &mut timer, if wake.is_some() => None,
            };
            if let Some(stop) = stop {
                break RunOutcome::Stopped(stop);
            }
        };
        self.rows.log_warnings(report);
        if ending != RunOutcome::Complete {
            self.stop(&ending, (in_flight, client), signals, report).await?;
        }
        Ok(ending)
    }

    /// Waits for what is in flight, unless another signal comes, and keeps what is there.
    async fn stop(
        &mut self,
        ending: &RunOutcome,
        (mut in_flight, client): (InFlight<impl Future<Output = Arrived>>, &Client),
        signals: &mut Signals,
        report: &Report,
    ) -> Result<(), Error> {
        let grace = if let RunOutcome::Interrupted(signal) = ending { signal.grace() } else { Duration::MAX };
        let patience = disk_patience(self.writer.committing_since(), Instant::now()).min(grace);
        let drain = self.drain.min(grace);
        if let RunOutcome::Interrupted(signal) = ending {
            let waiting_for = match self.requests.dispatcher.in_flight() {
                0 => LastWait::Disk,
                calls => LastWait::Calls(calls),
            };
            report.emit(&Event::Stopping { signal: *signal, waiting_for });
            signals.allow(drain + patience + FAREWELL);
        }
        let mut deadline = pin!(sleep_until((Instant::now() + drain).into()));
        while !in_flight.is_empty() {
            tokio::select! {
                biased;
                _ = signals.next() => break,
                Some(answer) = in_flight.next() => drop(self.answered(answer, client, report)),
                () = &mut deadline => break,
            }
        }
        self.write(Instant::now())?;
        signals.allow(patience + FAREWELL);
        // A disk that hangs keeps what it has, and the run ends: that is as safe as a kill.
        signals.within(self.writer.commit(&mut self.rows), patience).await.unwrap_or(Ok(()))
    }

    /// Takes this run's part of the limit, when the runs on this machine have become more or fewer.
    fn share(&mut self, report: &Report, now: Instant) {
        let dispatcher = &mut self.requests.dispatcher;
        self.neighbours.count(report, now, |runs| dispatcher.set_share(runs, now));
    }

    /// Takes in rows while there is room and use for them: what is read far ahead has left the CPU's cache when its
    /// turn comes.
    fn read(&mut self) -> Result<(), Error> {
        while self.window.has_room() && self.requests.wants_offers() {
            match self.rows.next()? {
                NextRow::NotYet | NextRow::End => break,
                row => self.admit(row),
            }
        }
        Ok(())
    }

    fn admit(&mut self, row: NextRow) {
        match row {
            NextRow::Row(row) => {
                let size = row.cells.size();
                match row.offer {
                    Ok(offer) => {
                        if self.window.admit(Pending::Row(row), size, offer) == Admitted::Asks {
                            self.requests.ask(offer);
                        }
                    }
                    Err(_) => self.window.admit_ready(Pending::Row(row), size),
                }
            }
            NextRow::Kept(row) => {
                let size = row.bytes.len();
                self.window.admit_ready(Pending::Kept(row), size);
            }
            NextRow::NotYet | NextRow::End => {}
        }
    }

    /// Sends everything that may be sent now.
    fn send(&mut self, now: Instant, mut fetch: impl FnMut(Call<Request>)) -> Result<(), StopReason> {
        let supply = if self.window.has_room() && !self.rows.ended() { Supply::Open } else { Supply::Closed };
        loop {
            self.waiting = match self.requests.next(now, supply)? {
                Next::Send(call) => {
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

    fn answered(&mut self, (call, reply, took): Arrived, client: &Client, report: &Report) -> Result<(), StopReason> {
        let Reply { outcome, retry_after, form, http_status, fault, .. } = reply;
        let closed = fault.and_then(|fault| client.closed(fault)).zip(outcome.as_ref().err().cloned());
        let lane = LaneId::ONLY;
        report.emit(&Event::Answered { lane, http_status, took });
        if let Err(error) = &outcome {
            report.emit(&Event::CallFailed { lane, request: call.request().clone(), error: error.clone() });
            self.warn_of_bad_start(error, report);
        }
        let completion = match &outcome {
            Ok(_) => Completion::Success,
            Err(error) => {
                let responder = if is_foreign_page(form, error) { Responder::ForeignPage } else { Responder::Usual };
                Completion::Failure(Failure { error: error.clone(), retry_after, responder })
            }
        };
        let completed = self.requests.complete(call, outcome, completion, Instant::now());
        self.take_outcomes();
        if let Some(most) = self.requests.learned() {
            report.emit(&Event::OffersPerCall { lane, most });
        }
        closed.map_or(completed, |(way_out, error)| Err(StopReason::Unreachable { error, way_out }))
    }

    /// Gives the rows that wait for an offer its outcome.
    fn take_outcomes(&mut self) {
        for (offer, outcome) in self.requests.take_outcomes() {
            self.window.finish(offer, outcome);
        }
    }

    /// Writes every row whose turn it is. Tells whether there were any.
    fn write(&mut self, now: Instant) -> Result<bool, Error> {
        let mut wrote = false;
        while let Some((pending, slot)) = self.window.pop() {
            wrote = true;
            match (&pending, slot.as_ref().and_then(Slot::outcome)) {
                (Pending::Row(row), Some(outcome)) => self.writer.write(row, outcome)?,
                (Pending::Row(row), None) => self.writer.write_uncalled(row)?,
                (Pending::Kept(row), _) => self.writer.keep(row)?,
            }
        }
        self.writer.commit_if_due(&mut self.rows, now)?;
        Ok(wrote)
    }

    /// Whether the run has ended by now.
    fn ending(&self, sent: Result<(), StopReason>) -> Option<RunOutcome> {
        if self.rows.ended() && self.window.is_empty() {
            return Some(RunOutcome::Complete);
        }
        if let Err(stop) = sent {
            return Some(RunOutcome::Stopped(stop));
        }
        self.max_errors.filter(|most| self.failed_too_often(*most, false)).map(RunOutcome::too_many_errors)
    }

    fn failed_too_often(&self, most: MaxErrors, complete: bool) -> bool {
        let (failed, offers) = self.writer.of_this_run();
        most.exceeded(failed, offers, complete)
    }

    /// When there is something to do even if nothing happens.
    fn wake(&self, report: &Report) -> Option<Instant> {
        let schedule = [self.waiting.map(|(_, until)| until), self.requests.dispatcher.ends_at()];
        let waits = [self.writer.commit_due(), report.next_progress(), self.neighbours.next_count()];
        schedule.into_iter().chain(waits).flatten().min()
    }

    async fn complete(mut self, signals: &mut Signals, report: &Report) -> Result<Ended, Error> {
        if let Some(most) = self.max_errors.filter(|most| self.failed_too_often(*most, true)) {
            self.writer.commit(&mut self.rows).await?;
            return Ok(self.ended(RunOutcome::too_many_errors(most)));
        }
        let (summary, kept) = (self.writer.summary().clone(), self.writer.kept());
        let since = self.writer.committing_since();
        let tell = |signal: Signal| {
            report.emit(&Event::Stopping { signal, waiting_for: LastWait::Disk });
            disk_patience(since, Instant::now())
        };
        match signals.until_second(self.writer.finish(&mut self.rows), tell).await {
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
