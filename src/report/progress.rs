//! How far a run is, as a line and as a bar.
//!
//! Only words: [`Report`](super::Report) decides when they are shown.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::meter::Meter;
use super::words;
use crate::input::Total;
use crate::schedule::Waiting;
use crate::settings::rate::Rate;

/// What is known before the first call.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Where the offers come from.
    pub input: &'a str,
    /// Where the rows go.
    pub output: &'a str,
    /// The host that is called.
    pub host: &'a str,
    /// How many rows the input has.
    pub total: Total,
    /// How many of them an interrupted run has done already.
    pub done: u64,
    /// The limit.
    pub rate: Rate,
    /// The real time between calls.
    pub period: Duration,
}

/// How far a run is.
#[derive(Debug)]
pub struct Status {
    /// Input rows that have their answer.
    pub done: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How many rows the input has.
    pub total: Total,
    /// Calls sent.
    pub calls: u64,
    /// Calls per second aimed at.
    pub pace: f64,
    /// Why nothing is sent, and until when.
    pub waiting: Option<(Waiting, Instant)>,
}

/// A bar on stderr.
pub(super) fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    // The template is a constant that the tests draw; the default style is no worse than none.
    let style = ProgressStyle::with_template("{bar:24} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// Why nothing is sent, for a wait that is worth a word.
pub(super) fn reason(why: Waiting, wait: Duration) -> Option<String> {
    let until = words::time_in(wait);
    match why {
        Waiting::Pace => None,
        Waiting::Frozen => Some(format!("frozen by the network until {until}")),
        Waiting::Outage => Some(format!("the network does not answer; next look at {until}")),
        Waiting::Retry => Some(format!("waiting to ask again at {until}")),
        Waiting::Confirm => Some("the network refuses the key; asking once more".to_owned()),
    }
}

impl Plan<'_> {
    /// The first words of a run, and the same in fields.
    pub(super) fn describe(&self) -> (String, Value) {
        let Self { input, output, host, done, .. } = self;
        let offers = match self.total {
            Total::Exact(n) => words::counted(n, "offer"),
            Total::Estimate(n) => format!("about {}", words::counted(n, "offer")),
            Total::Unknown => "offers".to_owned(),
        };
        let mut message = format!("{offers} from {input} to {output}, from {host}");
        if *done > 0 {
            message += &format!("; {} done already", words::count(*done));
        }
        if let Some(limit) = self.rate.limit() {
            message += &format!("\n  limit {limit}: one call every {}", words::duration(self.period));
            let per_offer = u32::try_from(self.total.rows().unwrap_or(0).saturating_sub(*done)).unwrap_or(u32::MAX);
            if per_offer > 0 {
                let least = words::duration(self.period.saturating_mul(per_offer));
                message += &format!(", so this takes {least} at least (less if offers repeat)");
            }
        }
        let fields = json!({
            "event": "started", "input": input, "output": output, "host": host, "offers": self.total.rows(),
            "done": done, "rate": self.rate.to_string(), "period_ms": self.period.as_secs_f64() * 1000.0,
        });
        (message, fields)
    }
}

impl Status {
    /// How far it is, in a line.
    pub(super) fn line(&self, meter: &Meter, now: Instant) -> String {
        let done = words::count(self.done);
        let mut parts = vec![match self.total {
            Total::Exact(n) => format!("{done}/{} offers", words::count(n)),
            Total::Estimate(n) => format!("{done}/~{} offers", words::count(n)),
            Total::Unknown => format!("{done} offers"),
        }];
        let rate = words::per_second(meter.calls_per_second(self.calls, now));
        parts.push(format!("{rate} calls/s"));
        let rest = self.total.rows().map(|n| n.saturating_sub(self.done)).filter(|rest| *rest > 0);
        if let Some(left) = rest.and_then(|rest| meter.time_for(rest, self.done, now)) {
            parts.push(format!("{} left", words::duration(left)));
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", words::count(self.failed)));
        }
        if let Some((why, until)) = self.waiting {
            parts.extend(reason(why, until.saturating_duration_since(now)));
        }
        parts.join(", ")
    }

    pub(super) fn draw(&self, bar: &ProgressBar, line: String) {
        bar.set_length(self.total.rows().unwrap_or(0).max(self.done));
        bar.set_position(if self.total.rows().is_some() { self.done } else { 0 });
        bar.set_message(line);
    }
}
