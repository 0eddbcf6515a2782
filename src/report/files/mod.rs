//! The files about a run: the JSON report and the metrics, written when it is over.
//!
//! Nothing that goes wrong here changes how the run ended.

mod replace;

use std::io;
use std::path::Path;

use crate::report::event::{Ended, Event, RunFile};
use crate::report::json::{Document, End};
use crate::report::message::FAILED;
use crate::report::metrics;
use crate::report::outcome::RunOutcome;
use crate::report::stats::Stats;
use crate::report::view::View;

/// Writes the JSON report.
#[derive(Debug)]
pub(crate) struct ReportFile;

impl View for ReportFile {
    fn on(&mut self, event: &Event, stats: &Stats) -> Option<Event> {
        let path = stats.files.report.as_ref()?;
        let document = Document::new(stats, end(event, stats)?);
        let text = document.json().map_err(io::Error::from);
        not_written(RunFile::Report, path, text.and_then(|text| replace::replace(path, &text)))
    }
}

/// Writes the metrics.
#[derive(Debug)]
pub(crate) struct MetricsFile;

impl View for MetricsFile {
    fn on(&mut self, event: &Event, stats: &Stats) -> Option<Event> {
        let path = stats.files.metrics.as_ref()?;
        let document = Document::new(stats, end(event, stats)?);
        let before = replace::before(path);
        let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        let text = metrics::text(&document, now, &before);
        not_written(RunFile::Metrics, path, replace::replace(path, &text))
    }
}

/// How the run ended; `None` while it continues.
fn end(event: &Event, stats: &Stats) -> Option<End> {
    match event {
        Event::Ended(Ended { outcome, host, .. }) => {
            let why = (*outcome != RunOutcome::Complete)
                .then(|| outcome.words_over((stats.given_up(), stats.networks()), host));
            Some(End { code: outcome.exit_code(&stats.tally()), ending: outcome.word(), why })
        }
        Event::Failed { error, code, .. } => Some(End { code: *code, ending: FAILED, why: Some(error.clone()) }),
        _ => None,
    }
}

fn not_written(what: RunFile, path: &Path, written: io::Result<()>) -> Option<Event> {
    let error = written.err()?.to_string();
    Some(Event::FileNotWritten { what, path: path.to_owned(), error })
}
