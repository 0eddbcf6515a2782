//! The last words of a run: what happened, what is safe, and the command to go on.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Level, words};
use crate::exit::ExitCode;
use crate::offer::{Class, OfferError};
use crate::schedule::{Counts, Stop};
use crate::settings::units::MaxErrors;
use crate::signals::Signal;
use crate::summary::Summary;

/// How a run ended that got as far as calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every offer has its answer, and the output is in place.
    Complete,
    /// The network, or the user's limits, stopped it.
    Stopped(Stop),
    /// More offers failed than the user allows.
    TooManyErrors(String),
    /// A signal.
    Interrupted(Signal),
}

/// Everything the last words are made of.
#[derive(Debug)]
pub struct Closing<'a> {
    /// How it ended.
    pub ending: &'a Ending,
    /// What came of the offers, those of earlier runs included.
    pub summary: &'a Summary,
    /// The calls of this run.
    pub counts: Counts,
    /// The output, as the user names it.
    pub output: &'a str,
    /// Whether the work can be continued.
    pub resumable: bool,
    /// The command to go on.
    pub resume_command: &'a str,
    /// The host that was called.
    pub host: &'a str,
}

impl Ending {
    /// The exit code that stands for it.
    pub fn exit_code(&self, summary: &Summary) -> ExitCode {
        match self {
            Self::Complete => summary.exit_code(),
            Self::Stopped(Stop::Refused(_)) => ExitCode::Refused,
            Self::Stopped(_) | Self::TooManyErrors(_) => ExitCode::StoppedEarly,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }

    /// What happened, in words; nothing where all is well.
    pub fn words(&self, host: &str) -> String {
        match self {
            Self::Complete => String::new(),
            Self::Interrupted(signal) => format!("interrupted by {}", signal.name()),
            Self::TooManyErrors(most) => format!("stopped: more than {most} offers failed (--max-errors)"),
            Self::Stopped(stop) => match stop {
                Stop::Refused(error) => {
                    format!("stopped: {host} refuses this account or is not the API: {}", said(error))
                }
                Stop::NothingPassed(error) => {
                    format!(
                        "stopped: no call to {host} succeeded: {}; check the host and this machine's network",
                        said(error)
                    )
                }
                Stop::Outage { lasted, last } => {
                    let lasted = words::duration(*lasted);
                    format!("stopped: {host} has not answered properly for {lasted} (--max-outage): {}", said(last))
                }
                Stop::ComeBackIn(wait) => {
                    format!(
                        "stopped: {host} asks to come back after {} ({})",
                        words::time_in(*wait),
                        words::duration(*wait)
                    )
                }
                Stop::OutOfTime => "stopped: the time is over (--max-duration)".to_owned(),
            },
        }
    }

    /// More than `most` failed.
    pub fn too_many_errors(most: MaxErrors) -> Self {
        Self::TooManyErrors(most.to_string())
    }
}

impl Closing<'_> {
    /// Level, text and fields.
    pub(super) fn describe(&self, took: Duration) -> (Level, String, Value) {
        let (level, mut lines) = match self.ending {
            Ending::Complete if self.summary.failed() == 0 => (Level::Info, vec![self.exported(took)]),
            // Quiet is for those who want to hear of failures only, and these are.
            Ending::Complete => (Level::Notice, vec![self.exported(took)]),
            ending => (Level::Error, vec![ending.words(self.host)]),
        };
        lines.extend(self.failures());
        lines.push(self.calls());
        if *self.ending != Ending::Complete {
            lines.push(self.what_is_safe());
        }
        (level, lines.join("\n"), self.fields(took))
    }

    fn exported(&self, took: Duration) -> String {
        let Summary { offers, rows, .. } = self.summary;
        format!(
            "exported {} of {} to {}: {} in {}",
            words::count(self.summary.succeeded()),
            words::counted(*offers, "offer"),
            self.output,
            words::counted(*rows, "row"),
            words::duration(took),
        )
    }

    fn failures(&self) -> Vec<String> {
        let failed = self.summary.failed();
        if failed == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!("  {} failed:", words::counted(failed, "offer"))];
        lines.extend(
            self.summary
                .errors
                .iter()
                .map(|(kind, n)| format!("    {}: {}; {}", kind.as_str(), words::counted(*n, "offer"), kind.hint())),
        );
        lines
    }

    fn calls(&self) -> String {
        let Counts { calls, retries, throttled, standstill } = self.counts;
        let mut line = format!("  {}", words::counted(calls, "call"));
        if retries > 0 {
            line += &format!(", {} of them asked again", words::count(retries));
        }
        if throttled > 0 {
            line += &format!(", {} refused for the limit", words::count(throttled));
        }
        if standstill > Duration::ZERO {
            line += &format!(", stood still for {}", words::duration(standstill));
        }
        line
    }

    fn what_is_safe(&self) -> String {
        let Self { output, resume_command, .. } = self;
        if !self.resumable {
            return "  nothing is kept: this output cannot be continued".to_owned();
        }
        let done = words::counted(self.summary.offers, "offer");
        let mend = match self.ending {
            Ending::Stopped(Stop::Refused(error)) if error.kind.class() == Class::Account => {
                format!("; {}, then", error.kind.hint())
            }
            Ending::Stopped(Stop::Refused(_)) => "; mend the account or the host, then".to_owned(),
            _ => String::new(),
        };
        format!("  {output} is as it was; {done} are kept beside it{mend}\n  to go on: {resume_command}")
    }

    fn fields(&self, took: Duration) -> Value {
        let Counts { calls, retries, throttled, standstill } = self.counts;
        json!({
            "event": "ended", "complete": *self.ending == Ending::Complete, "output": self.output,
            "offers": self.summary.offers, "rows": self.summary.rows, "failed": self.summary.failed(),
            "errors": self.summary.errors, "calls": calls, "retries": retries, "throttled": throttled,
            "standstill_seconds": standstill.as_secs_f64(), "seconds": took.as_secs_f64(),
        })
    }
}

/// What the network said, with its status and code.
fn said(error: &OfferError) -> String {
    let mut text = error.kind.as_str().to_owned();
    if let Some(status) = error.http_status {
        text += &format!(", HTTP {status}");
    }
    if let Some(code) = &error.code {
        text += &format!(", code {code}");
    }
    let message = crate::text::one_line(&error.message, 300);
    if message.is_empty() { text } else { format!("{message} ({text})") }
}
