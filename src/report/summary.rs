//! The last words of a run: what happened, what is safe, and the command to go on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Level, format};
use crate::dispatch::{Policy, StopReason};
use crate::exit::ExitCode;
use crate::offer::tally::Tally;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::report::json::Ended;
use crate::report::record::{Figures, Record};
use crate::settings::units::MaxErrors;
use crate::signals::Signal;
use crate::text;

/// How a run ended that got as far as calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunOutcome {
    /// Every offer has its answer, and the output is in place.
    Complete,
    /// Every offer has its answer, but fewer are exported than `--min-ok` wants.
    BelowMinOk {
        /// The value of `--min-ok`.
        least: String,
        /// Where the rows are, if they were not to replace an older output.
        rows_in: Option<PathBuf>,
    },
    /// The network, or the user's limits, stopped it.
    Stopped(StopReason),
    /// More offers failed than the user allows.
    TooManyErrors(String),
    /// A signal.
    Interrupted(Signal),
    /// The account's list, which was to be exported, is not to be had as a whole.
    NoList {
        /// What is wrong with it.
        why: String,
        /// The network refuses it.
        refused: bool,
    },
}

/// An offer that has an error row, for the last words of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedOffer {
    /// Its ID, or the cell that is none.
    pub offer_id: String,
    /// What went wrong.
    pub error_kind: ErrorKind,
    /// In words.
    pub error_message: String,
}

impl FailedOffer {
    /// As many are named; the output names them all.
    pub(crate) const MOST: usize = 10;

    /// An offer that failed.
    pub(crate) fn new(offer_id: &str, error: &OfferError) -> Self {
        let [offer_id, error_message] =
            [(offer_id, 40), (&*error.message, 200)].map(|(text, most)| text::shown_start(text, most));
        Self { offer_id: offer_id.into_owned(), error_kind: error.kind, error_message: error_message.into_owned() }
    }
}

/// Everything the last words are made of.
#[derive(Debug)]
pub(crate) struct FinalSummary<'a> {
    /// How it ended.
    pub ending: &'a RunOutcome,
    /// What came of the offers, those of earlier runs included.
    pub summary: &'a Tally,
    /// The output, as the user names it.
    pub output: &'a str,
    /// Whether there was an output before.
    pub output_exists: bool,
    /// How many offers a later run need not do again; `None` where the work cannot be continued.
    pub kept: Option<u64>,
    /// The command to go on.
    pub resume_command: &'a str,
    /// The command that asks again for what failed.
    pub retry_command: &'a str,
    /// The host that was called.
    pub host: &'a str,
    /// Only what had failed was to be asked for.
    pub is_retry: bool,
}

impl RunOutcome {
    /// The exit code that stands for it.
    pub(crate) fn exit_code(&self, summary: &Tally) -> ExitCode {
        match self {
            Self::Complete => summary.exit_code(),
            Self::BelowMinOk { .. } => ExitCode::SomeFailed,
            Self::Stopped(StopReason::Refused(_) | StopReason::Unreachable { .. })
            | Self::NoList { refused: true, .. } => ExitCode::Refused,
            Self::Stopped(_) | Self::TooManyErrors(_) | Self::NoList { .. } => ExitCode::StoppedEarly,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// The word for it in the report; a promise to programs.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::BelowMinOk { .. } => "below_min_ok",
            Self::Stopped(StopReason::Refused(_)) => "refused",
            Self::Stopped(StopReason::Unreachable { .. }) => "unreachable",
            Self::Stopped(StopReason::NothingPassed(_)) => "nothing_passed",
            Self::Stopped(StopReason::Outage { .. }) => "outage",
            Self::Stopped(StopReason::ComeBackIn(_)) => "come_back_later",
            Self::Stopped(StopReason::OutOfTime) => "out_of_time",
            Self::TooManyErrors(_) => "too_many_errors",
            Self::Interrupted(_) => "interrupted",
            Self::NoList { .. } => "no_list",
        }
    }

