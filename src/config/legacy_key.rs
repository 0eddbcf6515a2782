//! The job in a checkpoint of format 1: one text, in which types were printed as they were called then.
//!
//! Only read, never written. It records what was typed, not its meaning. Frozen: nothing in it may follow a change
//! elsewhere. May be removed when no run of that version can be left anywhere.

use crate::config::job::{Job, RetryFailed, Work};
use crate::config::job_id::comparison::{Comparison, OpenedRows};
use crate::config::networks::Network;
use crate::encode::link_template::Part;
use crate::encode::{Dialect, RowFormat};
use crate::input::{ColumnChoice, Options, WantedColumns};
use crate::sandbox;
use crate::settings::links::Links;
use crate::text::shown_start;

/// The fields, in the text's order: how each begins in it, and its name for people.
const FIELDS: [(&str, &str); 10] = [
    ("network ", "the network"),
    ("; e-mail ", "the e-mail"),
    ("; column ", "--column"),
    ("; delimiter ", "--delimiter"),
    ("; no-headers ", "--no-headers"),
    ("; sheet ", "--sheet"),
    ("; keep ", "--keep"),
    ("; format ", "the format"),
    ("; append ", "--append"),
    ("; retry-failed ", "--retry-failed"),
];
/// The first of them are the account.
const ACCOUNT: usize = 2;

/// Whether `then` is the text of this job.
pub(crate) fn compare(job: &Job, rows: OpenedRows<'_>, then: &str) -> Comparison {
    if job.work.all_offers().is_some() {
        return Comparison::Differs("it was of an input, not of the account's list (--all-offers)".to_owned());
    }
    if job.links != Links::All {
        return Comparison::Differs(format!("--links differs: {} then, {} now", Links::All, job.links));
    }
    let now = fields(job, rows);
    let skipped = if job.networks.are_given() { 0 } else { ACCOUNT };
    let Some(then) = split(then) else {
        return Comparison::Differs("this version cannot read what job it was".to_owned());
    };
    let both = FIELDS.iter().zip(then.into_iter().zip(now)).skip(skipped);
    let differs = both.filter(|(_, (then, now))| then != now).map(|((_, name), (then, now))| {
        format!("{name} differs: {} then, {} now", shown_start(then, 100), shown_start(&now, 100))
    });
    match differs.collect::<Vec<_>>() {
        differs if differs.is_empty() => Comparison::SameAsTyped,
        differs => Comparison::Differs(differs.join("; ")),
    }
}

/// The values in a text. A value that holds the beginning of the next field ends too early, and so differs.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.strip_prefix(FIELDS[0].0)?;
    let mut values = Vec::with_capacity(FIELDS.len());
    for (begin, _) in &FIELDS[1..] {
        let (value, after) = rest.split_once(begin)?;
        values.push(value);
        rest = after;
    }
    values.push(rest);
    Some(values)
}

fn fields(job: &Job, rows: OpenedRows<'_>) -> [String; 10] {
    let (host, email) = match &job.networks.first().network {
        Network::Sandbox => ("sandbox", sandbox::EMAIL),
        Network::Real(account) => (account.base_url.as_str(), account.email.as_str()),
        Network::NotGiven(_) => ("", ""),
    };
    // Arguments about an input that is not read do not shape the rows.
    let none = Options::default();
    let options = if let Work::Input { options, .. } = &job.work { options } else { &none };
    let Options {
        column,
        delimiter,
        no_headers,
        sheet,
        skip_lines: _,
        allow_empty: _,
        settle: _,
        columns: WantedColumns { keep: _, also: _, network: _, schema: _ },
    } = options;
    let column = match column {
        None => "None".to_owned(),
        Some(ColumnChoice::Name(name)) => format!("Some(Name({name:?}))"),
        Some(ColumnChoice::Number(number)) => format!("Some(Number({number}))"),
    };
    let format = match job.output.format.rows() {
        RowFormat::Csv(Dialect::Plain) => "Csv(Plain)",
        RowFormat::Csv(Dialect::Excel) => "Csv(Excel)",
        RowFormat::Jsonl => "Jsonl",
    };
    let pieces = job.append.template.parts().map(|part| match part {
        Part::Literal(text) => format!("Literal({text:?})"),
        Part::Column(name) => format!("Column({name:?})"),
    });
    let retry_failed = match job.work.retry_failed() {
        None => "None",
        Some(RetryFailed::Passing) => "Some(Passing)",
        Some(RetryFailed::All) => "Some(All)",
    };
    [
        host.to_owned(),
        email.to_owned(),
        column,
        format!("{delimiter:?}"),
        no_headers.to_string(),
        format!("{sheet:?}"),
        format!("{:?}", rows.kept),
        format.to_owned(),
        format!("Template {{ pieces: [{}] }}", pieces.collect::<Vec<_>>().join(", ")),
        retry_failed.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by the program at ebba693.
    const TEXT: &str = "network sandbox; e-mail affiliate@sandbox.example; column None; delimiter None; no-headers false; sheet None; keep [\"campaign\"]; format Csv(Plain); append Template { pieces: [Literal(\"aff_sub1={clickid}&s=\"), Column(\"campaign\")] }; retry-failed None";

    #[test]
    fn a_text_is_split_into_its_fields() {
        let fields = split(TEXT).unwrap();
        assert_eq!((fields.len(), fields[0], fields[2]), (10, "sandbox", "None"));
        assert_eq!((fields[6], fields[9]), ("[\"campaign\"]", "None"));
        assert_eq!(split("network sandbox"), None);
        assert_eq!(split(""), None);
    }
}
