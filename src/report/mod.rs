//! Everything a person or a log sees: messages, the progress bar, the closing words.
//!
//! The only module that writes to the terminal. It is told what happened and decides nothing about the run.

mod dry_run;
pub(crate) mod format;
mod json;
mod latency;
mod meter;
mod metrics;
mod progress;
mod record;
mod replace;
mod snapshot;
mod summary;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use self::dry_run::{DryRun, InvalidRow};
pub(crate) use self::format::{counted, duration};
use self::json::{Document, Ended};
use self::meter::Meter;
pub(crate) use self::progress::Plan;
use self::progress::{Bar, reason};
use self::record::Record;
pub(crate) use self::snapshot::{LaneState, LaneStatus, Snapshot};
use self::summary::Detail;
pub(crate) use self::summary::{FailedOffer, FinalSummary, RunOutcome};
use crate::dispatch::Waiting;
use crate::exit::ExitCode;
use crate::input::Total;
use crate::offer::tally::Tally;
use crate::offer::{OfferError, OfferId};
use crate::pace::Pace;
use crate::settings::console::{Console, LogFormat, Progress, Verbosity};
use crate::settings::rate::{Limit, Rate};
use crate::settings::report_files::Files;
use crate::text;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
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

/// The word for an end on this machine, in the report and in the log; a promise to programs.
const FAILED: &str = "failed";

/// Where messages go.
#[derive(Debug)]
pub(crate) struct Report {
    look: Console,
    on_terminal: bool,
    record: Record,
    progress: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    bar: Option<Bar>,
    meter: Meter,
    next: Instant,
    told: Option<(Waiting, Instant)>,
}

impl Report {
    /// A wait that is worth a line of the log.
    const NEWS: Duration = Duration::from_secs(5);

    /// The bar is drawn no more often than this.
    const REDRAW: Duration = Duration::from_millis(100);

    /// Nothing is shown yet.
    pub(crate) fn new(look: Console, now: Instant) -> Self {
        Self { look, on_terminal: io::stderr().is_terminal(), record: Record::new(now), progress: None }
    }

    /// A report about a run with these files.
    #[must_use]
    pub(crate) fn about(mut self, files: Files) -> Self {
        self.record.files = files;
        self
    }

    /// Tells the user something.
    pub(crate) fn say(&self, level: Level, message: &str) {
        self.say_with(level, message, Value::Null);
    }