    /// What happened, in words; nothing where all is well.
    pub(crate) fn words(&self, host: &str) -> String {
        match self {
            Self::Complete => String::new(),
            Self::BelowMinOk { least, rows_in: None } => {
                format!("fewer offers than --min-ok {least} could be exported")
            }
            Self::BelowMinOk { least, rows_in: Some(file) } => {
                let file = file.display();
                format!(
                    "fewer offers than --min-ok {least} could be exported: the old output stays, the rows are in {file}"
                )
            }
            Self::Interrupted(signal) => format!("stopped by {}", signal.name()),
            Self::NoList { why, .. } => why.clone(),
            Self::TooManyErrors(most) => format!("stopped: more than {most} offers failed (--max-errors)"),
            Self::Stopped(stop) => match stop {
                StopReason::Refused(error) if error.kind == ErrorKind::NotFound => {
                    format!("stopped: {host} is not the API, or has none of the first offers: {}", error.words())
                }
                StopReason::Refused(error) => {
                    let what = match error.kind {
                        ErrorKind::Unauthorized | ErrorKind::IpNotAllowed | ErrorKind::AccountLocked => {
                            "refuses this account"
                        }
                        ErrorKind::Redirect => "is not the API",
                        _ => "refuses this account or is not the API",
                    };
                    format!("stopped: {host} {what}: {}", error.words())
                }
                StopReason::NothingPassed(error) if error.kind == ErrorKind::InvalidResponse => format!(
                    "stopped: no call to {host} succeeded: {}; it is not the API, or a gateway answers for it: check --network or --base-url, or try again later",
                    error.words()
                ),
                StopReason::Unreachable { error, way_out } => format!("stopped: {}; {way_out}", error.words()),
                StopReason::NothingPassed(error) => {
                    format!(
                        "stopped: no call to {host} succeeded: {}; check the host and this machine's network",
                        error.words()
                    )
                }
                StopReason::Outage { lasted, last } => {
                    let lasted = format::duration(*lasted);
                    format!("stopped: {host} has not answered properly for {lasted} (--max-outage): {}", last.words())
                }
                StopReason::ComeBackIn(wait) if *wait > Policy::NO_WAIT => {
                    format!("stopped: {host} asks to wait far too long ({}), again and again", format::duration(*wait))
                }
                StopReason::ComeBackIn(wait) => {
                    format!(
                        "stopped: {host} asks to come back after {} ({})",
                        format::time_in(*wait),
                        format::duration(*wait)
                    )
                }
                StopReason::OutOfTime => "stopped: the time is over (--max-duration)".to_owned(),
            },
        }
    }

    /// More than `most` failed.
    pub(crate) fn too_many_errors(most: MaxErrors) -> Self {
        Self::TooManyErrors(most.to_string())
    }
}

