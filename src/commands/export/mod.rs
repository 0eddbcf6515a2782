//! The job: joins input, schedule, client and output into one run.
//!
//! Opens everything before the loop of `run`, and closes it afterwards.

mod all_offers;
mod changes;
mod dry_run;
mod networks;
mod seen;
mod workbook;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use self::all_offers::LastList;
pub(crate) use self::dry_run::dry_run;
use self::networks::{Called, Line, drain, feed};
use crate::config::{Job, Work};
use crate::error::Error;
use crate::input::Total;
use crate::offer::tally::Tally;
use crate::output::{Finish, Lock, tidy_up};
use crate::report::event::{self, Scope};
use crate::report::{Event, LaneState, LaneStatus, Plan, Report, RunOutcome, Snapshot};
use crate::run::call_limit::CallLimit;
use crate::run::event_loop::{Ended, Run};
use crate::run::goal::{Goal, call_limit};
use crate::run::history::OpenHistory;
use crate::run::lanes::Lanes;
use crate::run::opening::Opened;
use crate::run::retry_failed::failed_of_previous;
use crate::run::rows::{Rows, input_of};
use crate::run::writer::Writer;
use crate::signals::Signals;

/// Runs an export from start to end and reports it.
///
/// # Errors
/// The command failed on this machine. A failure of the network is a [`RunOutcome`].
pub(crate) async fn export(job: &Job, report: &Report) -> Result<(RunOutcome, Tally), Error> {
    let mut signals = Signals::listen(report.last_words()).map_err(Error::system("listen to signals"))?;
    tell_settings(job, report);
    let history = OpenHistory::open(job)?;
    let called = Called::open(job)?;
    let calls = call_limit(job)?;
    let host = called.host();
    let close = |report: &Report, ending: &RunOutcome, kept: Option<u64>| {
        close(job, host, (ending, kept), report);
    };
    let known = |network| history.as_ref().map_or_else(|| Ok(Vec::new()), |history| history.last_list(job, network));
    let Start { mut rows, goal, lines } = match start(job, (&called, &calls, &known), &mut signals, report).await? {
        Ok(start) => start,
        Err(ending) => {
            let summary = Tally::default();
            close(report, &ending, Some(0));
            return Ok((ending, summary));
        }
    };
    rows.tell(job, report);
    let (schema, looks) = (rows.schema.clone(), rows.looks.clone());
    let kept_columns = (&schema, looks.as_slice());
    let mut writer = match Writer::open(job, (goal, history, &calls), &mut rows, report)? {
        Opened::Writer(writer) => *writer,
        Opened::Finished(summary, lock, finish) => {
            report.emit(&Event::CallsOver { last: finished(host, &summary), failed: Vec::new() });
            let ended = wind_up(job, (&summary, kept_columns), (Some(lock), finish), &mut signals, report).await;
            let ending = ended.map_err(|cause| cause.with_way_on(&job.invocation.resume_command))?;
            close(report, &ending, Some(summary.offers));
            return Ok((ending, summary));
        }
    };

    report.emit(&Event::Started(plan(job, &called, &rows, &writer)));
    rows.tell_reading(job, report);
    let resumable = writer.can_resume() && rows.can_resume();
    let feed = match feed(job, rows, &mut writer, &mut signals).await? {
        Ok(feed) => feed.with_known(writer.lookups(job, &calls)?),
        Err(signal) => {
            let ending = RunOutcome::Interrupted(signal);
            close(report, &ending, resumable.then_some(writer.kept()));
            return Ok((ending, writer.summary().clone()));
        }
    };
    let run = Run {
        lanes: Lanes::new(called.lanes(job, (lines, &calls), &writer, report), &feed),
        feed,
        writer,
        max_errors: job.tolerance.max_errors,
        calls,
        drain: drain(job),
    };
    let way_on = |cause: Error| if resumable { cause.with_way_on(&job.invocation.resume_command) } else { cause };
    let ended = Box::pin(run.run(called.clients(), &mut signals, report)).await;
    let Ended { mut ending, summary, kept, lock, finish } = ended.map_err(way_on)?;
    if ending == RunOutcome::Complete {
        ending = wind_up(job, (&summary, kept_columns), (lock, finish), &mut signals, report).await.map_err(way_on)?;
    }
    close(report, &ending, resumable.then_some(kept));
    Ok((ending, summary))
}

/// What is known before the first call.
fn plan(job: &Job, called: &Called, rows: &Rows, writer: &Writer) -> Plan {
    Plan {
        input: input_of(job),
        output: output_of(job),
        total: rows.total(),
        done: writer.summary().offers,
        lanes: called.plans(job, |lane| writer.tally(lane).offers),
        at: Instant::now(),
    }
}

/// A run that had nothing left to do.
fn finished(host: &str, tally: &Tally) -> Snapshot {
    let (done, state) = (tally.offers, LaneState::Complete);
    let lane = LaneStatus { done, tally: tally.clone(), state, ..LaneStatus::new(&host.into(), Total::Exact(done)) };
    Snapshot::of_one(lane, Instant::now())
}

