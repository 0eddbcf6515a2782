//! What a run would do, in words.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::report::event::{EarlierRun, Fate, WhyOver};
use crate::report::format;
use crate::report::message::earlier_run;
use crate::settings::links::Links;
use crate::settings::rate::Rate;
use crate::text;

/// What a run would do.
#[derive(Clone, Debug)]
pub(crate) struct DryRun {
    /// Where the offers come from.
    pub input: String,
    /// Where in it the offer IDs stand.
    pub ids: Option<String>,
    /// Whether the offers are known: the list of an account is read by the run itself.
    pub is_listed: bool,
    /// The network that it would call, or what is missing for that.
    pub network: String,
    /// The rows.
    pub rows: PlannedRows,
    /// The calls.
    pub calls: PlannedCalls,
    /// The files it would write, with a note on each.
    pub files: Vec<(PathBuf, &'static str)>,
    /// The earlier run that was found, and what would become of it.
    pub earlier_run: Option<EarlierRun>,
}

/// The rows of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedRows {
    /// Rows that an interrupted run has done, which this one would not do again.
    pub done: u64,
    /// Rows to do.
    pub to_do: u64,
    /// Rows of an earlier output that stay as they are.
    pub kept: u64,
    /// Distinct offers among the rows to do.
    pub distinct: u64,
    /// Rows that are written from the history, without a call.
    pub from_history: u64,
    /// Rows whose offers are left for a later run, and of which the history has no links.
    pub not_asked: u64,
    /// Rows whose cell is no ID.
    pub invalid: u64,
    /// The first of them.
    pub first_invalid: Vec<InvalidRow>,
}

/// The calls of a run.
#[derive(Clone, Debug)]
pub(crate) struct PlannedCalls {
    /// Offers to ask for, if each gets its answer at once.
    pub offers: u64,
    /// Which links are exported.
    pub links: Links,
    /// The limit.
    pub rate: Rate,
    /// The time between calls.
    pub period: Duration,
    /// The most that the run may make (`--max-calls`).
    pub max_calls: Option<u64>,
    /// Of several networks the one that takes longest.
    pub slowest: Option<Slowest>,
}

/// The network that a run over several waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slowest {
    /// Its name.
    pub network: String,
    /// Offers to ask it for, counting repeated calls.
    pub offers: u64,
    /// Its limit.
    pub rate: Rate,
    /// The time between calls to it.
    pub period: Duration,
}

/// A row whose cell is no ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidRow {
    /// Its line in the input.
    pub line: u64,
    /// The cell.
    pub text: String,
    /// Why it is none.
    pub reason: String,
}

impl PlannedCalls {
    /// The fewest calls for these links.
    fn calls_for(&self, links: Links) -> u64 {
        self.offers.div_ceil(links.offers_per_call())
    }

    /// The shortest time in which they can be made.
    fn least(&self, links: Links) -> Duration {
        let (calls, period) = match &self.slowest {
            Some(slowest) => (slowest.offers.div_ceil(links.offers_per_call()), slowest.period),
            None => (self.calls_for(links), self.period),
        };
        period.saturating_mul(u32::try_from(calls).unwrap_or(u32::MAX))
    }
}

