//! The console: messages as lines for people or for programs, and the progress bar. The only writer to stderr.
//!
//! Decides when something is shown, not what it says.

mod bar;
mod lanes;
mod terminal;
mod width;

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::bar::Bar;
use self::width::columns;
use crate::dispatch::Waiting;
use crate::report::event::Event;
use crate::report::format;
use crate::report::level::Level;
use crate::report::message::{Message, message};
use crate::report::plan::LaneId;
use crate::report::snapshot::Snapshot;
use crate::report::stats::Stats;
use crate::report::summary::Detail;
use crate::report::view::View;
use crate::settings::console::{Console, LogFormat, Progress, Verbosity};
use crate::text;

/// The bar is drawn no more often than this.
const REDRAW: Duration = Duration::from_millis(100);
/// How long a wait must be to be logged.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// Shows messages and progress on stderr.
#[derive(Debug)]
pub(crate) struct ConsoleView {
    settings: Console,
    on_terminal: bool,
    progress: Option<Shown>,
    /// The last message about other runs: with a hundred networks, the same message is logged once.
    peers: Option<Event>,
}

/// Progress that is being shown.
#[derive(Debug)]
struct Shown {
    bar: Option<Bar>,
    /// When it is shown next.
    next: Instant,
    /// The waits that were shown last, one for each network.
    waits: Vec<(LaneId, Waiting, Instant)>,
}

impl ConsoleView {
    /// Nothing is shown yet.
    pub(crate) fn new(settings: Console) -> Self {
        Self { settings, on_terminal: io::stderr().is_terminal(), progress: None, peers: None }
    }

    /// Begins to show progress, where the user wants that.
    fn begin(&mut self, now: Instant) {
        let wanted = match self.settings.progress {
            Progress::Always => true,
            Progress::Auto => self.settings.verbosity != Verbosity::Quiet,
            Progress::Never => false,
        };
        if wanted {
            let bar = (self.on_terminal && self.settings.log_format == LogFormat::Text && can_draw()).then(Bar::new);
            let next = now + if bar.is_some() { Duration::ZERO } else { self.settings.interval };
            self.progress = Some(Shown { bar, next, waits: Vec::new() });
        }
    }

    /// Ends showing progress.
    fn clear(&mut self) {
        if let Some(bar) = self.progress.take().and_then(|shown| shown.bar) {
            bar.clear();
        }
    }

    /// Draws the bar, or writes a line where there is none.
    fn show(&mut self, snapshot: &Snapshot, stats: &Stats, event: &Event) {
        let interval = self.settings.interval;
        let Some(shown) = &mut self.progress else { return };
        if let Some(bar) = &mut shown.bar {
            shown.next = snapshot.at + REDRAW;
            bar.draw(snapshot, stats);
        } else {
            shown.next = snapshot.at + interval;
            self.say(event, stats);
        }
    }

    /// Whether to log a wait: once for every long one. A bar shows waits itself.
    fn is_news(&mut self, lane: LaneId, why: Waiting, until: Instant, now: Instant) -> bool {
        let Some(shown) = self.progress.as_mut().filter(|shown| shown.bar.is_none()) else { return false };
        if until.saturating_duration_since(now) < WORTH_A_LINE || shown.waits.contains(&(lane, why, until)) {
            return false;
        }
        shown.waits.retain(|(of, ..)| *of != lane);
        shown.waits.push((lane, why, until));
        true
    }

    fn say(&self, event: &Event, stats: &Stats) {
        let detail = if self.settings.verbosity == Verbosity::Verbose { Detail::Latency } else { Detail::Plain };
        for Message { level, text, fields } in message(event, stats, detail) {
            if level.is_shown(self.settings.verbosity) || matches!(event, Event::Progress(_)) {
                self.write(level, &text, fields);
            }
        }
    }

    fn write(&self, level: Level, message: &str, fields: Value) {
        let message = text::shown_message(message);
        let line = match self.settings.log_format {
            LogFormat::Json => json_line(level, &message, fields),
            LogFormat::Text if self.on_terminal => format::wrap(&text_line(level, &message, true), columns()),
            LogFormat::Text => text_line(level, &message, false),
        };
        // Nobody may be left to read it, and that is no reason to stop exporting.
        let write = || drop(writeln!(io::stderr().lock(), "{line}"));
        match self.progress.as_ref().and_then(|shown| shown.bar.as_ref()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl View for ConsoleView {
    fn on(&mut self, event: &Event, stats: &Stats) -> Option<Event> {
        match event {
            Event::Answered { .. } | Event::CallsOver { .. } => {}
            Event::Progress(snapshot) => self.show(snapshot, stats, event),
            Event::Waiting { lane, why, until, now } => {
                if self.is_news(*lane, *why, *until, *now) {
                    self.say(event, stats);
                }
            }
            Event::Started(plan) | Event::ListStarted(plan) => {
                self.say(event, stats);
                self.begin(plan.at);
            }
            Event::Listed { .. } | Event::Ended(_) | Event::ListEnded(_) | Event::Failed { .. } => {
                self.clear();
                self.say(event, stats);
            }
            Event::LimitShared { .. } | Event::PeersHidden { .. } if stats.networks() > 1 => {
                if !self.peers.as_ref().is_some_and(|said| says_the_same(said, event)) {
                    self.peers = Some(event.clone());
                    self.say(event, stats);
                }
            }
            event => self.say(event, stats),
        }
        None
    }

    fn next_progress(&self) -> Option<Instant> {
        self.progress.as_ref().map(|shown| shown.next)
    }
}

/// Whether an event about other runs repeats for another network what was logged already.
fn says_the_same(said: &Event, event: &Event) -> bool {
    match (said, event) {
        (Event::PeersHidden { why: said, .. }, Event::PeersHidden { why, .. }) => said == why,
        (said, event) => said == event,
    }
}

/// Prints a message when the program is about to be ended, whatever it is doing.
pub(crate) fn last_words(format: LogFormat) -> impl Fn(&str) + Send + 'static {
    let on_terminal = io::stderr().is_terminal();
    move |message| {
        let line = match format {
            LogFormat::Json => json_line(Level::Error, message, Value::Null),
            LogFormat::Text => text_line(Level::Error, message, on_terminal),
        };
        drop(writeln!(io::stderr(), "{line}"));
    }
}

/// Whether the terminal can move its cursor. If it cannot, or does not say, it gets lines like a log.
fn can_draw() -> bool {
    cfg!(windows) || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// A line of text. A log has the time, a terminal does not; warnings and errors begin with their level.
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
