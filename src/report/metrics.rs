//! The metrics, as the textfile collector of `node_exporter` reads them.
//!
//! Several jobs may leave their files in one folder, so every series names its network and its output. Made from the
//! numbers of the JSON report. In a run over several networks each has its series, and those of the whole run have an
//! empty network.

use std::fmt::{Display, Write};

use crate::offer::ErrorKind;
use crate::report::json::{Document, NetworkPart, Work};
use crate::report::outcome::COMPLETE;

const LAST_SUCCESS: &str = "offerlinks_last_success_timestamp_seconds";

/// The text of the file. `now` is in Unix seconds; `before` is what the file held until now.
pub(crate) fn text(document: &Document<'_>, now: f64, before: &str) -> String {
    let runs = runs(document);
    let whose = if runs.len() == 1 { Whose::AnyOfOutput } else { Whose::Own };
    let mut page = Page { text: String::new() };
    page.describe(LAST_SUCCESS, "When an export last replaced its output with at least --min-ok offers, 0 if never.");
    for (labels, run) in &runs {
        // Complete with error rows is a success, unless there are so many that the old output was kept.
        let success = if run.is_success { now } else { last_success(before, labels, whose) };
        page.sample(LAST_SUCCESS, labels, None, success);
    }
    page.each(&runs, "offerlinks_last_run_timestamp_seconds", "When the last run ended, however it did.", |_| now);
    page.each(&runs, "offerlinks_exit_code", "Exit code of the last run.", |run| run.exit_code);
    let took = document.when.duration_seconds;
    page.each(&runs, "offerlinks_duration_seconds", "How long the last run took.", |_| took);
    counts(&mut page, document, now);
    page.text
}

/// The counts of each network. Whoever reads the metrics can add them up.
fn counts(page: &mut Page, document: &Document<'_>, now: f64) {
    let networks = networks(document);
    let offers = "offerlinks_offers";
    page.describe(offers, "Input rows of the last run by what came of them: exported, or the kind of their error.");
    for (labels, work) in &networks {
        page.sample(offers, labels, Some(("result", "exported")), work.offers.exported);
        for kind in ErrorKind::all() {
            let n = work.offers.errors.get(&kind).copied().unwrap_or_default();
            page.sample(offers, labels, Some(("result", kind.as_str())), n);
        }
    }
    let stale = "Input rows of the last run with links of an earlier one, because there were no new ones.";
    page.each(&networks, "offerlinks_stale_offers", stale, |work| work.offers.stale);
    let age = "How long ago the oldest of those links were confirmed, 0 if there are none.";
    page.each(&networks, "offerlinks_oldest_stale_age_seconds", age, |work| {
        work.offers.oldest_stale_at.map_or(0.0, |at| (now - at.as_second() as f64).max(0.0))
    });
    page.each(&networks, "offerlinks_rows", "Rows written by the last run.", |work| work.rows);
    let calls = "offerlinks_calls";
    page.describe(calls, "Calls of the last run by the HTTP status of their answers; none is no answer.");
    for (labels, work) in &networks {
        work.calls.by_status.iter().for_each(|(status, n)| page.sample(calls, labels, Some(("status", status)), n));
    }
    let retries = "Calls of the last run that asked again after a failure.";
    page.each(&networks, "offerlinks_retries", retries, |work| work.calls.retries);
    let throttled = "Calls of the last run refused for the limit.";
    page.each(&networks, "offerlinks_throttled", throttled, |work| work.calls.throttled);
    let waited = "offerlinks_waited_seconds";
    page.describe(waited, "How long the last run stood still, by why: frozen by the network, or an outage.");
    for (labels, work) in &networks {
        page.sample(waited, labels, Some(("why", "frozen")), work.waited_seconds.frozen);
        page.sample(waited, labels, Some(("why", "outage")), work.waited_seconds.outage);
    }
    let budgets: Vec<_> = networks.iter().filter_map(|(labels, work)| Some((labels, work.budget.as_ref()?))).collect();
    if !budgets.is_empty() {
        let away = "How long the budget that is shared with other hosts was away during the last run.";
        page.each(&budgets, "offerlinks_budget_away_seconds", away, |budget| budget.away_seconds);
    }
    let limits: Vec<_> = networks.iter().filter_map(|(labels, work)| Some((labels, work.limit.as_ref()?))).collect();
    if !limits.is_empty() {
        let used = "How much of the network's limit the last run used: 1 is all.";
        let share = |percent: f64| format!("{:.5}", percent / 100.0);
        page.each(&limits, "offerlinks_limit_used_ratio", used, |limit| share(limit.used_percent));
    }
}

