//! The metrics, as the textfile collector of `node_exporter` reads them.
//!
//! Several jobs may leave their files in one folder, so every series names its output. Made from the JSON report's
//! numbers.

use std::fmt::{Display, Write};

use super::document::Document;
use crate::offer::ErrorKind;

const LAST_SUCCESS: &str = "offerlinks_last_success_timestamp_seconds";

/// The text of the file. `now` is in Unix seconds; `before` is what the file held until now.
pub(super) fn text(document: &Document<'_>, now: f64, before: &str) -> String {
    let mut page = Page { text: String::new(), output: escape(document.output) };
    // Complete with error rows is a success, unless they are so many that the old output was better.
    let success = if document.ending == "complete" { now } else { last_success(before, &page.output) };
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
    for kind in ErrorKind::ALL {
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

/// What the file of an earlier run says; 0 if it says nothing.
fn last_success(before: &str, output: &str) -> f64 {
    let series = format!("{LAST_SUCCESS}{{output=\"{output}\"}} ");
    let value = before.lines().find_map(|line| line.strip_prefix(&series));
    value.and_then(|value| value.trim().parse().ok()).filter(|value: &f64| value.is_finite()).unwrap_or(0.0)
}

struct Page {
    text: String,
    /// Escaped.
    output: String,
}

impl Page {
    fn describe(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl Display) {
        let label = label.map(|(name, value)| format!(",{name}=\"{}\"", escape(value))).unwrap_or_default();
        let _ = writeln!(self.text, "{name}{{output=\"{}\"{label}}} {value}", self.output);
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
        let output = escape("a \"b\"\\\n.csv");
        let line = |output: &str| format!("# HELP x\n{LAST_SUCCESS}{{output=\"{output}\"}} 1700000000.5\n");
        assert_eq!(output, r#"a \"b\"\\\n.csv"#);
        for (before, value) in
            [(line(&output), 1_700_000_000.5), (line("other"), 0.0), (String::new(), 0.0), ("\0{".into(), 0.0)]
        {
            assert!((last_success(&before, &output) - value).abs() < f64::EPSILON, "{before}");
        }
    }
}
