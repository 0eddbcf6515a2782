//! How far a run is, as a line and as a bar.
//!
//! Only words: [`Report`](crate::report::Report) decides when they are shown.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{format, terminal};
use crate::dispatch::Waiting;
use crate::input::Total;
use crate::report::meter::Meter;
use crate::report::snapshot::Snapshot;
use crate::settings::rate::Rate;

/// What is known before the first call.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
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

/// Why nothing is sent, for a wait that is worth a word.
pub(crate) fn reason(why: Waiting, wait: Duration) -> Option<String> {
    let until = format::time_in(wait);
    match why {
        Waiting::Pace => None,
        Waiting::Frozen => Some(format!("waiting for the network's limit until {until}")),
        Waiting::Outage => Some(format!("the network does not answer; next try at {until}")),
        Waiting::Retry => Some(format!("waiting to ask again at {until}")),
        Waiting::Confirm => Some("the network refuses the account; asking once more".to_owned()),
    }
}

/// The word for a wait, for programs.
pub(crate) const fn word(why: Waiting) -> &'static str {
    match why {
        Waiting::Pace => "pace",
        Waiting::Frozen => "frozen",
        Waiting::Outage => "outage",
        Waiting::Retry => "retry",
        Waiting::Confirm => "confirm",
    }
}

