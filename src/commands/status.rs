//! `status`: how far a running or interrupted run is, from the files beside its output.
//!
//! Takes no lock, so that no run is disturbed: the system says who holds one.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::Error;
use crate::exit::ExitCode;
use crate::input::InputFingerprint;
use crate::offer::tally::Tally;
use crate::output::{Checkpoint, Destination, Found, OutputPath, find, is_locked};
use crate::report::format::counted;
use crate::run::lane_progress::LaneProgress;
use crate::settings::console::LogFormat;
use crate::text;

/// The files of an output.
#[derive(Debug)]
pub(crate) struct Status {
    output: PathBuf,
    /// Who has the lock, in the words of the lock file.
    holder: Option<String>,
    run: Option<Checkpoint<InputFingerprint, Tally>>,
    /// Why an interrupted run cannot be resumed.
    damaged: Option<String>,
    is_there: bool,
    /// The rows of a run that exported too few offers to replace the output.
    withheld: Option<PathBuf>,
}

impl Status {
    /// Looks at the output that `path` names, and at the rows that a workbook is made of.
    ///
    /// # Errors
    /// It is not a file, or a file beside it cannot be read.
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let is_workbook = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
        let rows = if is_workbook { path.with_added_extension("csv") } else { path.to_owned() };
        let Destination::File(place) = Destination::look(&rows)? else {
            let message = format!("{} is not a file, and a stream has no files beside it", path.display());
            return Err(Error::Name(message));
        };
        let holder = holder(&place);
        let (run, damaged) = match find(&place) {
            Ok(Found::Interrupted(found)) => (Some(found.checkpoint), None),
            Ok(Found::Finished(run, _)) => (Some(run), None),
            Ok(Found::Damaged { why }) => (None, Some(why)),
            Ok(Found::Nothing) => (None, None),
            // A run may have replaced a file while we looked.
            Err(_) if holder.is_some() => (None, None),
            Err(error) => return Err(error.into()),
        };
        let withheld = Some(place.failed()).filter(|rows| rows.is_file());
        Ok(Self { output: path.to_owned(), holder, run, damaged, is_there: path.is_file(), withheld })
    }

    const fn word(&self) -> &'static str {
        match (&self.holder, &self.run, &self.damaged) {
            (Some(_), ..) => "running",
            (None, Some(_), _) => "interrupted",
            (None, None, Some(_)) => "damaged",
            (None, None, None) if self.is_there => "finished",
            (None, None, None) => "none",
        }
    }

    /// 0 for a running or finished run, 5 for an interrupted one, 2 where there is none.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.word() {
            "running" | "finished" => ExitCode::Success,
            "none" => ExitCode::Usage,
            _ => ExitCode::StoppedEarly,
        }
    }

    /// The text: one line, and one more for each of several networks.
    pub(crate) fn text(&self, form: LogFormat, now: Timestamp) -> String {
        match form {
            LogFormat::Text => text::shown_message(&(self.words(now) + &self.networks_text())).into_owned() + "\n",
            LogFormat::Json => text::shown_json(&self.json(now).to_string()).into_owned() + "\n",
        }
    }

    fn words(&self, now: Timestamp) -> String {
        let output = self.output.display();
        let done = self.run.as_ref().map(|run| progress(run, now));
        match (self.word(), &self.holder, &self.damaged) {
            ("running", Some(holder), _) => {
                format!("{output}: running ({holder}); {}", done.unwrap_or_else(|| "no offer is saved yet".to_owned()))
            }
            ("interrupted", ..) => {
                format!("{output}: interrupted; {}; run the same command again to resume", done.unwrap_or_default())
            }
            (_, _, Some(why)) => format!("{output}: what an earlier run left cannot be resumed: {why}"),
            ("finished", ..) => match &self.withheld {
                Some(rows) => format!(
                    "{output}: finished, but the last run exported fewer than --min-ok: its rows are in {}",
                    rows.display()
                ),
                None => format!("{output}: finished; no run is active"),
            },
            _ => format!("{output}: no such output, and no run that writes it"),
        }
    }

    fn networks(&self) -> Vec<(Option<String>, Tally)> {
        self.run.as_ref().map(|run| LaneProgress::tallies(&run.lanes)).unwrap_or_default()
    }

    fn networks_text(&self) -> String {
        let named = |(network, tally): (Option<String>, Tally)| Some((network?, tally));
        let lines = self.networks().into_iter().filter_map(named);
        lines.fold(String::new(), |text, (network, tally)| text + &format!("\n  {network}: {}", counts(&tally)))
    }

    fn json(&self, now: Timestamp) -> Value {
        let run = self.run.as_ref();
        let summary = run.map(|run| &run.counts);
        json!({
            "event": "status", "output": self.output.to_string_lossy(), "state": self.word(),
            "exit_code": self.exit_code().code(), "holder": self.holder, "damaged": self.damaged,
            "below_min_ok": self.withheld.as_ref().map(|rows| rows.to_string_lossy()),
            "done": summary.map(|summary| summary.offers), "offers": run.and_then(total),
            "failed": summary.map(Tally::failed), "errors": summary.map(|summary| &summary.errors),
            "rows": summary.map(|summary| summary.rows), "saved_seconds_ago": run.and_then(|run| saved(run, now)),
            "networks": self.networks().iter().map(|(network, tally)| {
                json!({"network": network, "done": tally.offers, "failed": tally.failed(), "errors": tally.errors, "rows": tally.rows})
            }).collect::<Vec<_>>(),
        })
    }
}

