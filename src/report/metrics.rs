//! The metrics, as the textfile collector of `node_exporter` reads them.
//!
//! Several jobs may leave their files in one folder, so every series names its network and its output. Made from the JSON report's
//! numbers.

use std::fmt::{Display, Write};

use crate::offer::ErrorKind;
use crate::report::json::Document;

const LAST_SUCCESS: &str = "offerlinks_last_success_timestamp_seconds";

/// The text of the file. `now` is in Unix seconds; `before` is what the file held until now.
pub(crate) fn text(document: &Document<'_>, now: f64, before: &str) -> String {
    let labels = labels(document);
    let mut page = Page { text: String::new(), labels };
    // Complete with error rows is a success, unless they are so many that the old output was better.
    let success = if document.ending == "complete" { now } else { last_success(before, &page.labels) };
    page.single(
        LAST_SUCCESS,
        "When an export last replaced its output with at least --min-ok offers, 0 if never.",
        success,
    );
    page.single("offerlinks_last_run_timestamp_seconds", "When the last run ended, however it did.", now);
    page.single("offerlinks_exit_code", "Exit code of the last run.", document.exit.code);
    page.single("offerlinks_duration_seconds", "How long the last run took.", document.duration_seconds);

    let offers = "offerlinks_offers";
    page.describe(offers, "Input rows of the last run by what came of them: exported, or the kind of their error.");
    page.sample(offers, Some(("result", "exported")), document.offers.exported);
    for kind in ErrorKind::all() {
        let n = document.offers.errors.get(&kind).copied().unwrap_or_default();
        page.sample(offers, Some(("result", kind.as_str())), n);
    }
    page.single("offerlinks_rows", "Rows written by the last run.", document.rows);

    let calls = "offerlinks_calls";
    page.describe(calls, "Calls of the last run by the HTTP status of their answers; none is no answer.");
    for (status, n) in &document.calls.by_status {
        page.sample(calls, Some(("status", status)), n);
    }
    page.single(
        "offerlinks_retries",
        "Calls of the last run that asked again after a failure.",
        document.calls.retries,
    );
    page.single("offerlinks_throttled", "Calls of the last run refused for the limit.", document.calls.throttled);
    let waited = "offerlinks_waited_seconds";
    page.describe(waited, "How long the last run stood still, by why: frozen by the network, or an outage.");
    page.sample(waited, Some(("why", "frozen")), document.waited_seconds.frozen);
    page.sample(waited, Some(("why", "outage")), document.waited_seconds.outage);
    if let Some(limit) = &document.limit {
        let help = "How much of the network's limit the last run used: 1 is all.";
        page.single("offerlinks_limit_used_ratio", help, format_args!("{:.5}", limit.used_percent / 100.0));
    }
    page.text
}

/// What tells a job from all others on this machine: two folders may both have a `links.csv`.
fn labels(document: &Document<'_>) -> String {
    let output = match document.output {
        "-" => document.output.to_owned(),
        file => std::path::absolute(file).map_or_else(|_| file.to_owned(), |path| path.to_string_lossy().into_owned()),
    };
    format!("network=\"{}\",output=\"{}\"", escape(document.network), escape(&output))
}

/// What the file of an earlier run says; 0 if it says nothing. The network may have been unknown, then or now.
fn last_success(before: &str, labels: &str) -> f64 {
    let output = labels.split_once(",output=").map_or("", |(_, output)| output);
    let value = before.lines().find_map(|line| {
        let (old, value) = line.strip_prefix(LAST_SUCCESS)?.strip_prefix('{')?.rsplit_once("} ")?;
        let same = old == labels || old.split_once(",output=").is_some_and(|(_, old)| old == output);
        same.then_some(value)
    });
    value.and_then(|value| value.trim().parse().ok()).filter(|value: &f64| value.is_finite()).unwrap_or(0.0)
}

struct Page {
    text: String,
    /// Escaped.
    labels: String,
}

impl Page {
    fn describe(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl Display) {
        let label = label.map(|(name, value)| format!(",{name}=\"{}\"", escape(value))).unwrap_or_default();
        let _ = writeln!(self.text, "{name}{{{}{label}}} {value}", self.labels);
    }

    fn single(&mut self, name: &str, help: &str, value: impl Display) {
        self.describe(name, help);
        self.sample(name, None, value);
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!((last_success(&before, &labels("x", &output)) - value).abs() < f64::EPSILON, "{before}");
        }
    }

    /// A job of another version whose words differ would lose its samples, so they are part of the contract.
    #[test]
    fn the_help_texts_are_those_of_every_version() {
        let now = std::time::Instant::now();
        let mut record = crate::report::record::Record::new(now);
        let (total, period) = (crate::input::Total::Unknown, std::time::Duration::ZERO);
        let rate = "50/10s".parse().unwrap();
        record
            .plan(&crate::report::Plan { input: "", output: "", host: "x.example", total, done: 0, rate, period }, now);
        record.files.output = "/srv/acme/links.csv".to_owned();
        let ended = crate::report::json::Ended { code: crate::exit::ExitCode::Success, ending: "complete", why: None };
        let text = text(&Document::new(&record, ended), 1.5, "");
        let told = |line: &&str| line.starts_with("# HELP") || line.contains("_success_timestamp_seconds{");
        insta::assert_snapshot!(text.lines().filter(told).collect::<Vec<_>>().join("\n"), @r#"
        # HELP offerlinks_last_success_timestamp_seconds When an export last replaced its output with at least --min-ok offers, 0 if never.
        offerlinks_last_success_timestamp_seconds{network="x.example",output="/srv/acme/links.csv"} 1.5
        # HELP offerlinks_last_run_timestamp_seconds When the last run ended, however it did.
        # HELP offerlinks_exit_code Exit code of the last run.
        # HELP offerlinks_duration_seconds How long the last run took.
        # HELP offerlinks_offers Input rows of the last run by what came of them: exported, or the kind of their error.
        # HELP offerlinks_rows Rows written by the last run.
        # HELP offerlinks_calls Calls of the last run by the HTTP status of their answers; none is no answer.
        # HELP offerlinks_retries Calls of the last run that asked again after a failure.
        # HELP offerlinks_throttled Calls of the last run refused for the limit.
        # HELP offerlinks_waited_seconds How long the last run stood still, by why: frozen by the network, or an outage.
        # HELP offerlinks_limit_used_ratio How much of the network's limit the last run used: 1 is all.
        "#);
    }
}
