//! The bar of a terminal: one line for a run over one network, a few for a run over several.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{lanes, terminal};
use crate::report::console::width::{bar_width, cut};
use crate::report::message::{Line, slowest};
use crate::report::plan::LaneId;
use crate::report::snapshot::{LaneStatus, Snapshot};
use crate::report::stats::Stats;

/// Networks that have a line of their own.
const MOST_LANES: usize = 5;
/// A terminal with fewer rows shows only the total.
const LOWEST: usize = 4;
/// How long the choice of networks stays: lines that change places cannot be read.
const CHOSEN_FOR: Duration = Duration::from_secs(2);

/// The bar of a terminal.
#[derive(Debug)]
pub(crate) struct Bar {
    drawn: ProgressBar,
    /// Columns of the bar itself; `None` before it was drawn.
    width: Option<usize>,
    /// The networks with a line of their own, and since when.
    chosen: Option<(Vec<LaneId>, Instant)>,
}

impl Bar {
    /// A bar on stderr.
    pub(crate) fn new() -> Self {
        let drawn = ProgressBar::with_draw_target(Some(0), terminal::target());
        Self { drawn, width: None, chosen: None }
    }

    /// Draws it for the current width of the terminal. Never wraps: the text is chosen to fit, or else cut.
    pub(crate) fn draw(&mut self, snapshot: &Snapshot, stats: &Stats) {
        let columns = terminal::columns();
        if snapshot.lanes.len() > 1 {
            self.set_width(0);
            let rows = terminal::rows();
            let text = if rows < LOWEST {
                lanes::total(snapshot, stats, columns)
            } else {
                let chosen = self.choose(snapshot, stats, rows);
                lanes::lines(snapshot, stats, &chosen, columns).join("\n")
            };
            self.drawn.set_message(text);
            return;
        }
        let width = bar_width(columns);
        self.set_width(width);
        let room = columns.saturating_sub(width + 2);
        let (done, total) = (snapshot.done(), snapshot.total.rows());
        self.drawn.set_length(total.unwrap_or(0).max(done));
        self.drawn.set_position(if total.is_some() { done } else { 0 });
        self.drawn.set_message(cut(Line::of_run(snapshot, stats).text(room), room));
    }

    /// Hides it while something else is written.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.drawn.suspend(write);
    }

    /// Removes it.
    pub(crate) fn clear(&self) {
        self.drawn.finish_and_clear();
    }

    fn set_width(&mut self, width: usize) {
        if self.width != Some(width) {
            self.width = Some(width);
            self.drawn.set_style(style(width));
        }
    }

    fn choose(&mut self, snapshot: &Snapshot, stats: &Stats, rows: usize) -> Vec<LaneId> {
        // Two lines for the others and the whole, and one for the cursor.
        let most = MOST_LANES.min(rows.saturating_sub(3));
        let is_open = |lane: &LaneId| snapshot.lanes.get(lane.0).is_some_and(LaneStatus::is_open);
        match &self.chosen {
            Some((lanes, since))
                if snapshot.at.saturating_duration_since(*since) < CHOSEN_FOR
                    && lanes.len() <= most
                    && lanes.iter().all(is_open) =>
            {
                lanes.clone()
            }
            _ => {
                let lanes = slowest(snapshot, stats, most);
                self.chosen = Some((lanes.clone(), snapshot.at));
                lanes
            }
        }
    }
}

pub(super) fn style(width: usize) -> ProgressStyle {
    let template = if width == 0 { "{msg}".to_owned() } else { format!("{{bar:{width}}} {{msg}}") };
    // The tests draw both; the default style is no worse than none.
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};

    use super::*;
    use crate::report::example;

    #[test]
    fn bars_of_every_width_are_drawn_within_the_terminal() {
        let (stats, snapshot) = example::run(&["demo"]);
        for columns in [1_u16, 10, 40, 63, 64, 80, 109, 110, 200] {
            let term = InMemoryTerm::new(4, columns);
            let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
            let bar = ProgressBar::with_draw_target(Some(3000), target);
            bar.set_style(style(bar_width(usize::from(term.width()))));
            let room = usize::from(columns).saturating_sub(bar_width(usize::from(columns)) + 2);
            bar.set_message(cut(Line::of_run(&snapshot, &stats).text(room), room));
            bar.tick();
            assert!(term.contents().lines().count() <= 1, "{columns}: {}", term.contents());
        }
    }
}