/// The end of a run, or of one network's part of it.
struct Run {
    is_success: bool,
    exit_code: u8,
}

/// One for each network and, where there are several, one for the whole run.
fn runs(document: &Document<'_>) -> Vec<(String, Run)> {
    let is_replaced = document.how.ending == COMPLETE;
    let whole = |network: &str| {
        let run = Run { is_success: is_replaced, exit_code: document.how.exit.code };
        (labels(network, document.output), run)
    };
    match document.networks.as_slice() {
        [] | [_] => vec![whole(document.network)],
        several => {
            let own = |network: &NetworkPart<'_>| {
                let is_success = is_replaced && network.how.ending == COMPLETE;
                (labels(network.name, document.output), Run { is_success, exit_code: network.how.exit.code })
            };
            std::iter::once(whole("")).chain(several.iter().map(own)).collect()
        }
    }
}

fn networks<'a>(document: &'a Document<'a>) -> Vec<(String, &'a Work<'a>)> {
    match document.networks.as_slice() {
        [] | [_] => vec![(labels(document.network, document.output), &document.work)],
        several => several.iter().map(|network| (labels(network.name, document.output), &network.work)).collect(),
    }
}

/// What distinguishes a job from all others on this machine: two folders may both have a `links.csv`.
fn labels(network: &str, output: &str) -> String {
    let output = match output {
        "-" => output.to_owned(),
        file => std::path::absolute(file).map_or_else(|_| file.to_owned(), |path| path.to_string_lossy().into_owned()),
    };
    format!("network=\"{}\",output=\"{}\"", escape(network), escape(&output))
}

/// What the file of an earlier run says; 0 if it says nothing. A run over one network takes any sample of its output: the
/// network may have been unknown, then or now.
fn last_success(before: &str, labels: &str, whose: Whose) -> f64 {
    let output = |labels: &str| labels.split_once(",output=").map(|(_, output)| output.to_owned());
    let is_it = |old: &str| match whose {
        Whose::Own => old == labels,
        Whose::AnyOfOutput => old == labels || output(old).is_some() && output(old) == output(labels),
    };
    let value = before.lines().find_map(|line| {
        let (old, value) = line.strip_prefix(LAST_SUCCESS)?.strip_prefix('{')?.rsplit_once("} ")?;
        is_it(old).then_some(value)
    });
    value.and_then(|value| value.trim().parse().ok()).filter(|value: &f64| value.is_finite()).unwrap_or(0.0)
}

/// Whose last success counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    AnyOfOutput,
}

struct Page {
    text: String,
}

impl Page {
    fn describe(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &str, label: Option<(&str, &str)>, value: impl Display) {
        let label = label.map(|(name, value)| format!(",{name}=\"{}\"", escape(value))).unwrap_or_default();
        let _ = writeln!(self.text, "{name}{{{labels}{label}}} {value}");
    }

