//! Messages before the first call: about the input, and about an earlier run.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::input::{InputWarnings, Total};
use crate::output::Age;
use crate::report::event::{Asked, EarlierRun, Event, Fate, ListNext, NothingToResume, WhyOver};
use crate::report::format::{self, counted};
use crate::report::level::Level;
use crate::report::message::form::Message;
use crate::report::plan::{LanePlan, Plan};

/// Networks that are named before the run; the others are counted.
const NAMED: usize = 5;
/// The age from which an earlier run is mentioned even with `--quiet`: its rows are not from tonight.
const WORTH_A_NOTICE: Duration = Duration::from_secs(6 * 3600);

/// The messages for an event of this kind.
pub(super) fn messages(event: &Event) -> Vec<Message> {
    let one = |level, name: &str, text: String| vec![Message::plain(level, name, text)];
    match event {
        Event::Setting(setting) => one(Level::Debug, "setting", format!("setting: {setting}")),
        Event::SettingsDoubt(doubt) => one(Level::Warning, "settings", doubt.clone()),
        Event::ReadingTerminal => {
            one(Level::Info, "reading", "reading offers from the terminal; end with Ctrl-D".to_owned())
        }
        Event::EarlierRun(run) => vec![earlier_run_message(run)],
        Event::NothingToResume(NothingToResume::NoRun) => {
            one(Level::Info, "earlier_run", "there is no interrupted run to resume: starting".to_owned())
        }
        Event::NothingToResume(NothingToResume::Stream) => {
            let text = "a stream cannot be continued: --resume has nothing to resume".to_owned();
            one(Level::Warning, "earlier_run", text)
        }
        Event::OtherNetwork { line, named, called } => {
            one(Level::Warning, "other_network", other_network(*line, named, called))
        }
        Event::AppendDoubt(doubt) => {
            let level = if doubt.is_loss() { Level::Notice } else { Level::Warning };
            one(level, "append", doubt.to_string())
        }
        Event::AppendClash { parameter, offer_id } => {
            let text = format!(
                "--append adds {parameter} to links that have it already, first in offer {offer_id}: which of the two \
                 counts is up to the network"
            );
            one(Level::Warning, "append", text)
        }
        Event::AppendRepeated(append) => {
            one(Level::Info, "append", format!("links get the --append of the first run: {append}"))
        }
        Event::OutputResaved { output, how } => {
            let output = output.display();
            let text = format!("{output} was saved by another program ({how}): it is written as offerlinks writes it");
            one(Level::Info, "output_resaved", text)
        }
        Event::ListStarted(plan) => vec![list_started(plan)],
        Event::Listed { offers, without_id, calls } => listed(*offers, *without_id, *calls),
        Event::ListReused(file) => {
            one(Level::Info, "list_reused", format!("the list of the interrupted run is used: {}", file.display()))
        }
        Event::ListDoubt { doubt, then: ListNext::TakenAsIs } => {
            one(Level::Warning, "list_doubt", format!("{doubt}; taken as it is (--allow-short)"))
        }
        Event::ListDoubt { doubt, then: ListNext::ReadAgain } => {
            one(Level::Info, "list_doubt", format!("{doubt}: reading the list again"))
        }
        Event::ListLeavesOut(offers) => {
            let text = format!("{offers} offers of the list have no ID and are left out");
            one(Level::Warning, "list_doubt", text)
        }
        Event::Started(plan) => vec![started(plan)],
        Event::InputLayout(layout) => vec![Message::new(Level::Info, format!("IDs: {layout}"), layout.fields())],
        Event::InputOdd(warnings) => {
            input_warnings(*warnings).into_iter().map(|text| Message::plain(Level::Warning, "input", text)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is going to happen.
fn started(plan: &Plan) -> Message {
    let Plan { input, output, done, total, .. } = plan;
    let offers = match total {
        Total::Exact(n) => counted(*n, "offer"),
        Total::Estimate(n) => format!("about {}", counted(*n, "offer")),
        Total::Unknown => "offers".to_owned(),
    };
    let from = plan.only_lane().map_or_else(|| counted(plan.lanes.len() as u64, "network"), |lane| lane.host.clone());
    let mut text = format!("{offers} from {input} to {output}, from {from}");
    if *done > 0 {
        text += &format!("; {} done already", format::count(*done));
    }
    let mut fields =
        json!({"event": "started", "input": input, "output": output, "offers": total.rows(), "done": done});
    if let Some(lane) = plan.only_lane() {
        text += &limit_of_one(lane, total.rows().unwrap_or(0).saturating_sub(*done));
        fields["host"] = lane.host.clone().into();
        fields["rate"] = lane.rate.to_string().into();
        fields["period_ms"] = (lane.period.as_secs_f64() * 1000.0).into();
    } else {
        plan.lanes.iter().take(NAMED).for_each(|lane| text += &limit_of_many(lane));
        if plan.lanes.len() > NAMED {
            text += &format!("\n  and {} more", format::count((plan.lanes.len() - NAMED) as u64));
        }
        let networks = plan.lanes.iter().map(|LanePlan { network, host, rate, .. }| {
            json!({"network": &**network, "host": host, "rate": rate.to_string()})
        });
        fields["networks"] = networks.collect();
    }
    Message::new(Level::Info, text, fields)
}

fn limit_of_one(lane: &LanePlan, rows: u64) -> String {
    let Some(limit) = lane.rate.limit() else { return String::new() };
    let mut text = format!("\n  limit {limit}: one call every {}", format::latency(lane.period));
    let calls = u32::try_from(rows.div_ceil(lane.offers_per_call.max(1))).unwrap_or(u32::MAX);
    if calls > 0 {
        let least = format::duration(lane.period.saturating_mul(calls));
        text += &format!(", so this takes {least} at least (less if offers repeat)");
    }
    text
}

fn limit_of_many(LanePlan { network, host, rate, period, .. }: &LanePlan) -> String {
    let host = if **network == **host { String::new() } else { format!(" ({host})") };
    match rate.limit() {
        Some(limit) => format!("\n  {network}{host}: limit {limit}, one call every {}", format::latency(*period)),
        None => format!("\n  {network}{host}: no limit"),
    }
}

fn list_started(plan: &Plan) -> Message {
    let host = plan.only_lane().map_or_else(|| counted(plan.lanes.len() as u64, "network"), |lane| lane.host.clone());
    let fields = json!({"event": "listing", "host": host, "file": plan.output});
    Message::new(Level::Info, format!("reading the list of your offers from {host}"), fields)
}

fn listed(offers: u64, without_id: u64, calls: u64) -> Vec<Message> {
    let text = format!("listed {} with {}", counted(offers, "offer"), counted(calls, "call"));
    let fields = json!({"event": "listed", "offers": offers, "without_id": without_id, "calls": calls});
    let mut messages = vec![Message::new(Level::Info, text, fields)];
    if without_id > 0 {
        let text = format!("offers in the list without an ID: {without_id}; they cannot be exported");
        messages.push(Message::plain(Level::Warning, "list_doubt", text));
    }
    messages
}

fn other_network(line: u64, named: &str, called: &str) -> String {
    format!(
        "line {line} names the network {named:?}, and every row is called at {called} (--network): to call each row at its \
         own network, leave --network out"
    )
}

/// The message about an earlier run.
fn earlier_run_message(run: &EarlierRun) -> Message {
    let text = earlier_run(run);
    let level = match &run.fate {
        Fate::Finished => Level::Debug,
        Fate::Continued { .. } | Fate::AllDone => match run.age {
            Age::Past(age) if age < WORTH_A_NOTICE => Level::Info,
            _ => Level::Notice,
        },
        Fate::SetAside { why: WhyOver::Restart, .. } => Level::Info,
        // Shown even with --quiet: rows are old, or work is lost.
        Fate::SetAside { .. } => Level::Notice,
    };
    let text = match &run.fate {
        Fate::SetAside { why, files, .. } => {
            let names: Vec<_> = files.iter().map(|path: &PathBuf| path.display().to_string()).collect();
            let back = match why {
                WhyOver::TooOld => "; to resume it, stop this run, rename them back and use --resume",
                _ => "",
            };
            format!("{text}; it is set aside as {}{back}", names.join(" and "))
        }
        _ => text,
    };
    Message::plain(level, "earlier_run", text)
}

/// The earlier run, and what becomes of it.
pub(crate) fn earlier_run(EarlierRun { fate, age }: &EarlierRun) -> String {
    let age = self::age(*age);
    match fate {
        Fate::Continued { done, asked } => {
            let over = if *asked == Asked::Unasked { "; --restart starts over" } else { "" };
            format!("resuming an interrupted run of this job: {} done, {age}{over}", counted(*done, "offer"))
        }
        Fate::SetAside { done, why, .. } => {
            let done = done.map_or_else(String::new, |done| format!(" ({} done)", counted(done, "offer")));
            match why {
                WhyOver::Restart => format!("starting over (--restart), not resuming the interrupted run{done}"),
                WhyOver::TooOld => format!("starting over: the interrupted run{done} was {age}, so its rows are old"),
                WhyOver::Unfit(why) => format!("starting over: the interrupted run{done} cannot be continued: {why}"),
            }
        }
        Fate::AllDone => format!("the output was finished by the run before ({age}): nothing is left to do"),
        Fate::Finished => "the run before is finished: starting".to_owned(),
    }
}

/// `last saved 3h 05m ago`
pub(crate) fn age(age: Age) -> String {
    match age {
        Age::Past(age) if age < Duration::from_secs(1) => "last saved just now".to_owned(),
        Age::Past(age) => format!("last saved {} ago", format::duration(Duration::from_secs(age.as_secs()))),
        Age::Ahead(by) => format!("last saved when this machine's clock was {} ahead of now", format::duration(by)),
        Age::Unknown => "last saved at an unknown time".to_owned(),
    }
}

fn input_warnings(warnings: InputWarnings) -> Vec<String> {
    let InputWarnings { rows_too_long, first_too_long, first_total, first_repeated_header, has_grown } = warnings;
    let too_long = first_too_long.map(|line| {
        format!(
            "rows of the input with filled cells beyond its last column, or in a column without a name: \
             {rows_too_long}, first on line {line}; these cells are not in the output"
        )
    });
    let total = first_total.map(|line| format!("line {line} looks like a total, not an offer: it has an error row"));
    let header = first_repeated_header
        .map(|line| format!("line {line} repeats the header, as when files are joined: it has an error row"));
    let grown =
        has_grown.then(|| "the input has grown since it was read: what was added is not in the output".to_owned());
    [too_long, total, header, grown].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_run_is_described_with_its_age_and_old_rows_concern_the_quiet_too() {
        const HOUR: u64 = 3600;
        let past = |seconds| Age::Past(Duration::from_secs(seconds));
        for (age, level, words) in [
            (past(0), Level::Info, "last saved just now"),
            (past(90), Level::Info, "last saved 1m 30s ago"),
            (past(6 * HOUR - 1), Level::Info, "last saved 5h 59m ago"),
            (past(6 * HOUR), Level::Notice, "last saved 6h 00m ago"),
            (past(24 * HOUR), Level::Notice, "last saved 1d 0h ago"),
            (
                Age::Ahead(Duration::from_secs(90)),
                Level::Notice,
                "last saved when this machine's clock was 1m 30s ahead of now",
            ),
            (Age::Unknown, Level::Notice, "last saved at an unknown time"),
        ] {
            let run = EarlierRun { fate: Fate::Continued { done: 1, asked: Asked::Resume }, age };
            let message = earlier_run_message(&run);
            assert_eq!(message.level, level, "{age:?}");
            assert_eq!(message.text, format!("resuming an interrupted run of this job: 1 offer done, {words}"));
        }
    }

    #[test]
    fn a_plan_over_many_networks_names_a_few() {
        use crate::report::example;
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let (stats, _) = example::run(&names);
        let message = started(stats.plan.as_ref().unwrap());
        assert!(
            message
                .text
                .starts_with("7,000 offers from offers.csv to links.csv, from 7 networks\n  a (a.api.example): ")
        );
        assert!(message.text.ends_with("\n  and 2 more"), "{}", message.text);
        let (stats, _) = example::run(&["demo"]);
        let message = started(stats.plan.as_ref().unwrap());
        insta::assert_snapshot!(message.text, @r"
        1,000 offers from offers.csv to links.csv, from demo.api.example
          limit 50/10s: one call every 202 ms, so this takes 3m 22s at least (less if offers repeat)
        ");
    }
}