impl FinalSummary<'_> {
    /// Level, text and fields.
    pub(crate) fn describe(&self, record: &Record, took: Duration, detail: Detail) -> (Level, String, Value) {
        let (level, mut lines) = match self.ending {
            // Quiet is for those who want to hear of failures only.
            RunOutcome::Complete => {
                let level = if self.summary.failed() == 0 { Level::Info } else { Level::Notice };
                let had_nothing = self.is_retry && record.figures().counts.calls == 0;
                (level, vec![if had_nothing { self.nothing_had_failed() } else { self.exported(took) }])
            }
            RunOutcome::BelowMinOk { least, rows_in } => (Level::Error, self.too_few(least, rows_in.as_deref(), took)),
            // Who has pressed Ctrl-C wants no error for it, but the way to go on.
            RunOutcome::Interrupted(_) => (Level::Notice, vec![self.ending.words(self.host)]),
            ending => (Level::Error, vec![ending.words(self.host)]),
        };
        lines.extend(self.failures(&record.failed_offers));
        let figures = record.figures();
        lines.extend(calls(&figures, detail));
        match self.ending {
            RunOutcome::Complete => {}
            RunOutcome::BelowMinOk { .. } => lines.push(self.what_next()),
            _ => lines.push(self.what_is_safe()),
        }
        (level, lines.join("\n"), self.fields(&figures, record, took))
    }

    /// How it ended, for programs.
    pub(crate) fn ended(&self, record: &Record) -> Ended {
        let why = (*self.ending != RunOutcome::Complete).then(|| self.ending.words(self.host));
        Ended { code: self.ending.exit_code(&record.tally()), ending: self.ending.word(), why }
    }

    fn exported(&self, took: Duration) -> String {
        let Tally { offers, rows, .. } = self.summary;
        format!(
            "exported {} of {} to {}: {} in {}",
            format::count(self.summary.succeeded()),
            format::counted(*offers, "offer"),
            self.output,
            format::counted(*rows, "row"),
            format::duration(took),
        )
    }

    fn too_few(&self, least: &str, rows_in: Option<&Path>, took: Duration) -> Vec<String> {
        let Some(file) = rows_in else {
            return vec![self.exported(took), format!("  that is fewer than --min-ok {least}: not a success")];
        };
        let (exported, offers) =
            (format::count(self.summary.succeeded()), format::counted(self.summary.offers, "offer"));
        let (rows, took) = (format::counted(self.summary.rows, "row"), format::duration(took));
        vec![
            format!("exported only {exported} of {offers}, fewer than --min-ok {least}: {} is as it was", self.output),
            format!("  the rows of this run are in {}: {rows} in {took}", file.display()),
        ]
    }

    /// What can be done about offers that failed.
    fn what_next(&self) -> String {
        let may_pass = self.summary.errors.keys().any(|kind| kind.class() != Class::Offer);
        if may_pass && self.output != "stdout" {
            format!("  to ask again for what failed: {}", self.retry_command)
        } else {
            "  to go on: change what the lines above name, then run it again".to_owned()
        }
    }

    fn nothing_had_failed(&self) -> String {
        let Self { output, summary, .. } = self;
        let offers = format::counted(summary.offers, "offer");
        if summary.failed() == 0 {
            return format!("nothing had failed in {output}: {offers}, {}", format::counted(summary.rows, "row"));
        }
        format!(
            "nothing had failed in {output} in a way that may pass: {} of {offers} exported; --retry-failed=all asks for \
             the others too",
            format::count(summary.succeeded())
        )
    }

    fn failures(&self, named: &[FailedOffer]) -> Vec<String> {
        let failed = self.summary.failed();
        if failed == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!("  {} failed:", format::counted(failed, "offer"))];
        lines.extend(
            self.summary
                .errors
                .iter()
                .map(|(kind, n)| format!("    {}: {}; {}", kind.as_str(), format::counted(*n, "offer"), kind.hint())),
        );
        lines.extend(self.which(named, failed));
        lines
    }

    /// Which offers failed: the first of them, and where all of them are.
    fn which(&self, named: &[FailedOffer], failed: u64) -> Option<String> {
        let offers: Vec<_> = named.iter().map(|offer| format!("{} ({})", offer.offer_id, offer.error_kind)).collect();
        let more = failed.saturating_sub(named.len() as u64);
        let mut line = format!("    they are: {}", offers.join(", "));
        if more > 0 {
            line += &format!(" and {} more", format::count(more));
        }
        if *self.ending == RunOutcome::Complete {
            line += &format!("; all of them have the status error in {}", self.output);
        }
        (!named.is_empty()).then_some(line)
    }

    fn what_is_safe(&self) -> String {
        let Self { output, resume_command, .. } = self;
        let kept = match self.kept {
            None => return "  nothing is kept: this output cannot be continued".to_owned(),
            Some(0) => "no offer was done".to_owned(),
            Some(1) => "1 offer is kept beside it".to_owned(),
            Some(n) => format!("{} offers are kept beside it", format::count(n)),
        };
        let fix = match self.ending {
            RunOutcome::Stopped(StopReason::Refused(error)) => match error.kind {
                kind if kind.class() == Class::Account => kind.hint(),
                ErrorKind::InvalidResponse => {
                    "check the key and its white list, and ask the network whether this address is banned"
                }
                _ => "fix the account or the host",
            },
            _ => "",
        };
        let fix = if fix.is_empty() { String::new() } else { format!("\n  what to do: {fix}") };
        let file = if self.output_exists { format!("{output} is as it was") } else { "no file was written".to_owned() };
        format!("  {file}; {kept}{fix}\n  to go on: {resume_command}")
    }

    fn fields(&self, figures: &Figures, record: &Record, took: Duration) -> Value {
        let counts = figures.counts;
        let ended = self.ended(record);
        json!({
            "event": "ended", "complete": *self.ending == RunOutcome::Complete, "ending": ended.ending,
            "exit_code": ended.code.code(), "why": ended.why, "failed_offers": record.failed_offers, "output": self.output,
            "offers": self.summary.offers, "rows": self.summary.rows, "failed": self.summary.failed(),
            "errors": self.summary.errors, "calls": counts.calls, "retries": counts.retries,
            "throttled": counts.throttled, "frozen_seconds": counts.frozen.as_secs_f64(),
            "outage_seconds": counts.outage.as_secs_f64(), "limit_used": figures.limit_used,
            "seconds": took.as_secs_f64(),
        })
    }
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What everybody understands.
    Plain,
    /// How long answers took, too.
    Latency,
}

