//! What reads events: the console, a file, a test.

use std::fmt;
use std::time::Instant;

use crate::report::event::Event;
use crate::report::stats::Stats;

/// Something that reads events: the console, a file, a test.
pub(crate) trait View: fmt::Debug {
    /// Takes in an event; `stats` has taken it in already. Returns what went wrong with the view itself, which is an
    /// event for all of them.
    fn on(&mut self, event: &Event, stats: &Stats) -> Option<Event>;

    /// When it wants to see how far the run is.
    fn next_progress(&self) -> Option<Instant> {
        None
    }
}
