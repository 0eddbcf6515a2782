//! Everything a person or a log sees: messages, the progress bar, the closing words.
//!
//! The only module that writes to the terminal. It is told what happened and decides nothing about the run.

mod closing;
mod meter;
mod words;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

pub use self::closing::{Closing, Ending};
use self::meter::Meter;
use crate::input::Total;
use crate::schedule::Waiting;
use crate::settings::look::{LogFormat, Look, Progress, Verbosity};
use crate::settings::rate::Rate;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only with `-v`.
    Debug,
    /// What happens.
    Info,
    /// Something the user should look at, though the run goes on.
    Warning,
    /// Why the run does not go on, or what it could not do.
    Error,
    /// A result that even the quiet want to hear of.
    Notice,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Notice => "notice",
        }
    }
}

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

/// Where messages go.
#[derive(Debug)]
pub struct Report {
    look: Look,
    on_terminal: bool,
    started: Instant,
    progress: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    bar: Option<ProgressBar>,
    meter: Meter,
    next: Instant,
    told: Option<(Waiting, Instant)>,
}

impl Report {
    /// The bar is drawn no more often than this.
    const REDRAW: Duration = Duration::from_millis(100);

    /// Nothing is shown yet.
    pub fn new(look: Look, now: Instant) -> Self {
        Self { look, on_terminal: io::stderr().is_terminal(), started: now, progress: None }
    }

    /// Tells the user something.
    pub fn say(&self, level: Level, message: &str) {
        self.say_with(level, message, Value::Null);
    }

    /// Tells the user something, and a program the same in fields.
    pub fn say_with(&self, level: Level, message: &str, fields: Value) {
        let least = match self.look.verbosity {
            Verbosity::Quiet => Level::Error,
            Verbosity::Normal => Level::Info,
            Verbosity::Verbose => Level::Debug,
        };
        if level >= least {
            self.write(level, message, fields);
        }
    }

    /// Says what is going to happen, and shows progress from now on.
    pub fn start(&mut self, plan: &Plan<'_>, now: Instant) {
        let (message, fields) = plan.describe();
        self.say_with(Level::Info, &message, fields);
        let wanted = match self.look.progress {
            Progress::Always => true,
            Progress::Auto => self.look.verbosity != Verbosity::Quiet,
            Progress::Never => false,
        };
        if wanted {
            let bar = (self.on_terminal && self.look.log_format == LogFormat::Text).then(new_bar);
            let next = now + if bar.is_some() { Duration::ZERO } else { self.look.interval };
            self.progress = Some(Shown { bar, meter: Meter::new(plan.done, now), next, told: None });
        }
    }

    /// When the progress wants to be told again.
    pub fn next_progress(&self) -> Option<Instant> {
        self.progress.as_ref().map(|shown| shown.next)
    }

    /// Shows how far the run is, if it is time for that.
    pub fn progress(&mut self, now: Instant, status: impl FnOnce() -> Status) {
        if self.progress.as_ref().is_none_or(|shown| now < shown.next) {
            return;
        }
        let status = status();
        let Some(shown) = &mut self.progress else { return };
        shown.meter.update(status.done, status.calls, now);
        let line = status.line(&shown.meter, now);
        if let Some(bar) = &shown.bar {
            shown.next = now + Self::REDRAW;
            status.draw(bar, line);
        } else {
            shown.next = now + self.look.interval;
            let fields =
                json!({"event": "progress", "done": status.done, "failed": status.failed, "calls": status.calls});
            self.write(Level::Info, &line, fields);
        }
    }

    /// Says why nothing is sent, once for every wait that is long enough to wonder about.
    pub fn waiting(&mut self, why: Waiting, until: Instant, now: Instant) {
        let wait = until.saturating_duration_since(now);
        let Some(shown) = self.progress.as_mut().filter(|shown| shown.bar.is_none()) else { return };
        if wait < Duration::from_secs(2) || shown.told.is_some_and(|told| told == (why, until)) {
            return;
        }
        shown.told = Some((why, until));
        if let Some(reason) = reason(why, wait) {
            self.say_with(Level::Info, &reason, json!({"event": "waiting", "seconds": wait.as_secs_f64()}));
        }
    }

    /// The last words of a run.
    pub fn close(&mut self, closing: &Closing<'_>) {
        let (level, message, fields) = closing.describe(self.started.elapsed());
        self.conclude(level, &message, fields);
    }

    /// Ends the progress, and says how it ended.
    pub fn conclude(&mut self, level: Level, message: &str, fields: Value) {
        if let Some(bar) = self.progress.take().and_then(|shown| shown.bar) {
            bar.finish_and_clear();
        }
        self.say_with(level, message, fields);
    }

    fn write(&self, level: Level, message: &str, fields: Value) {
        let line = match self.look.log_format {
            LogFormat::Json => json_line(level, message, fields),
            LogFormat::Text => text_line(level, message, self.on_terminal),
        };
        // Nobody may be left to read it, and that is no reason to stop exporting.
        let write = || drop(writeln!(io::stderr().lock(), "{line}"));
        match self.progress.as_ref().and_then(|shown| shown.bar.as_ref()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// An error with those of its causes that it does not name itself.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text += &format!(": {words}");
        }
        cause = error.source();
    }
    text
}

/// Writes what a command is asked for to stdout.
///
/// # Errors
/// Nobody reads it, or the disk behind it is full.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// One line on a terminal needs no time; a log does. What is not news carries its level.
fn text_line(level: Level, message: &str, on_terminal: bool) -> String {
    let label = match level {
        Level::Info | Level::Notice => String::new(),
        level => format!("{}: ", level.word()),
    };
    if on_terminal { format!("{label}{message}") } else { format!("{} {label}{message}", words::timestamp()) }
}

fn json_line(level: Level, message: &str, fields: Value) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), words::timestamp().into());
    object.insert("level".to_owned(), level.word().into());
    object.insert("message".to_owned(), message.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object).to_string()
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    // The template is a constant that the tests draw; the default style is no worse than none.
    let style = ProgressStyle::with_template("{bar:24} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// Why nothing is sent, for a wait that is worth a word.
fn reason(why: Waiting, wait: Duration) -> Option<String> {
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
    fn describe(&self) -> (String, Value) {
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
    fn line(&self, meter: &Meter, now: Instant) -> String {
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

    fn draw(&self, bar: &ProgressBar, line: String) {
        bar.set_length(self.total.rows().unwrap_or(0).max(self.done));
        bar.set_position(if self.total.rows().is_some() { self.done } else { 0 });
        bar.set_message(line);
    }
}