    /// A metric with one sample for each run or network, which stands behind its labels.
    fn each<L: AsRef<str>, T, V: Display>(&mut self, all: &[(L, T)], name: &str, help: &str, value: impl Fn(&T) -> V) {
        self.describe(name, help);
        for (labels, one) in all {
            self.sample(name, labels.as_ref(), None, value(one));
        }
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::ExitCode;
    use crate::report::event::Event;
    use crate::report::example;
    use crate::report::json::End;
    use crate::report::snapshot::LaneState;

    #[test]
    fn the_last_success_is_kept_for_the_same_output_only() {
        let output = escape("/a \"b\"\\\n,output=.csv");
        assert_eq!(output, r#"/a \"b\"\\\n,output=.csv"#);
        let labels = |network: &str, output: &str| format!("network=\"{network}\",output=\"{output}\"");
        let line = |labels: String| format!("# HELP x\n{LAST_SUCCESS}{{{labels}}} 1700000000.5\n");
        for (before, value) in [
            (line(labels("x", &output)), 1_700_000_000.5),
            (line(labels("", &output)), 1_700_000_000.5),
            (line(labels("x", "/other")), 0.0),
            (line("output=\"links.csv\"".to_owned()), 0.0),
            (String::new(), 0.0),
            ("\0{".into(), 0.0),
        ] {
            assert!(
                (last_success(&before, &labels("x", &output), Whose::AnyOfOutput) - value).abs() < f64::EPSILON,
                "{before}"
            );
        }
        let whole = line(labels("", &output));
        assert!(last_success(&whole, &labels("x", &output), Whose::Own).abs() < f64::EPSILON, "a new network has none");
    }

    fn written(networks: &[&str], first: Option<LaneState>) -> String {
        let (mut stats, mut last) = example::run(networks);
        stats.files.output = "/srv/acme/links.csv".to_owned();
        for lane in &mut last.lanes {
            lane.state = LaneState::Complete;
        }
        if let Some(state) = first {
            last.lanes[0].state = state;
        }
        stats.on(&Event::CallsOver { last, failed: Vec::new() });
        let end = End { code: ExitCode::SomeFailed, ending: COMPLETE, why: None };
        text(&Document::new(&stats, end), 1.5, "")
    }

    /// A job of another version whose words differ would lose its samples, so they are part of the contract.
    #[test]
    fn the_help_texts_are_those_of_every_version() {
        let text = written(&["x.example"], None);
        let told = |line: &&str| line.starts_with("# HELP") || line.contains("_success_timestamp_seconds{");
        insta::assert_snapshot!(text.lines().filter(told).collect::<Vec<_>>().join("\n"), @r#"
        # HELP offerlinks_last_success_timestamp_seconds When an export last replaced its output with at least --min-ok offers, 0 if never.
        offerlinks_last_success_timestamp_seconds{network="x.example",output="/srv/acme/links.csv"} 1.5
        # HELP offerlinks_last_run_timestamp_seconds When the last run ended, however it did.
        # HELP offerlinks_exit_code Exit code of the last run.
        # HELP offerlinks_duration_seconds How long the last run took.
        # HELP offerlinks_offers Input rows of the last run by what came of them: exported, or the kind of their error.
        # HELP offerlinks_stale_offers Input rows of the last run with links of an earlier one, because there were no new ones.
        # HELP offerlinks_oldest_stale_age_seconds How long ago the oldest of those links were confirmed, 0 if there are none.
        # HELP offerlinks_rows Rows written by the last run.
        # HELP offerlinks_calls Calls of the last run by the HTTP status of their answers; none is no answer.
        # HELP offerlinks_retries Calls of the last run that asked again after a failure.
        # HELP offerlinks_throttled Calls of the last run refused for the limit.
        # HELP offerlinks_waited_seconds How long the last run stood still, by why: frozen by the network, or an outage.
        # HELP offerlinks_limit_used_ratio How much of the network's limit the last run used: 1 is all.
        "#);
    }

    #[test]
    fn several_networks_have_series_of_their_own_and_the_whole_has_an_empty_network() {
        let text = written(&["acme", "demo"], Some(example::refused()));
        let shown = |line: &&str| {
            ["_success_timestamp_seconds{", "_exit_code{", "_rows{", "result=\"exported\"", "_limit_used_ratio{"]
                .iter()
                .any(|part| line.contains(part))
        };
        insta::assert_snapshot!(text.lines().filter(shown).collect::<Vec<_>>().join("\n"), @r#"
        offerlinks_last_success_timestamp_seconds{network="",output="/srv/acme/links.csv"} 1.5
        offerlinks_last_success_timestamp_seconds{network="acme",output="/srv/acme/links.csv"} 0
        offerlinks_last_success_timestamp_seconds{network="demo",output="/srv/acme/links.csv"} 1.5
        offerlinks_exit_code{network="",output="/srv/acme/links.csv"} 3
        offerlinks_exit_code{network="acme",output="/srv/acme/links.csv"} 4
        offerlinks_exit_code{network="demo",output="/srv/acme/links.csv"} 3
        offerlinks_offers{network="acme",output="/srv/acme/links.csv",result="exported"} 45
        offerlinks_offers{network="demo",output="/srv/acme/links.csv",result="exported"} 90
        offerlinks_rows{network="acme",output="/srv/acme/links.csv"} 50
        offerlinks_rows{network="demo",output="/srv/acme/links.csv"} 100
        offerlinks_limit_used_ratio{network="acme",output="/srv/acme/links.csv"} 1.00000
        offerlinks_limit_used_ratio{network="demo",output="/srv/acme/links.csv"} 2.00000
        "#);
        for family in text.split("# HELP ").skip(1) {
            let name = family.split(' ').next().unwrap();
            assert!(family.lines().skip(2).all(|line| line.starts_with(&format!("{name}{{"))), "{family}");
        }
    }
}