/// How far a run is.
fn progress(run: &Checkpoint<InputFingerprint, Tally>, now: Timestamp) -> String {
    let mut words = match total(run) {
        Some(total) => format!("{} of about {}", run.counts.offers, counts_of(&run.counts, total)),
        None => counts(&run.counts),
    };
    if let Some(ago) = saved(run, now) {
        words += &format!(", saved {ago} s ago");
    }
    words
}

/// `12 offers done, 2 failed (2 not_found), 40 rows`
fn counts(tally: &Tally) -> String {
    counts_of(tally, tally.offers)
}

fn counts_of(tally: &Tally, offers: u64) -> String {
    let mut words = format!("{} done", counted(offers, "offer"));
    if tally.failed() > 0 {
        let kinds = tally.errors.iter().map(|(kind, n)| format!("{n} {kind}"));
        words += &format!(", {} failed ({})", tally.failed(), kinds.collect::<Vec<_>>().join(", "));
    }
    words + &format!(", {}", counted(tally.rows, "row"))
}

/// How many rows the input has, by how far into it these are; unknown over several networks, whose rows are read first.
fn total(run: &Checkpoint<InputFingerprint, Tally>) -> Option<u64> {
    let mark = run.input.as_ref().filter(|_| run.lanes.is_null())?;
    let (done, byte) = (u128::from(run.offers), u128::from(mark.position.byte));
    let total = (done * u128::from(mark.size)).checked_div(byte)?;
    u64::try_from(total).ok().map(|total| total.max(run.offers))
}

fn saved(run: &Checkpoint<InputFingerprint, Tally>, now: Timestamp) -> Option<u64> {
    u64::try_from(now.as_second() - run.saved_at?.as_second()).ok()
}

/// Who holds the lock of an output, if somebody does.
fn holder(place: &OutputPath) -> Option<String> {
    is_locked(place).then(|| {
        let text = fs::read_to_string(place.lock()).unwrap_or_default();
        text::shown_start(text.lines().next().unwrap_or("process unknown"), 80).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_several_networks_has_a_line_for_each() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let tally = |offers, failed: u64| {
            let errors = failed_kinds(failed);
            Tally { offers, rows: 2 * offers, errors, ..Tally::default() }
        };
        let lane = |network, tally: &Tally| json!({"network": network, "rows": tally.offers, "counts": tally});
        let lanes =
            json!([lane(Some("acme"), &tally(10, 2)), lane(Some("demo"), &tally(5, 0)), lane(None, &tally(1, 1))]);
        let run = Checkpoint {
            calls: None,
            job: Value::Null,
            started_at: None,
            saved_at: Some(now),
            input: None,
            offers: 16,
            rows: 32,
            counts: tally(16, 3),
            lanes,
        };
        let (output, run) = ("links.csv".into(), Some(run));
        let status = Status { output, holder: None, run, damaged: None, is_there: false, withheld: None };
        insta::assert_snapshot!(status.text(LogFormat::Text, now), @r"
        links.csv: interrupted; 16 offers done, 3 failed (3 not_found), 32 rows, saved 0 s ago; run the same command again to resume
          acme: 10 offers done, 2 failed (2 not_found), 20 rows
          demo: 5 offers done, 10 rows
        ");
        let json: Value = serde_json::from_str(&status.text(LogFormat::Json, now)).unwrap();
        let done: Vec<_> = json["networks"].as_array().unwrap().iter().map(|network| &network["done"]).collect();
        assert_eq!((done, &json["networks"][2]["network"]), (vec![&json!(10), &json!(5), &json!(1)], &Value::Null));
    }

    fn failed_kinds(failed: u64) -> std::collections::BTreeMap<crate::offer::ErrorKind, u64> {
        [(crate::offer::ErrorKind::NotFound, failed)].into_iter().filter(|(_, n)| *n > 0).collect()
    }
}