/// The final summary.
fn close(job: &Job, host: &str, (ending, kept): (&RunOutcome, Option<u64>), report: &Report) {
    let output = output_of(job);
    report.emit(&Event::Ended(event::Ended {
        outcome: ending.clone(),
        output_exists: Path::new(&output).exists(),
        output,
        kept,
        host: host.to_owned(),
        resume_command: job.invocation.resume_command.clone(),
        retry_command: job.invocation.retry_command.clone(),
        scope: if job.work.retry_failed().is_some() { Scope::Failed } else { Scope::All },
    }));
}

/// What a run begins with.
struct Start {
    rows: Rows,
    goal: Goal,
    /// Networks that were called already.
    lines: Vec<Line>,
}

/// Opens the input and the output; with `--all-offers`, once the account's list is there. Returns how the run ended, if
/// the list cannot be read.
async fn start(
    job: &Job,
    (called, calls, known): (&Called, &CallLimit, &LastList<'_>),
    signals: &mut Signals,
    report: &Report,
) -> Result<Result<Start, RunOutcome>, Error> {
    let Some(list) = job.work.all_offers() else {
        if let Work::Input { source, .. } = &job.work
            && source.is_terminal()
        {
            report.emit(&Event::ReadingTerminal);
        }
        let (rows, goal) = open(job)?;
        return Ok(Ok(Start { rows, goal, lines: Vec::new() }));
    };
    let goal = Goal::of(job)?;
    let input = if job.networks.are_several() { "the accounts' offers" } else { "the account's offers" };
    let (input, output) = (input.to_owned(), list.file.display().to_string());
    let plans = called.plans(job, |_| 0);
    report.emit(&Event::ListStarted(Plan {
        input,
        output,
        total: Total::Unknown,
        done: 0,
        lanes: plans,
        at: Instant::now(),
    }));
    let mut lines = called.lines(job, report);
    let ended = all_offers::prepare((job, list), (called, calls, known), (&goal, &mut lines), signals, report).await;
    let now = Instant::now();
    let status = |(line, network): (&Line, _)| LaneStatus {
        counts: line.schedule.counts(now),
        state: line.stopped.clone().map_or(LaneState::Calling, LaneState::Stopped),
        ..LaneStatus::new(&network, Total::Unknown)
    };
    let statuses = lines.iter().zip(called.names(job)).map(status).collect();
    let so_far = Snapshot { at: now, total: Total::Unknown, unrouted: Tally::default(), lanes: statuses };
    report.emit(&Event::CallsOver { last: so_far, failed: Vec::new() });
    if let Some(ending) = ended? {
        return Ok(Err(ending));
    }
    for line in &mut lines {
        line.schedule.begin_anew();
    }
    Ok(Ok(Start { rows: Rows::open(job)?, goal, lines }))
}

/// Logs the warnings before the run, and with `-v` its settings.
fn tell_settings(job: &Job, report: &Report) {
    job.invocation.warnings.iter().for_each(|warning| report.emit(&Event::SettingsDoubt(warning.clone())));
    job.invocation.settings.iter().for_each(|setting| report.emit(&Event::Setting(setting.to_string())));
}

/// The last steps when all rows are in place. The checkpoint is removed only after them, so that a run that is stopped
/// here repeats no call.
async fn wind_up(
    job: &Job,
    (summary, kept_columns): (&Tally, workbook::Kept<'_>),
    (lock, finish): (Option<Arc<Lock>>, Finish),
    signals: &mut Signals,
    report: &Report,
) -> Result<RunOutcome, Error> {
    if finish == Finish::Replace
        && let Some(changes) = changes::write(job)?
    {
        report.emit(&Event::ChangesFound(changes));
    }
    // A workbook is not made of rows that are withheld.
    if finish == Finish::Replace
        && let Some(signal) = workbook::render(job, (summary, kept_columns), signals, report).await?
    {
        return Ok(RunOutcome::Interrupted(signal));
    }
    if let Some(lock) = &lock {
        tidy_up(lock, finish)?;
    }
    if job.has_enough(summary) {
        return Ok(RunOutcome::Complete);
    }
    let failed = lock.filter(|_| finish == Finish::Withhold).map(|lock| lock.place().failed());
    Ok(RunOutcome::BelowMinOk { least: job.tolerance.min_ok.to_string(), rows_in: failed })
}

/// The output as the user knows it.
fn output_of(job: &Job) -> String {
    if job.output.path.as_os_str() == "-" { "stdout".to_owned() } else { job.output.path.display().to_string() }
}

/// Opens the input and locks the output. An earlier output is read only after the lock is held, so that no other run can
/// replace it; an invalid input is reported before anything is created for the output.
fn open(job: &Job) -> Result<(Rows, Goal), Error> {
    if failed_of_previous(job)?.is_some() {
        let goal = Goal::of(job)?;
        return Ok((Rows::open(job)?, goal));
    }
    let rows = Rows::open(job)?;
    Ok((rows, Goal::of(job)?))
}
