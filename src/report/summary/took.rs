//! What a run took: calls, the time for answers, and the time without calls.

use crate::report::format::{self, counted};
use crate::report::stats::Figures;
use crate::report::summary::Detail;

/// At most three lines, one for a limiter of calls at a time, and one for an outage of the budget.
pub(super) fn lines(figures: &Figures, detail: Detail) -> Vec<String> {
    let counts = figures.counts;
    let mut line = format!("  {}", counted(counts.calls, "call"));
    if counts.retries > 0 {
        line += &format!(", {} of them retries", format::count(counts.retries));
    }
    if counts.throttled > 0 {
        line += &format!(", {} refused for the limit", format::count(counts.throttled));
    }
    if let Some(used) = figures.limit_used.filter(|_| counts.calls > 0) {
        line += &format!(", at {:.0}% of the allowed speed", used * 100.0);
    }
    let mut lines = vec![line];
    if let Some(latency) = figures.latency.filter(|_| detail == Detail::Latency) {
        let [p50, p95, p99] = [latency.p50, latency.p95, latency.p99].map(format::latency);
        lines.push(format!("  half of the answers came within {p50}, 95% within {p95}, 99% within {p99}"));
    }
    let waits = [(counts.frozen, "for the network's limit"), (counts.outage, "for an outage to pass")];
    let waits: Vec<_> = waits.into_iter().filter(|(wait, _)| !wait.is_zero()).collect();
    if !waits.is_empty() {
        let waits: Vec<_> = waits.into_iter().map(|(wait, why)| format!("{} {why}", format::duration(wait))).collect();
        lines.push(format!("  waited {}", waits.join(", ")));
    }
    if let Some(calls) = counts.at_a_time {
        let calls_at_a_time = counted(calls as u64, "call");
        lines.push(format!("  the network takes {calls_at_a_time} at a time; -j {calls} avoids the refused ones"));
    }
    if let Some(away) = figures.budget.filter(|budget| budget.times > 0) {
        let (times, lasted) = (counted(away.times, "time"), format::duration(away.lasted));
        lines.push(format!(
            "  the shared budget was away {times}, {lasted} in all: at most half of the limit was used then"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dispatch::Counts;
    use crate::offer::tally::Tally;
    use crate::report::stats::{Percentiles, Statuses};

    #[test]
    fn what_a_run_took_fits_on_three_lines() {
        let [p50, p95, p99, max] = [0.4, 8.24, 143.0, 1200.0].map(|millis: f64| Duration::from_secs_f64(millis / 1e3));
        let (frozen, outage) = (Duration::from_secs(4), Duration::from_secs(130));
        let figures = Figures {
            tally: Tally::default(),
            counts: Counts { calls: 1234, retries: 3, throttled: 2, frozen, outage, at_a_time: None },
            statuses: Statuses::new(),
            per_second: 4.9,
            limit_used: Some(0.981),
            latency: Some(Percentiles { p50, p95, p99, max }),
            budget: None,
        };
        insta::assert_snapshot!(lines(&figures, Detail::Latency).join("\n"), @r"
          1,234 calls, 3 of them retries, 2 refused for the limit, at 98% of the allowed speed
          half of the answers came within 0.40 ms, 95% within 8.2 ms, 99% within 143 ms
          waited 4.0s for the network's limit, 2m 10s for an outage to pass
        ");
        assert_eq!(lines(&figures, Detail::Plain).len(), 2);
        let few = Figures { counts: Counts { at_a_time: Some(2), ..figures.counts }, ..figures.clone() };
        let last = "  the network takes 2 calls at a time; -j 2 avoids the refused ones";
        assert_eq!(lines(&few, Detail::Plain).last().map(String::as_str), Some(last));
        let none = Figures { counts: Counts::default(), limit_used: Some(0.0), latency: None, ..figures };
        assert_eq!(lines(&none, Detail::Latency), ["  0 calls"]);
    }
}