    /// Tells the user something, and a program the same in fields.
    pub(crate) fn say_with(&self, level: Level, message: &str, fields: Value) {
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
    pub(crate) fn start(&mut self, plan: &Plan<'_>, now: Instant) {
        self.record.plan(plan, now);
        let (message, fields) = plan.describe();
        self.say_with(Level::Info, &message, fields);
        self.show_progress(plan.done, now);
    }

    /// Says that the account's list is read before it is exported, and shows progress from now on.
    pub(crate) fn listing(&mut self, host: &str, file: &Path, rate: Rate, now: Instant) {
        let file = file.display().to_string();
        let period = Pace::new(rate, now).period();
        let input = "the account's offers";
        self.record.plan(&Plan { input, output: &file, host, total: Total::Unknown, done: 0, rate, period }, now);
        let fields = json!({"event": "listing", "host": host, "file": file});
        self.say_with(Level::Info, &format!("reading the list of your offers from {host}"), fields);
        self.show_progress(0, now);
    }

    /// Says that the account's list is whole.
    pub(crate) fn listed(&mut self, offers: u64, nameless: u64, calls: u64) {
        self.clear();
        let (listed, called) = (format::counted(offers, "offer"), format::counted(calls, "call"));
        let fields = json!({"event": "listed", "offers": offers, "without_id": nameless, "calls": calls});
        self.say_with(Level::Info, &format!("listed {listed} with {called}"), fields);
        if nameless > 0 {
            let message = format!("offers in the list without an ID: {nameless}; they cannot be asked for");
            self.say(Level::Warning, &message);
        }
    }

    fn show_progress(&mut self, done: u64, now: Instant) {
        let wanted = match self.look.progress {
            Progress::Always => true,
            Progress::Auto => self.look.verbosity != Verbosity::Quiet,
            Progress::Never => false,
        };
        if wanted {
            let bar = (self.on_terminal && self.look.log_format == LogFormat::Text && can_draw()).then(Bar::new);
            let next = now + if bar.is_some() { Duration::ZERO } else { self.look.interval };
            self.progress = Some(Shown { bar, meter: Meter::new(done, now), next, told: None });
        }
    }

    /// When the progress wants to be told again.
    pub(crate) fn next_progress(&self) -> Option<Instant> {
        self.progress.as_ref().map(|shown| shown.next)
    }

    /// Shows how far the run is, if it is time for that.
    pub(crate) fn progress(&mut self, now: Instant, status: impl FnOnce() -> Snapshot) {
        if self.progress.as_ref().is_none_or(|shown| now < shown.next) {
            return;
        }
        let status = status();
        let Some(shown) = &mut self.progress else { return };
        let (done, calls) = (status.done(), status.counts().calls);
        shown.meter.update(done, calls, now);
        let limit = self.record.plan.as_ref().and_then(|plan| plan.rate.limit()).map(Limit::per_second);
        if let Some(bar) = &mut shown.bar {
            shown.next = now + Self::REDRAW;
            bar.draw(&status, &shown.meter, limit);
        } else {
            shown.next = now + self.look.interval;
            let line = status.line(&shown.meter, limit, usize::MAX);
            let Tally { errors, .. } = status.tally();
            let failed: u64 = errors.values().sum();
            let fields = json!({"event": "progress", "done": done, "failed": failed, "errors": errors, "calls": calls});
            self.write(Level::Info, &line, fields);
        }
    }

    /// Says how far the run is and what it waits for, because somebody asks: to the quiet too.
    pub(crate) fn asked(&self, status: &Snapshot) {
        let (now, in_flight) = (status.at, status.in_flight());
        let limit = self.record.plan.as_ref().and_then(|plan| plan.rate.limit()).map(Limit::per_second);
        let since_start = self.record.meter(now);
        let meter = self.progress.as_ref().map_or(&since_start, |shown| &shown.meter);
        let mut line = status.line(meter, limit, usize::MAX);
        if in_flight > 0 {
            line += &format!(", {} under way", format::counted(in_flight as u64, "call"));
        }
        let wait = status.waiting().map(|(why, until)| (why, until.saturating_duration_since(now)));
        if let Some((_, wait)) = wait.filter(|(why, wait)| *why != Waiting::Pace && !wait.is_zero()) {
            line += &format!(", {} to wait", format::duration(wait));
        }
        let calls = status.counts().calls;
        let fields = json!({"event": "status", "done": status.done(), "offers": status.total.rows(), "errors": status.tally().errors,
            "calls": calls, "calls_per_second": meter.calls_per_second(calls, now), "in_flight": in_flight,
            "waiting_for": wait.map(|(why, _)| progress::word(why)), "waiting_seconds": wait.map(|(_, wait)| wait.as_secs_f64())});
        self.write(Level::Notice, &line, fields);
    }

    /// Says why nothing is sent, once for every wait that is long enough to wonder about.
    pub(crate) fn waiting(&mut self, why: Waiting, until: Instant, now: Instant) {
        let wait = until.saturating_duration_since(now);
        let Some(shown) = self.progress.as_mut().filter(|shown| shown.bar.is_none()) else { return };
        if wait < Duration::from_secs(2) || shown.told.is_some_and(|told| told == (why, until)) {
            return;
        }
        shown.told = Some((why, until));
        if let Some(reason) = reason(why, wait) {
            // A busy network refuses now and then for a few seconds all night, which is no news.
            let level = if wait < Self::NEWS { Level::Debug } else { Level::Info };
            self.say_with(level, &reason, json!({"event": "waiting", "seconds": wait.as_secs_f64()}));
        }
    }

    /// Takes in how a call was answered, and how long that took. `None` is for no answer.
    pub(crate) fn answered(&mut self, status: Option<u16>, took: Duration) {
        self.record.answered(status, took);
    }

    /// Says that a call failed, which is a detail: most are made again.
    pub(crate) fn call_failed(&self, offer: &OfferId, error: &OfferError) {
        let OfferError { kind, http_status, code, message } = error;
        let message = text::shown_start(message, 500);
        let fields = json!({"event": "call_failed", "offer_id": offer.as_str(), "error_kind": kind,
            "error_http_status": http_status, "error_code": code, "error_message": message});
        self.say_with(Level::Debug, &format!("offer {offer}: {}", error.words()), fields);
    }

    /// Takes in what has come of the run when no more calls are made.
    pub(crate) fn totals(&mut self, last: Snapshot) {
        self.record.totals(last);
    }

    /// Takes in which offers failed: the first of them are named at the end.
    pub(crate) fn failed_offers(&mut self, offers: &[FailedOffer]) {
        offers.clone_into(&mut self.record.failed_offers);
    }

    /// The last words of a run, and the files that tell of it.
    pub(crate) fn close(&mut self, closing: &FinalSummary<'_>) {
        let took = self.record.started_at.elapsed();
        let detail = if self.look.verbosity == Verbosity::Verbose { Detail::Latency } else { Detail::Plain };
        let (level, message, fields) = closing.describe(&self.record, took, detail);
        self.conclude(level, &message, fields);
        self.leave_files(closing.ended(&self.record));
    }

    /// Ends the progress, and says how it ended.
    pub(crate) fn conclude(&mut self, level: Level, message: &str, fields: Value) {
        self.clear();
        self.say_with(level, message, fields);
    }

    /// Says why a run could not be done, and leaves the files that tell of it.
    pub(crate) fn fail(&mut self, why: &str, code: ExitCode) {
        let fields = json!({"event": "ended", "complete": false, "ending": FAILED, "exit_code": code.code()});
        self.conclude(Level::Error, why, fields);
        self.fail_quietly(why, code);
    }

    /// Only leaves the files.
    pub(crate) fn fail_quietly(&self, why: &str, code: ExitCode) {
        self.leave_files(Ended { code, ending: FAILED, why: Some(why.to_owned()) });
    }

    /// Prints what a run would do.
    ///
    /// # Errors
    /// Nobody reads it.
    pub(crate) fn dry_run(&self, plan: &DryRun) -> io::Result<()> {
        match self.look.log_format {
            LogFormat::Text => print(&plan.text()),
            LogFormat::Json => print(&format!("{}\n", text::shown_json(&plan.json().to_string()))),
        }
    }

    /// How to say something when the program is about to be ended, whatever it is doing.
    pub(crate) fn last_words(&self) -> impl Fn(&str) + Send + 'static {
        let (format, on_terminal) = (self.look.log_format, self.on_terminal);
        move |message| {
            let line = match format {
                LogFormat::Json => json_line(Level::Error, message, Value::Null),
                LogFormat::Text => text_line(Level::Error, message, on_terminal),
            };
            drop(writeln!(io::stderr(), "{line}"));
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.progress.take().and_then(|shown| shown.bar) {
            bar.clear();
        }
    }

    /// Writes what the user wants to read later. The run is over: nothing that goes wrong here changes its end.
    fn leave_files(&self, ended: Ended) {
        let Files { report, metrics, .. } = &self.record.files;
        let document = Document::new(&self.record, ended);
        if let Some(path) = report {
            let text = document.json().map_err(io::Error::from);
            self.tell(path, "the report", text.and_then(|text| replace::replace(path, &text)));
        }
        if let Some(path) = metrics {
            let before = replace::before(path);
            let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
            self.tell(path, "the metrics", replace::replace(path, &metrics::text(&document, now, &before)));
        }
    }

    /// Even the quiet want to hear that they will look in vain.
    fn tell(&self, path: &Path, what: &str, written: io::Result<()>) {
        if let Err(error) = written {
            let message = format!("cannot write {what} to {}: {error}; the export is not affected", path.display());
            self.say(Level::Notice, &message);
        }
    }

    fn write(&self, level: Level, message: &str, fields: Value) {
        let line = match self.look.log_format {
            LogFormat::Json => json_line(level, &text::shown_message(message), fields),
            LogFormat::Text if self.on_terminal => {
                format::wrap(&text_line(level, &text::shown_message(message), true), columns())
            }
            LogFormat::Text => text_line(level, &text::shown_message(message), false),
        };
        // Nobody may be left to read it, and that is no reason to stop exporting.
        let write = || drop(writeln!(io::stderr().lock(), "{line}"));
        match self.progress.as_ref().and_then(|shown| shown.bar.as_ref()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// The width of the terminal.
fn columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| usize::from(columns.0))
}

/// Whether the terminal can move its cursor. One that cannot, or does not say, gets lines as a log does.
fn can_draw() -> bool {
    cfg!(windows) || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// An error with those of its causes that it does not name itself.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
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
pub(crate) fn print(text: &str) -> io::Result<()> {
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
    if on_terminal { format!("{label}{message}") } else { format!("{} {label}{message}", format::timestamp()) }
}

fn json_line(level: Level, message: &str, fields: Value) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), format::timestamp().into());
    object.insert("level".to_owned(), level.word().into());
    object.insert("message".to_owned(), message.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    text::shown_json(&Value::Object(object).to_string()).into_owned()
}
