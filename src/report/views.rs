//! Passes events on: first to the numbers, then to every view.

use std::cell::RefCell;
use std::io;
use std::time::Instant;

use crate::report::console::{ConsoleView, last_words};
use crate::report::dry_run::DryRun;
use crate::report::event::Event;
use crate::report::files::{MetricsFile, ReportFile};
use crate::report::snapshot::Snapshot;
use crate::report::stats::Stats;
use crate::report::stdout::print;
use crate::report::view::View;
use crate::settings::console::{Console, LogFormat};
use crate::settings::report_files::Files;
use crate::text;

/// Takes the events of a command to its views.
///
/// Shared by all that emit events, on one thread: events are taken in through `&self`, one after the other.
#[derive(Debug)]
pub(crate) struct Report {
    settings: Console,
    inner: RefCell<Inner>,
}

#[derive(Debug)]
struct Inner {
    stats: Stats,
    views: Vec<Box<dyn View>>,
}

impl Report {
    /// A report to the console, and to the files that the user names.
    pub(crate) fn new(settings: Console, now: Instant) -> Self {
        let console = Box::new(ConsoleView::new(settings.clone()));
        Self::to(settings, now, vec![console, Box::new(ReportFile), Box::new(MetricsFile)])
    }

    fn to(settings: Console, now: Instant, views: Vec<Box<dyn View>>) -> Self {
        Self { settings, inner: RefCell::new(Inner { stats: Stats::new(now), views }) }
    }

    /// A report about a run with these files.
    #[must_use]
    pub(crate) fn about(mut self, files: Files) -> Self {
        self.inner.get_mut().stats.files = files;
        self
    }

    /// Says what happened.
    pub(crate) fn emit(&self, event: &Event) {
        self.inner.borrow_mut().take_in(event);
    }

    /// When a view needs the next snapshot.
    pub(crate) fn next_progress(&self) -> Option<Instant> {
        self.inner.borrow().views.iter().filter_map(|view| view.next_progress()).min()
    }

    /// Shows how far the run is, if it is time for that; else it costs nothing.
    pub(crate) fn progress(&self, now: Instant, snapshot: impl FnOnce() -> Snapshot) {
        if self.next_progress().is_some_and(|next| next <= now) {
            self.emit(&Event::Progress(snapshot()));
        }
    }

    /// Prints what a run would do.
    ///
    /// # Errors
    /// Nobody reads it.
    pub(crate) fn dry_run(&self, plan: &DryRun) -> io::Result<()> {
        match self.settings.log_format {
            LogFormat::Text => print(&plan.text()),
            LogFormat::Json => print(&format!("{}\n", text::shown_json(&plan.json().to_string()))),
        }
    }

    /// Prints a message when the program is about to be ended, whatever it is doing.
    pub(crate) fn last_words(&self) -> impl Fn(&str) + Send + 'static {
        last_words(self.settings.log_format)
    }
}

impl Inner {
    fn take_in(&mut self, event: &Event) {
        self.stats.on(event);
        let failures: Vec<_> = self.views.iter_mut().filter_map(|view| view.on(event, &self.stats)).collect();
        // This ends: the event of a file that could not be written is written to no file.
        for failure in &failures {
            self.take_in(failure);
        }
    }
}

/// A view that records the events, for tests.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(std::rc::Rc<RefCell<Vec<Event>>>);

#[cfg(test)]
impl Recording {
    /// The events so far; they are taken away.
    pub(crate) fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

#[cfg(test)]
impl View for Recording {
    fn on(&mut self, event: &Event, _: &Stats) -> Option<Event> {
        self.0.borrow_mut().push(event.clone());
        None
    }
}

#[cfg(test)]
impl Report {
    /// A report that only remembers its events.
    pub(crate) fn recording(now: Instant) -> (Self, Recording) {
        let recording = Recording::default();
        (Self::to(Console::default(), now, vec![Box::new(recording.clone())]), recording)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::ExitCode;
    use crate::report::event::{Audience, RunFile};

    #[test]
    fn events_reach_every_view_and_a_file_that_cannot_be_written_is_an_event_too() {
        let folder = tempfile::tempdir().unwrap();
        let recording = Recording::default();
        let now = Instant::now();
        let views: Vec<Box<dyn View>> = vec![Box::new(ReportFile), Box::new(recording.clone())];
        let path = folder.path().join("no such folder/report.json");
        let files = Files { report: Some(path.clone()), ..Files::default() };
        let report = Report::to(Console::default(), now, views).about(files);
        let failed = Event::Failed { error: "x".into(), code: ExitCode::Failure, audience: Audience::FilesOnly };
        report.emit(&failed);
        let events = recording.take();
        assert_eq!(events[0], failed);
        assert!(matches!(&events[1], Event::FileNotWritten { what: RunFile::Report, path: to, .. } if *to == path));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn no_snapshot_is_made_that_no_view_shows() {
        let (report, recording) = Report::recording(Instant::now());
        report.progress(Instant::now(), || unreachable!("no view wants it"));
        assert_eq!(recording.take(), []);
    }
}
