//! What a run still does once it is to end: waits for calls in flight, makes the last commit, and gives the output its name.
//!
//! Part of [`Run`]. Every wait here has an end, whatever the network and the disk do.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};

use crate::api::Client;
use crate::error::Error;
use crate::output::Finish;
use crate::report::event::LastWait;
use crate::report::{Event, Report, RunOutcome};
use crate::run::event_loop::{Answer, Ended, Run};
use crate::run::feed::Feed;
use crate::run::in_flight::InFlight;
use crate::run::lane::Lane;
use crate::settings::units::Counted;
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

impl Run {
    /// Waits for what is in flight, unless another signal comes, and keeps what is there.
    pub(super) async fn stop(
        &mut self,
        ending: &RunOutcome,
        (mut in_flight, clients): (InFlight<impl Future<Output = Answer>>, &[Client]),
        signals: &mut Signals,
        report: &Report,
    ) -> Result<(), Error> {
        let grace = if let RunOutcome::Interrupted(signal) = ending { signal.grace() } else { Duration::MAX };
        let patience = disk_patience(self.writer.committing_since(), Instant::now()).min(grace);
        let drain = self.drain.min(grace);
        self.calls.end();
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
            self.lanes.change_all(&mut self.feed, |lane| lane.share(report, Instant::now()));
            tokio::select! {
                biased;
                _ = signals.next() => break,
                Some(answer) = in_flight.next() => drop(self.answered(std::iter::once(answer), clients, report)),
                () = &mut deadline => break,
                () = sleep(HEARTBEAT) => {}
            }
        }
        let mut written = Ok(());
        let writer = &mut self.writer;
        self.lanes.change_all(&mut self.feed, |lane| {
            if written.is_ok() {
                written = lane.write(writer).map(drop);
            }
        });
        written?;
        signals.allow(patience + FAREWELL);
        // A disk that hangs keeps what it has, and the run ends: that is as safe as a kill.
        signals.within(self.writer.commit(&mut self.feed.rows), patience).await.unwrap_or(Ok(()))
    }

    pub(super) async fn complete(mut self, signals: &mut Signals, report: &Report) -> Result<Ended, Error> {
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
        let Self { lanes, mut feed, writer, .. } = self;
        let Feed { rows, spool, .. } = &mut feed;
        // To give back the memory and the file of remembered answers takes as long as a commit: meanwhile the disk works.
        let let_go = async { drop(lanes) };
        let (finished, ()) = tokio::join!(signals.until_second(writer.finish((rows, spool.as_mut())), tell), let_go);
        match finished {
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

    pub(super) fn ended(self, ending: RunOutcome) -> Ended {
        let (summary, kept) = (self.writer.summary().clone(), self.writer.kept());
        Ended { ending, summary, kept, lock: None, finish: Finish::Replace }
    }
}