impl Plan<'_> {
    /// The first words of a run, and the same in fields.
    pub(crate) fn describe(&self) -> (String, Value) {
        let Self { input, output, host, done, .. } = self;
        let offers = match self.total {
            Total::Exact(n) => format::counted(n, "offer"),
            Total::Estimate(n) => format!("about {}", format::counted(n, "offer")),
            Total::Unknown => "offers".to_owned(),
        };
        let mut message = format!("{offers} from {input} to {output}, from {host}");
        if *done > 0 {
            message += &format!("; {} done already", format::count(*done));
        }
        if let Some(limit) = self.rate.limit() {
            message += &format!("\n  limit {limit}: one call every {}", format::latency(self.period));
            let per_offer = u32::try_from(self.total.rows().unwrap_or(0).saturating_sub(*done)).unwrap_or(u32::MAX);
            if per_offer > 0 {
                let least = format::duration(self.period.saturating_mul(per_offer));
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

impl Snapshot {
    /// How far it is, in at most `width` columns: failures are told by kind where there is room for everything, and what
    /// does not fit without that is left out, beginning at the end.
    pub(crate) fn line(&self, meter: &Meter, limit: Option<f64>, width: usize) -> String {
        let all = self.parts(true, meter, limit).join(", ");
        if all.chars().count() <= width {
            return all;
        }
        let mut parts = self.parts(false, meter, limit).into_iter();
        let mut line = parts.next().unwrap_or_default();
        for part in parts {
            if line.chars().count() + 2 + part.chars().count() > width {
                break;
            }
            line += &format!(", {part}");
        }
        line
    }

    /// What there is to say, the most important first.
    fn parts(&self, by_kind: bool, meter: &Meter, limit: Option<f64>) -> Vec<String> {
        let (now, tally) = (self.at, self.tally());
        let done = format::count(self.done());
        let mut parts = vec![match self.total {
            Total::Exact(n) => format!("{done}/{} offers", format::count(n)),
            Total::Estimate(n) => format!("{done}/~{} offers", format::count(n)),
            Total::Unknown => format!("{done} offers"),
        }];
        let waiting = self.waiting().and_then(|(why, until)| reason(why, until.saturating_duration_since(now)));
        parts.extend(waiting);
        let rest = self.total.rows().map(|n| n.saturating_sub(self.done())).filter(|rest| *rest > 0);
        let left = rest.and_then(|rest| meter.time_for(rest, self.done(), now));
        parts.extend(left.map(|left| format!("{} left", format::duration(left))));
        if tally.failed() > 0 {
            let mut failed = format!("{} failed", format::count(tally.failed()));
            if by_kind {
                let kinds = tally.errors.iter().map(|(kind, n)| format!("{} {}", format::count(*n), kind.as_str()));
                failed += &format!(" ({})", kinds.collect::<Vec<_>>().join(", "));
            }
            parts.push(failed);
        }
        let rate = format::per_second(meter.calls_per_second(self.counts().calls, now));
        let of_limit = limit.map(|limit| format!(" of {}", format::per_second(limit))).unwrap_or_default();
        parts.push(format!("{rate}{of_limit} calls/s"));
        parts
    }
}

/// The bar of a terminal.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Columns of the bar itself.
    width: usize,
}

impl Bar {
    /// A bar on stderr.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), terminal::target());
        bar.set_style(style(0));
        Self { bar, width: 0 }
    }

    /// Draws it for the terminal as wide as it is now. Never wraps: the words are chosen to fit, and would be cut.
    pub(crate) fn draw(&mut self, status: &Snapshot, meter: &Meter, limit: Option<f64>) {
        let columns = terminal::columns();
        let width = bar_width(columns);
        if self.width != width {
            self.width = width;
            self.bar.set_style(style(width));
        }
        let room = columns.saturating_sub(width + 2);
        let done = status.done();
        self.bar.set_length(status.total.rows().unwrap_or(0).max(done));
        self.bar.set_position(if status.total.rows().is_some() { done } else { 0 });
        self.bar.set_message(cut(status.line(meter, limit, room), room));
    }

    /// Takes it away while something else is written.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Takes it away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// On a terminal that has no room for anything, a part has to do.
fn cut(line: String, room: usize) -> String {
    if line.chars().count() <= room { line } else { line.chars().take(room).collect() }
}

/// Words matter more than the bar: a narrow terminal has none.
fn bar_width(columns: usize) -> usize {
    match columns {
        ..64 => 0,
        64..110 => 12,
        _ => 24,
    }
}

fn style(width: usize) -> ProgressStyle {
    let template = if width == 0 { "{msg}".to_owned() } else { format!("{{bar:{width}}} {{msg}}") };
    // The tests draw both; the default style is no worse than none.
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::dispatch::Counts;
    use crate::offer::ErrorKind;
    use crate::offer::tally::Tally;
    use crate::report::snapshot::LaneStatus;

    fn line(width: usize) -> String {
        let start = Instant::now();
        let mut meter = Meter::new(0, start);
        (1..=10).for_each(|s| meter.update(5 * s, 5 * s, start + Duration::from_secs(s)));
        let now = start + Duration::from_secs(10);
        let errors = [(ErrorKind::NotFound, 2), (ErrorKind::Timeout, 1)].into();
        let lane = LaneStatus {
            done: 50,
            tally: Tally { offers: 50, rows: 50, errors },
            counts: Counts { calls: 50, ..Counts::default() },
            state: Some((Waiting::Pace, now)).into(),
            ..LaneStatus::new(&"demo".into(), Total::Exact(3000))
        };
        let status = Snapshot { at: now, total: lane.total, unrouted: Tally::default(), lanes: vec![lane] };
        status.line(&meter, Some(5.0), width)
    }

    #[test]
    fn a_line_says_as_much_as_fits_and_never_half_a_word() {
        let whole = "50/3,000 offers, 9m 50s left, 3 failed (2 not_found, 1 timeout), 5.0 of 5.0 calls/s";
        for (width, says) in [
            (usize::MAX, whole),
            (83, whole),
            (82, "50/3,000 offers, 9m 50s left, 3 failed, 5.0 of 5.0 calls/s"),
            (57, "50/3,000 offers, 9m 50s left, 3 failed"),
            (40, "50/3,000 offers, 9m 50s left, 3 failed"),
            (20, "50/3,000 offers"),
            (0, "50/3,000 offers"),
        ] {
            assert_eq!(line(width), says, "{width}");
        }
    }

    #[test]
    fn bars_of_every_width_are_drawn_within_the_terminal() {
        use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};
        for columns in [1_u16, 10, 40, 63, 64, 80, 109, 110, 200] {
            let term = InMemoryTerm::new(4, columns);
            let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
            let bar = ProgressBar::with_draw_target(Some(3000), target);
            bar.set_style(style(bar_width(usize::from(term.width()))));
            let room = usize::from(columns).saturating_sub(bar_width(usize::from(columns)) + 2);
            bar.set_message(cut(line(room), room));
            bar.tick();
            assert!(term.contents().lines().count() <= 1, "{columns}: {}", term.contents());
        }
    }
}
