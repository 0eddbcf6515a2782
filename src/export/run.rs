//! The loop: rows in, calls out, answers in, rows out. The only place with concurrency.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::failure::Failure;
use super::in_flight::InFlight;
use super::rows::{Next as NextRow, Rows};
use super::writer::Writer;
use crate::api::{Client, Form, Reply};
use crate::input::{Oddities, Row};
use crate::offer::{ErrorKind, OfferError};
use crate::report::{Ending, Level, Report, Status};
use crate::schedule::window::Window;
use crate::schedule::{Answered, Call, Counts, Next, Schedule, Stop, Waiting};
use crate::settings::units::MaxErrors;
use crate::signals::Signals;
use crate::summary::Summary;

/// A run between its first and its last call.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) rows: Rows,
    pub(super) window: Window<Row>,
    pub(super) schedule: Schedule,
    pub(super) writer: Writer,
    pub(super) max_errors: Option<MaxErrors>,
    /// How long calls in flight are waited for when the run stops early.
    pub(super) drain: Duration,
    pub(super) waiting: Option<(Waiting, Instant)>,
}

impl Run {
    /// Runs until every row is written, or something stops it.
    pub(super) async fn run(
        mut self,
        client: &Client,
        signals: &mut Signals,
        report: &mut Report,
    ) -> Result<(Ending, Summary, Counts), Failure> {
        let fetch = |call: Call| async move {
            let reply = client.tracking_links(call.offer).await;
            (call, reply)
        };
        let mut in_flight = InFlight::new();
        let mut timer = pin!(sleep_until(Instant::now().into()));
        let ending = loop {
            let now = Instant::now();
            self.read()?;
            let sent = self.send(now, |call| in_flight.push(fetch(call)));
            let wrote = self.write(now)?;
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
                signal = signals.next() => break Ending::Interrupted(signal),
                Some(answer) = in_flight.next() => {
                    // All that are there by now share one turn of this loop.
                    let more = std::iter::from_fn(|| in_flight.next_now());
                    std::iter::once(answer).chain(more).find_map(|(call, reply)| self.answered(call, reply).err())
                }
                row = self.rows.wait(), if self.window.has_room() && self.schedule.wants_offers() => {
                    self.admit(row?);
                    None
                }
                // What was written has made room for more.
                () = std::future::ready(()), if wrote => None,
                () = &mut timer, if wake.is_some() => None,
            };
            if let Some(stop) = stop {
                break Ending::Stopped(stop);
            }
        };
        self.tell_oddities(report);
        if ending == Ending::Complete {
            return self.complete();
        }
        if let Ending::Interrupted(signal) = ending {
            let calls = self.schedule.in_flight();
            let message = format!("{}: waiting for {calls} calls in flight; once more ends at once", signal.name());
            report.say(Level::Info, &message);
        }
        let mut deadline = pin!(sleep_until((Instant::now() + self.drain).into()));
        while !in_flight.is_empty() {
            tokio::select! {
                biased;
                _ = signals.next() => return Ok(self.abandon(ending)),
                Some((call, reply)) = in_flight.next() => drop(self.answered(call, reply)),
                () = &mut deadline => break,
            }
        }
        self.write(Instant::now())?;
        self.writer.commit(&mut self.rows)?;
        Ok(self.abandon(ending))
    }

    /// Takes in rows while there is room and use for them: what is read far ahead has left the CPU's cache when its
    /// turn comes.
    fn read(&mut self) -> Result<(), Failure> {
        while self.window.has_room() && self.schedule.wants_offers() {
            match self.rows.next()? {
                row @ NextRow::Row(_) => self.admit(row),
                NextRow::NotYet | NextRow::End => break,
            }
        }
        Ok(())
    }

    fn admit(&mut self, row: NextRow) {
        let NextRow::Row(row) = row else { return };
        let size = row.cells.size();
        match &row.offer {
            Ok(offer) => {
                let offer = *offer;
                if let Some(task) = self.window.admit(row, size, offer) {
                    self.schedule.push(task);
                }
            }
            Err(bad) => {
                let message = format!("line {}: {}", row.line, bad.reason);
                let error = OfferError::local(ErrorKind::InvalidOfferId, message);
                self.window.admit_failed(row, size, error);
            }
        }
    }

    /// Sends everything that may be sent now.
    fn send(&mut self, now: Instant, mut fetch: impl FnMut(Call)) -> Result<(), Stop> {
        let more = self.window.has_room() && !self.rows.ended();
        loop {
            self.waiting = match self.schedule.next(now, more)? {
                Next::Send(call) => {
                    fetch(call);
                    continue;
                }
                Next::Wait { until, why } => Some((why, until)),
                Next::Idle => None,
            };
            self.take_finished();
            return Ok(());
        }
    }

    fn answered(&mut self, call: Call, reply: Reply) -> Result<(), Stop> {
        let Reply { outcome, retry_after, form, .. } = reply;
        let is_page = form == Some(Form::Html);
        let wrong_host = is_page
            && outcome.as_ref().is_err_and(|e| matches!(e.kind, ErrorKind::NotFound | ErrorKind::InvalidResponse));
        let answered = self.schedule.answered(call, Answered { outcome, retry_after, wrong_host }, Instant::now());
        self.take_finished();
        answered
    }

    fn take_finished(&mut self) {
        for (task, outcome) in self.schedule.take_finished() {
            self.window.finish(&task.slot, outcome);
        }
    }

    /// Writes every row whose turn it is. Tells whether there were any.
    fn write(&mut self, now: Instant) -> Result<bool, Failure> {
        let mut wrote = false;
        while let Some((row, slot)) = self.window.pop() {
            if let Some(outcome) = slot.outcome() {
                self.writer.write(&row, outcome)?;
                wrote = true;
            }
        }
        self.writer.commit_if_due(&mut self.rows, now)?;
        Ok(wrote)
    }

    /// Whether the run has ended by now.
    fn ending(&self, sent: Result<(), Stop>) -> Option<Ending> {
        if self.rows.ended() && self.window.is_empty() {
            return Some(Ending::Complete);
        }
        if let Err(stop) = sent {
            return Some(Ending::Stopped(stop));
        }
        self.max_errors.filter(|most| self.failed_too_often(*most, false)).map(Ending::too_many_errors)
    }

    fn failed_too_often(&self, most: MaxErrors, complete: bool) -> bool {
        let summary = self.writer.summary();
        most.exceeded(summary.failed(), summary.offers, complete)
    }

    /// When there is something to do even if nothing happens.
    fn wake(&self, report: &Report) -> Option<Instant> {
        let waits = [self.waiting.map(|(_, until)| until), self.writer.commit_due(), report.next_progress()];
        waits.into_iter().flatten().min()
    }

    fn show(&self, report: &mut Report, now: Instant) {
        if let Some((why, until)) = self.waiting {
            report.waiting(why, until, now);
        }
        report.progress(now, || Status {
            done: self.writer.summary().offers,
            failed: self.writer.summary().failed(),
            total: self.rows.total(),
            calls: self.schedule.counts().calls,
            pace: self.schedule.pace(),
            waiting: self.waiting,
        });
    }

    /// What was odd about the input, once, at the end of it.
    fn tell_oddities(&self, report: &Report) {
        let Oddities { rows_too_long, first_too_long, unclosed_quote } = self.rows.oddities();
        if let Some(line) = first_too_long {
            let message = format!(
                "{rows_too_long} rows of the input have filled cells beyond its last column, first on line {line}; \
                 these cells are not in the output"
            );
            report.say(Level::Warning, &message);
        }
        if let Some(line) = unclosed_quote {
            let message = format!(
                "a quote opens on line {line} of the input and never closes: all lines below were read as one cell; \
                 close it and run again"
            );
            report.say(Level::Warning, &message);
        }
    }

    fn complete(mut self) -> Result<(Ending, Summary, Counts), Failure> {
        if let Some(most) = self.max_errors.filter(|most| self.failed_too_often(*most, true)) {
            self.writer.commit(&mut self.rows)?;
            return Ok(self.abandon(Ending::too_many_errors(most)));
        }
        let counts = self.schedule.counts();
        Ok((Ending::Complete, self.writer.finish(&mut self.rows)?, counts))
    }

    fn abandon(self, ending: Ending) -> (Ending, Summary, Counts) {
        (ending, self.writer.summary().clone(), self.schedule.counts())
    }
}
