//! The final summary of a command: what happened, what is safe, and the command to run next.

mod list;
mod networks;
mod took;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use self::list::list_ended;
use super::format::{self, counted};
use crate::dispatch::StopReason;
use crate::exit::ExitCode;
use crate::offer::tally::Tally;
use crate::offer::{Class, ErrorKind};
use crate::report::changes;
use crate::report::event::{Ended, Scope};
use crate::report::failed_offer::FailedOffer;
use crate::report::level::Level;
use crate::report::message::form::Message;
use crate::report::outcome::{COMPLETE, RunOutcome};
use crate::report::stats::{Figures, Stats};

/// How much is said of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The usual numbers.
    Plain,
    /// How long answers took, too (`-v`).
    Latency,
}

/// The final summary of an export.
pub(crate) fn describe(ended: &Ended, stats: &Stats, detail: Detail) -> Message {
    let (figures, took) = (stats.figures(), stats.started_at.elapsed());
    let networks = (stats.given_up(), stats.networks());
    let summary = Summary { ended, figures: &figures, failed_offers: &stats.failed_offers, networks, took };
    let (level, mut lines) = summary.first_lines();
    lines.extend(changes::line(stats.changes.as_ref(), summary.tally()));
    lines.extend(summary.failures());
    lines.extend(networks::lines(stats));
    lines.extend(took::lines(&figures, detail));
    match ended.outcome {
        RunOutcome::Complete => lines.extend(summary.what_next_for(stats.given_up())),
        RunOutcome::BelowMinOk { .. } => lines.push(summary.what_next()),
        _ => lines.push(summary.what_is_safe()),
    }
    Message::new(level, lines.join("\n"), summary.fields(stats))
}

/// The parts of the final summary.
struct Summary<'a> {
    ended: &'a Ended,
    figures: &'a Figures,
    failed_offers: &'a [FailedOffer],
    /// How many were given up, and how many there are.
    networks: (usize, usize),
    took: Duration,
}