/// What it took: calls, how long they were waited for, and how long none were made.
fn calls(figures: &Figures, detail: Detail) -> Vec<String> {
    let counts = figures.counts;
    let mut line = format!("  {}", format::counted(counts.calls, "call"));
    if counts.retries > 0 {
        line += &format!(", {} of them asked again", format::count(counts.retries));
    }
    if counts.throttled > 0 {
        line += &format!(", {} refused for the limit", format::count(counts.throttled));
    }
    if let Some(used) = figures.limit_used.filter(|_| counts.calls > 0) {
        line += &format!(", at {:.0}% of the allowed speed", used * 100.0);
    }
    let mut lines = vec![line];
    if let Some(latency) = figures.latency.filter(|_| detail == Detail::Latency) {
        let [p50, p95, p99] = [latency.p50, latency.p95, latency.p99].map(format::latency);
        lines.push(format!("  half of the answers came within {p50}, 95% within {p95}, 99% within {p99}"));
    }
    let waits = [(counts.frozen, "for the network's limit"), (counts.outage, "for an outage to pass")];
    let waits: Vec<_> = waits.into_iter().filter(|(wait, _)| !wait.is_zero()).collect();
    if !waits.is_empty() {
        let waits: Vec<_> = waits.into_iter().map(|(wait, why)| format!("{} {why}", format::duration(wait))).collect();
        lines.push(format!("  waited {}", waits.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Counts;
    use crate::report::latency::Percentiles;

    #[test]
    fn what_it_took_is_told_in_three_lines_at_most() {
        let [p50, p95, p99, max] = [0.4, 8.24, 143.0, 1200.0].map(|millis: f64| Duration::from_secs_f64(millis / 1e3));
        let counts = Counts {
            calls: 1234,
            retries: 3,
            throttled: 2,
            frozen: Duration::from_secs(4),
            outage: Duration::from_secs(130),
        };
        let latency = Some(Percentiles { p50, p95, p99, max });
        let figures = Figures { counts, per_second: 4.9, limit_used: Some(0.981), latency };
        insta::assert_snapshot!(calls(&figures, Detail::Latency).join("\n"), @r"
          1,234 calls, 3 of them asked again, 2 refused for the limit, at 98% of the allowed speed
          half of the answers came within 0.40 ms, 95% within 8.2 ms, 99% within 143 ms
          waited 4.0s for the network's limit, 2m 10s for an outage to pass
        ");
        let none = Figures { counts: Counts::default(), per_second: 0.0, limit_used: Some(0.0), latency: None };
        assert_eq!(calls(&none, Detail::Latency), ["  0 calls"]);
        assert_eq!(calls(&figures, Detail::Plain).len(), 2);
    }
}
