//! What a run shows of itself while it goes on.
//!
//! Part of [`Run`]: looks at it and changes nothing.

use std::time::Instant;

use crate::offer::{Class, OfferError};
use crate::report::{Level, Report, Status};
use crate::run::event_loop::Run;

impl Run {
    /// How far it is, and what it waits for.
    pub(crate) fn show(&self, report: &mut Report, now: Instant) {
        if let Some((why, until)) = self.waiting {
            report.waiting(why, until, now);
        }
        report.progress(now, || self.status(now));
    }

    /// Answers somebody who asks.
    pub(crate) fn answer(&self, report: &Report, now: Instant) {
        report.asked(&self.status(now), self.schedule.in_flight(), now);
    }

    fn status(&self, now: Instant) -> Status {
        Status {
            // Rows that only wait behind a slow one are done: counted when written, they would come in jumps, and the
            // time that is left would be wrong for as long.
            done: self.writer.summary().offers + self.window.answered() as u64,
            errors: self.writer.summary().errors.clone(),
            total: self.rows.total(),
            calls: self.schedule.counts(now).calls,
            waiting: self.waiting,
        }
    }

    /// Until something passes, calls are made one by one: if the host swallows them, that takes minutes of silence.
    pub(crate) fn tell_of_bad_start(&self, error: &OfferError, report: &Report) {
        let is_first = self.schedule.counts(Instant::now()).calls == 1;
        if is_first && error.kind.class() == Class::Transient {
            report.say(Level::Warning, &format!("the first call failed: {}", error.words()));
        }
    }
}