impl DryRun {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec!["dry run: no call was sent and nothing was written".to_owned()];
        let mut line = |name: &str, text: String| {
            let text = text.replace('\n', "\n               ");
            lines.push(format!("  {name:<12} {}", text::shown_message(&text)));
        };
        line("input", self.rows());
        if let Some(ids) = &self.ids {
            line("IDs", ids.clone());
        }
        line("offers", self.offers());
        if self.rows.invalid > 0 {
            let not_called =
                if self.rows.invalid == 1 { "an error row without a call" } else { "error rows without calls" };
            line("invalid", format!("{}: {not_called}", format::counted(self.rows.invalid, "row")));
            for InvalidRow { line: at, text: cell, reason } in &self.rows.first_invalid {
                line("", format!("  line {at}: \"{}\": {reason}", text::shown_start(cell, 40)));
            }
            let more = self.rows.invalid - (self.rows.first_invalid.len() as u64).min(self.rows.invalid);
            if more > 0 {
                line("", format!("  and {} more", format::count(more)));
            }
        }
        if let Some(history) = self.history() {
            line("history", history);
        }
        line("network", self.network.clone());
        line("calls", self.calls());
        line("time", self.time());
        for (n, (path, note)) in self.files.iter().enumerate() {
            line(if n == 0 { "files" } else { "" }, format!("{} ({note})", path.display()));
        }
        line("earlier run", self.earlier_run().unwrap_or_else(|| "none to resume".to_owned()));
        lines.join("\n") + "\n"
    }

    fn earlier_run(&self) -> Option<String> {
        let run = self.earlier_run.as_ref()?;
        let too_old = matches!(run.fate, Fate::SetAside { why: WhyOver::TooOld, .. });
        Some(earlier_run(run) + if too_old { "; --resume would resume it" } else { "" })
    }

    fn rows(&self) -> String {
        if !self.is_listed {
            return format!("{}, which the run reads first", self.input);
        }
        let mut text = format!("{}: {}", self.input, format::counted(self.rows.to_do, "row"));
        if self.rows.done > 0 {
            text += &format!(" to do, after {} that are done", format::count(self.rows.done));
        }
        if self.rows.kept > 0 {
            text += &format!(" to ask again, {} stay as they are", format::count(self.rows.kept));
        }
        text
    }

    fn offers(&self) -> String {
        if !self.is_listed {
            return "all of your account".to_owned();
        }
        let repeats = self.rows.to_do.saturating_sub(self.rows.distinct + self.rows.invalid);
        let mut text = format!("{} distinct", format::count(self.rows.distinct));
        if repeats > 0 {
            text += &format!(
                "; {} one of them again",
                if repeats == 1 { "1 row names".to_owned() } else { format!("{} rows name", format::count(repeats)) }
            );
        }
        text
    }

    fn history(&self) -> Option<String> {
        let PlannedRows { from_history, not_asked, .. } = self.rows;
        let known =
            (from_history > 0).then(|| format!("{} from it, without a call", format::counted(from_history, "row")));
        let left = (not_asked > 0).then(|| {
            format!(
                "{} without links in it: not asked for in this run (--max-calls)",
                format::counted(not_asked, "row")
            )
        });
        let parts: Vec<String> = known.into_iter().chain(left).collect();
        (!parts.is_empty()).then(|| parts.join("\n"))
    }

    fn calls(&self) -> String {
        let calls = match (self.is_listed, self.calls.links) {
            (true, links) => format::count(self.calls.calls_for(links)),
            (false, Links::All) => "one for each offer and two for every 100 of the list".to_owned(),
            (false, Links::Default) => "one for every 100 offers and two for every 100 of the list".to_owned(),
        };
        let more = match self.calls.links {
            Links::All => "where one fails and is repeated",
            Links::Default => "where one fails and is repeated, or where an offer has no link of its own",
        };
        let most = self.calls.max_calls.map(|most| format!(", {} at most (--max-calls)", format::count(most)));
        format!("{calls}, and more {more}{}", most.unwrap_or_default())
    }

    /// How long the other choice of links would take.
    fn other_time(&self) -> String {
        let other = self.calls.links.other();
        let what = match other {
            Links::All => "all links of each offer",
            Links::Default => "each offer's own link alone",
        };
        format!("{} with --links {other} ({what})", format::duration(self.calls.least(other)))
    }

    fn time(&self) -> String {
        if let Some(Slowest { network, offers, rate, .. }) = &self.calls.slowest {
            let least = format::duration(self.calls.least(self.calls.links));
            let calls = format::counted(offers.div_ceil(self.calls.links.offers_per_call()), "call");
            return format!(
                "{least} at least: {calls} to {network}, whose limit is {rate}; all networks are called at once"
            );
        }
        match self.calls.rate.limit() {
            None => "no limit".to_owned(),
            Some(limit) if !self.is_listed => {
                format!("the limit of {limit} allows one call every {}", format::latency(self.calls.period))
            }
            Some(limit) => {
                let (least, period) =
                    (format::duration(self.calls.least(self.calls.links)), format::latency(self.calls.period));
                let text = format!("{least} at least: the limit of {limit} allows one call every {period}");
                // The other links have a history of their own.
                let is_cut = self.calls.max_calls.is_some() || self.rows.from_history > 0;
                if is_cut { text } else { text + "\n" + &self.other_time() }
            }
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let invalid = self.rows.first_invalid.iter();
        let invalid = invalid.map(|row| json!({"line": row.line, "text": row.text, "reason": row.reason}));
        let files = self.files.iter().map(|(path, note)| json!({"path": path.to_string_lossy(), "note": note}));
        json!({
            "event": "dry_run", "input": self.input, "is_listed": self.is_listed, "network": self.network, "done": self.rows.done, "rows": self.rows.to_do,
            "kept": self.rows.kept, "from_history": self.rows.from_history, "not_asked": self.rows.not_asked, "max_calls": self.calls.max_calls, "distinct": self.rows.distinct, "invalid": self.rows.invalid,
            "first_invalid": invalid.collect::<Vec<_>>(), "calls": self.calls.calls_for(self.calls.links), "links": self.calls.links.to_string(), "rate": self.calls.rate.to_string(),
            "least_seconds": self.calls.rate.limit().map(|_| self.calls.least(self.calls.links).as_secs_f64()),
            "least_seconds_by_links": self.calls.rate.limit().map(|_| json!({
                "all": self.calls.least(Links::All).as_secs_f64(), "default": self.calls.least(Links::Default).as_secs_f64(),
            })),
            "files": files.collect::<Vec<_>>(), "earlier_run": self.earlier_run(),
        })
    }
}
