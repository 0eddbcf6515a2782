//! The lines of the bar for a run over several networks: the slowest ones, the others in one line, and the total.

use crate::report::console::width::{bar_width, cut};
use crate::report::format::count;
use crate::report::message::{LaneCounts, Line};
use crate::report::plan::LaneId;
use crate::report::snapshot::Snapshot;
use crate::report::stats::Stats;

/// The name of the line for the whole run.
const TOTAL: &str = "total";

/// The whole run in one line, for a terminal without room for more.
pub(super) fn total(snapshot: &Snapshot, stats: &Stats, columns: usize) -> String {
    Form { name: TOTAL.len(), bar: bar_width(columns), columns }.line(TOTAL, &Line::of_run(snapshot, stats))
}

/// The lines, each at most `columns` wide.
pub(super) fn lines(snapshot: &Snapshot, stats: &Stats, chosen: &[LaneId], columns: usize) -> Vec<String> {
    let others = snapshot.lanes.len().saturating_sub(chosen.len());
    let others_name = format!("{} {}", count(others as u64), if others == 1 { "other" } else { "others" });
    let lanes = chosen.iter().filter_map(|lane| {
        let name = &*snapshot.lanes.get(lane.0)?.network;
        Some((name, Line::of_lane(snapshot, *lane, stats)?))
    });
    let lanes: Vec<_> = lanes.collect();
    let names = lanes.iter().map(|(name, _)| *name).chain([others_name.as_str(), TOTAL]);
    let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
    // A long name must not push the numbers out.
    let form = Form { name: longest.min((columns / 4).max(TOTAL.len())), bar: bar_width(columns), columns };
    let mut text: Vec<_> = lanes.iter().map(|(name, line)| form.line(name, line)).collect();
    if others > 0 {
        let is_other = |(n, _): &(usize, _)| !chosen.contains(&LaneId(*n));
        let counts = LaneCounts::of(snapshot.lanes.iter().enumerate().filter(is_other).map(|(_, lane)| lane));
        text.push(form.text(&others_name, &counts.text()));
    }
    text.push(form.line(TOTAL, &Line::of_run(snapshot, stats)));
    text
}

/// How wide the parts of a line are.
struct Form {
    name: usize,
    bar: usize,
    columns: usize,
}

impl Form {
    fn line(&self, name: &str, line: &Line<'_>) -> String {
        let bar = if self.bar == 0 { String::new() } else { format!(" {}", drawn(line.fraction(), self.bar)) };
        let room = self.columns.saturating_sub(self.name + bar.len() + 1);
        self.text(
            name,
            &format!("{}{}", bar.strip_prefix(' ').map(|bar| format!("{bar} ")).unwrap_or_default(), line.text(room)),
        )
    }

    fn text(&self, name: &str, text: &str) -> String {
        let name = cut(name.to_owned(), self.name);
        cut(format!("{name:<width$} {text}", width = self.name), self.columns)
    }
}

/// `=====>      `
fn drawn(fraction: Option<f64>, width: usize) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the width of a terminal")]
    let done = (fraction.unwrap_or(0.0).clamp(0.0, 1.0) * width as f64) as usize;
    let head = if done < width && fraction.is_some() { ">" } else { "" };
    format!("{:<width$}", "=".repeat(done) + head)
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, ProgressBar, ProgressDrawTarget};

    use super::*;
    use crate::report::console::bar::style;
    use crate::report::example;
    use crate::report::message::slowest;
    use crate::report::snapshot::LaneState;

    fn many(networks: usize) -> (Stats, Snapshot) {
        let names: Vec<_> = (0..networks).map(|n| format!("network-{n}")).collect();
        let (stats, mut snapshot) = example::run(&names.iter().map(String::as_str).collect::<Vec<_>>());
        snapshot.lanes[1].state = LaneState::Complete;
        snapshot.lanes[2].state = example::refused();
        (stats, snapshot)
    }

    #[test]
    fn a_hundred_networks_are_the_five_slowest_the_others_and_the_whole() {
        let (stats, snapshot) = many(100);
        let lines = lines(&snapshot, &stats, &slowest(&snapshot, &stats, 5), 100);
        insta::assert_snapshot!(lines.join("\n"), @r"
        network-0 >            50/1,000 offers, 3m 10s left, 5 failed (5 not_found), 5.0 of 5.0 calls/s
        network-3 ==>          200/1,000 offers, 40s left, 20 failed (20 not_found), 20 of 5.0 calls/s
        network-4 ===>         250/1,000 offers, 30s left, 25 failed (25 not_found), 25 of 5.0 calls/s
        network-5 ===>         300/1,000 offers, 23s left, 30 failed (30 not_found), 30 of 5.0 calls/s
        network-6 ====>        350/1,000 offers, 18s left, 35 failed (35 not_found), 35 of 5.0 calls/s
        95 others 93 calling, 1 complete, 1 stopped
        total     ==========>  90,500/100,000 offers, 3m 10s left, 9,050 failed, 9,050 of 500 calls/s
        ");
    }

    #[test]
    fn lines_fit_into_every_terminal_and_two_networks_need_no_others() {
        let (stats, snapshot) = many(30);
        for columns in [1, 10, 39, 40, 63, 64, 80, 109, 110, 200] {
            let lines = lines(&snapshot, &stats, &slowest(&snapshot, &stats, 5), columns);
            assert_eq!(lines.len(), 7);
            assert!(lines.iter().all(|line| line.chars().count() <= columns), "{columns}: {lines:#?}");
            let term = InMemoryTerm::new(10, u16::try_from(columns + 3).unwrap());
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::term_like(Box::new(term.clone())));
            bar.set_style(style(0));
            bar.set_message(lines.join("\n"));
            bar.tick();
            assert_eq!(term.contents().lines().count(), 7, "{columns}: {}", term.contents());
            bar.finish_and_clear();
            assert_eq!(term.contents(), "", "{columns}");
        }
        let (stats, snapshot) = example::run(&["acme", "demo"]);
        let lines = lines(&snapshot, &stats, &slowest(&snapshot, &stats, 5), 80);
        assert_eq!(lines.iter().map(|line| &line[..5]).collect::<Vec<_>>(), ["acme ", "demo ", "total"]);
    }
}
