//! What reads events: the console, a file, a test.

use std::fmt;
use std::time::Instant;

use crate::report::event::Event;
use crate::report::stats::Stats;

/// Something that reads events: the console, a file, a test.
pub(crate) trait View: fmt::Debug {
    /// Takes in an event, which `stats` already includes. Returns an error of the view itself as an event for all views.
    fn on(&mut self, event: &Event, stats: &Stats) -> Option<Event>;

    /// When it needs the next snapshot.
    fn next_progress(&self) -> Option<Instant> {
        None
    }
}