impl Summary<'_> {
    fn tally(&self) -> &Tally {
        &self.figures.tally
    }

    fn first_lines(&self) -> (Level, Vec<String>) {
        match &self.ended.outcome {
            // With --quiet only failures are shown.
            RunOutcome::Complete => {
                let level = if self.tally().exit_code() == ExitCode::Success { Level::Info } else { Level::Notice };
                let had_nothing = self.ended.scope == Scope::Failed && self.figures.counts.calls == 0;
                (level, vec![if had_nothing { self.nothing_had_failed() } else { self.exported() }])
            }
            RunOutcome::BelowMinOk { least, rows_in } => (Level::Error, self.too_few(least, rows_in.as_deref())),
            // Ctrl-C is not an error, but the command to resume is shown.
            RunOutcome::Interrupted(_) => (Level::Notice, vec![self.ended.outcome.words(&self.ended.host)]),
            outcome => (Level::Error, vec![outcome.words_over(self.networks, &self.ended.host)]),
        }
    }

    fn exported(&self) -> String {
        let Tally { offers, rows, .. } = self.tally();
        format!(
            "exported {} of {} to {}: {} in {}",
            format::count(self.tally().succeeded()),
            counted(*offers, "offer"),
            self.ended.output,
            counted(*rows, "row"),
            format::duration(self.took),
        )
    }

    fn too_few(&self, least: &str, rows_in: Option<&Path>) -> Vec<String> {
        let Some(file) = rows_in else {
            return vec![self.exported(), format!("  that is fewer than --min-ok {least}: not a success")];
        };
        let tally = self.tally();
        let (exported, offers) = (format::count(tally.succeeded()), counted(tally.offers, "offer"));
        let (rows, took, output) = (counted(tally.rows, "row"), format::duration(self.took), &self.ended.output);
        vec![
            format!("exported only {exported} of {offers}, fewer than --min-ok {least}: {output} is as it was"),
            format!("  the rows of this run are in {}: {rows} in {took}", file.display()),
        ]
    }

    /// What can be done about offers that failed.
    fn what_next(&self) -> String {
        let may_pass = self.tally().errors.keys().any(|kind| kind.class() != Class::Offer);
        if let Some(missing) = self.what_next_for_lists() {
            missing
        } else if may_pass && self.ended.output != "stdout" {
            format!("  to ask again for what failed: {}", self.ended.retry_command)
        } else {
            "  to continue: change what the lines above name, then run it again".to_owned()
        }
    }

    /// What to do next where networks were given up and the others finished. Those whose lists are missing have no offers to
    /// ask for again.
    fn what_next_for(&self, stopped: usize) -> impl Iterator<Item = String> {
        let whom = match (stopped as u64).saturating_sub(self.tally().missing_lists) {
            0 => None,
            1 => Some("the network that was given up"),
            _ => Some("the networks that were given up"),
        };
        let whom = whom.filter(|_| self.ended.output != "stdout");
        let retry = whom.map(|whom| format!("  to retry {whom}: {}", self.ended.retry_command));
        retry.into_iter().chain(self.what_next_for_lists())
    }

    /// What to do next where lists of offers could not be read.
    fn what_next_for_lists(&self) -> Option<String> {
        let lists = match self.tally().missing_lists {
            0 => return None,
            1 => "list",
            _ => "lists",
        };
        Some(format!("  to ask for the {lists} again that could not be read: run the same export again"))
    }

    fn nothing_had_failed(&self) -> String {
        let (output, tally) = (&self.ended.output, self.tally());
        let offers = counted(tally.offers, "offer");
        if tally.failed() == 0 {
            return format!("nothing had failed in {output}: {offers}, {}", counted(tally.rows, "row"));
        }
        let exported = format::count(tally.succeeded());
        // What may pass and has an offer was asked for: it is the row of a network whose list is missing.
        if tally.errors.keys().any(|kind| kind.class() != Class::Offer) {
            return format!(
                "nothing could be asked for again in {output}: {exported} of {offers} exported; a list of offers that could \
                 not be read is read again by the export itself (--all-offers)"
            );
        }
        format!(
            "nothing had failed in {output} in a way that may pass: {exported} of {offers} exported; --retry-failed=all asks \
             for the others too"
        )
    }

    fn failures(&self) -> Vec<String> {
        let failed = self.tally().failed();
        if failed == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!("  {} failed:", counted(failed, "offer"))];
        let kinds = self.tally().errors.iter();
        lines
            .extend(kinds.map(|(kind, n)| format!("    {}: {}; {}", kind.as_str(), counted(*n, "offer"), kind.hint())));
        lines.extend(self.which(failed));
        lines
    }

    /// Which offers failed: the first of them, and where all of them are.
    fn which(&self, failed: u64) -> Option<String> {
        let named = self.failed_offers;
        let offers: Vec<_> = named.iter().map(|offer| format!("{} ({})", offer.name(), offer.error_kind)).collect();
        let more = failed.saturating_sub(named.iter().map(|offer| offer.rows).sum());
        let mut line = format!("    they are: {}", offers.join(", "));
        if more > 0 {
            line += &format!(" and {} more", format::count(more));
        }
        if self.ended.outcome == RunOutcome::Complete {
            line += &format!("; all of them have the status error in {}", self.ended.output);
        }
        (!named.is_empty()).then_some(line)
    }

    fn what_is_safe(&self) -> String {
        let Ended { output, resume_command, .. } = self.ended;
        let kept = match self.ended.kept {
            None => return "  nothing is kept: this output cannot be continued".to_owned(),
            Some(0) => "no offer was done".to_owned(),
            Some(1) => "1 offer is kept beside it".to_owned(),
            Some(n) => format!("{} offers are kept beside it", format::count(n)),
        };
        let fix = match &self.ended.outcome {
            // Over several networks each line says what is wrong with its own.
            RunOutcome::Stopped(StopReason::Refused(error)) if self.networks.1 < 2 => match error.kind {
                kind if kind.class() == Class::Account => kind.hint(),
                ErrorKind::InvalidResponse => {
                    "check the key and its white list, and ask the network whether this address is banned"
                }
                _ => "fix the account or the host",
            },
            _ => "",
        };
        let fix = if fix.is_empty() { String::new() } else { format!("\n  what to do: {fix}") };
        let file =
            if self.ended.output_exists { format!("{output} is as it was") } else { "no file was written".to_owned() };
        format!("  {file}; {kept}{fix}\n  to continue: {resume_command}")
    }

    fn fields(&self, stats: &Stats) -> Value {
        let Ended { outcome, output, host, .. } = self.ended;
        let (counts, tally) = (self.figures.counts, self.tally());
        let why = (*outcome != RunOutcome::Complete).then(|| outcome.words_over(self.networks, host));
        let mut fields = json!({
            "event": "ended", "complete": outcome.word() == COMPLETE, "ending": outcome.word(),
            "exit_code": outcome.exit_code(tally).code(), "why": why, "failed_offers": self.failed_offers, "output": output,
            "offers": tally.offers, "rows": tally.rows, "failed": tally.failed(),
            "errors": tally.errors, "calls": counts.calls, "retries": counts.retries,
            "throttled": counts.throttled, "at_a_time": counts.at_a_time, "frozen_seconds": counts.frozen.as_secs_f64(),
            "outage_seconds": counts.outage.as_secs_f64(), "limit_used": self.figures.limit_used,
            "seconds": self.took.as_secs_f64(),
        });
        fields["networks"] = networks::fields(stats);
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::event::Event;
    use crate::report::example;
    use crate::report::snapshot::LaneState;

    fn ended(outcome: RunOutcome) -> Ended {
        Ended {
            outcome,
            output: "links.csv".to_owned(),
            output_exists: true,
            kept: Some(7),
            host: "acme.api.example".to_owned(),
            resume_command: "offerlinks export --resume".to_owned(),
            retry_command: "offerlinks export --retry-failed".to_owned(),
            scope: Scope::All,
        }
    }

    #[test]
    fn where_all_networks_are_given_up_each_has_its_own_reason() {
        let (mut stats, mut last) = example::run(&["acme", "demo"]);
        for lane in &mut last.lanes {
            lane.state = example::refused();
        }
        let LaneState::Stopped(stop) = example::refused() else { unreachable!() };
        stats.on(&Event::CallsOver { last, failed: Vec::new() });
        let text = describe(&ended(RunOutcome::Stopped(stop)), &stats, Detail::Plain).text;
        assert!(text.starts_with("stopped: all 2 networks were given up\n"), "{text}");
        for network in ["acme", "demo"] {
            assert!(text.contains(&format!("stopped: {network}.api.example refuses this account")), "{text}");
        }
        assert!(
            text.ends_with(
                "  links.csv is as it was; 7 offers are kept beside it\n  to continue: offerlinks export --resume"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_run_over_several_networks_has_a_line_for_each_and_says_how_to_retry_those_that_were_given_up() {
        let (mut stats, mut last) = example::run(&["acme", "demo", "beta"]);
        for lane in &mut last.lanes {
            lane.state = LaneState::Complete;
        }
        last.lanes[1].state = example::refused();
        stats.on(&Event::CallsOver { last, failed: Vec::new() });
        let Message { level, text, fields } = describe(&ended(RunOutcome::Complete), &stats, Detail::Plain);
        // The first line has the time that the run took.
        let lines: Vec<_> = text.lines().skip(1).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
          30 offers failed:
            not_found: 30 offers; the network does not know it; remove it from the input
          acme: 45 of 50 offers exported (5 not_found), 50 calls at 100% of the allowed speed
          demo: 90 of 100 offers exported (10 not_found), 100 calls at 200% of the allowed speed; stopped: demo.api.example refuses this account: wrong key (unauthorized, HTTP 401)
          beta: 135 of 150 offers exported (15 not_found), 150 calls at 300% of the allowed speed
          300 calls
          to retry the network that was given up: offerlinks export --retry-failed
        ");
        assert_eq!(level, Level::Notice);
        let endings: Vec<_> = fields["networks"].as_array().unwrap().iter().map(|network| &network["ending"]).collect();
        assert_eq!(endings, ["complete", "refused", "complete"]);
    }
}
