//! The messages for events, as text for people and as fields for programs. Messages are worded only here.
//!
//! Pure: an event and the numbers so far give a message. Writes nothing.

mod calls;
pub(super) mod form;
mod progress;
mod start;
mod workbook;

use serde_json::json;

pub(crate) use self::form::Message;
use self::progress::reason;
pub(crate) use self::progress::{LaneCounts, Line, slowest};
pub(crate) use self::start::earlier_run;
use crate::report::event::{Audience, Event, RunFile};
use crate::report::level::Level;
use crate::report::stats::Stats;
use crate::report::summary::{self, Detail};

/// The word for an end on this machine, in the report and in the log; a promise to programs.
pub(crate) const FAILED: &str = "failed";

/// The messages for an event; empty if there is nothing to report.
pub(crate) fn message(event: &Event, stats: &Stats, detail: Detail) -> Vec<Message> {
    match event {
        Event::Answered { .. } | Event::CallsOver { .. } | Event::Failed { audience: Audience::FilesOnly, .. } => {
            Vec::new()
        }
        Event::Progress(snapshot) => vec![progress::progress(snapshot, stats)],
        Event::StatusRequested(snapshot) => vec![progress::status(snapshot, stats)],
        Event::CallFailed { lane, request, error } => vec![calls::failed(stats.label(*lane), request, error)],
        Event::OffersPerCall { lane, most } => vec![calls::offers_per_call(stats.label(*lane), *most)],
        Event::FirstCallFailed { lane, error } => vec![calls::first_failed(stats.label(*lane), error)],
        Event::Waiting { lane, why, until, now } => {
            let wait = until.saturating_duration_since(*now);
            calls::waiting(stats.label(*lane), *why, wait).into_iter().collect()
        }
        // Logged even with --quiet where the limit is not shared as it should be.
        Event::Budget(said) => {
            let level = if said.is_grave() { Level::Notice } else { Level::Info };
            vec![Message::new(level, said.to_string(), json!({"event": "budget", "state": said.state()}))]
        }
        Event::LaneStopped { lane, why } => vec![calls::lane_stopped(stats, *lane, why)],
        Event::LimitShared { .. } | Event::PeersHidden { .. } | Event::Stopping { .. } => {
            calls::run(event).into_iter().collect()
        }
        Event::Ended(ended) => vec![summary::describe(ended, stats, detail)],
        Event::ListEnded(ended) => vec![summary::list_ended(ended)],
        Event::Failed { error, code, .. } => {
            let fields = json!({"event": "ended", "complete": false, "ending": FAILED, "exit_code": code.code()});
            vec![Message::new(Level::Error, error.clone(), fields)]
        }
        Event::FileNotWritten { what, path, error } => {
            let what = match what {
                RunFile::Report => "the report",
                RunFile::Metrics => "the metrics",
            };
            let text = format!("cannot write {what} to {}: {error}; the export is not affected", path.display());
            // Logged even with --quiet: a file that the user expects is missing.
            vec![Message::plain(Level::Notice, "file_not_written", text)]
        }
        Event::WorkbookWritten { rows_in, cut_cells } => workbook::written(rows_in, cut_cells),
        event => start::messages(event),
    }
}
