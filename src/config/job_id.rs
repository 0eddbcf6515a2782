//! By what a job is known again: only a run of the same job may go on with what another one has left.
//!
//! Owns the shape in which that stands in a checkpoint, which is a promise to later versions: a test pins its text, and
//! no name of a type or of a variant elsewhere shows in it. Holds what the flags came to, not how they were typed, and
//! never a secret. Must not read anything.
//!
//! An option that shapes rows and is new gets a field here with `#[serde(default, skip_serializing_if = ..)]`, so that
//! checkpoints of earlier versions go on where it is not used; earlier versions refuse one that they do not know.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AllOffers, Job, Network, NetworkConfig, Networks, RetryFailed};
use crate::config::legacy_key;
use crate::encode::RowFormat;
use crate::input::Resolved;
use crate::sandbox;
use crate::settings::links::Links;
use crate::text::shown_start;

/// Everything that shapes rows, other than the answers and the input's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobId {
    /// The API's address, or `sandbox`; empty where none is given (a dry run).
    network: String,
    /// The account.
    email: String,
    /// All networks, where there are several; then the two above are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    networks: Vec<NetworkId>,
    /// Where the offers come from.
    rows_of: RowsOf,
    /// The kept columns, as the output's header names them.
    kept: Vec<String>,
    /// How rows are written: the word of [`RowFormat::id`].
    format: String,
    /// What is added to links; columns by the names that the input gives them.
    append: String,
    /// Which links are exported (`--links`).
    #[serde(default, skip_serializing_if = "LinksId::is_all")]
    links: LinksId,
}

/// Which links are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LinksId {
    #[default]
    All,
    Default,
}

impl LinksId {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_all(&self) -> bool {
        *self == Self::All
    }

    fn word(self) -> String {
        match self {
            Self::All => "all",
            Self::Default => "default",
        }
        .to_owned()
    }
}

/// One network of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkId {
    /// As the column `network` has it.
    name: String,
    /// The API's address, or `sandbox`.
    address: String,
    /// The account.
    email: String,
}

/// Where the offers come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RowsOf {
    /// An input that is read like this. Which one it is, is the checkpoint's mark's affair.
    Input(ReadingId),
    /// The account's own list (`--all-offers`), asked for like this: field and value.
    AllOffers(Vec<(String, String)>),
    /// The failed rows of an earlier output.
    FailedRows(WhichId),
}

/// How an input is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingId {
    /// The sheet of a workbook.
    sheet: Option<String>,
    /// What stands between the cells of a text.
    delimiter: Option<String>,
    /// The line of the header.
    header_line: Option<u64>,
    /// Lines left out above rows without a header (`--skip-lines`).
    #[serde(default, skip_serializing_if = "is_zero")]
    skipped_lines: u64,
    /// The column of the offer IDs, from 1.
    column: usize,
    /// Its name; for messages, since a column is the same whatever it is called.
    column_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhichId {
    Passing,
    All,
}

/// What a job comes to when its rows are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenedRows<'a> {
    /// How the input is read; `None` for the failed rows of an output.
    pub reading: Option<&'a Resolved>,
    /// The kept columns, as the output's header names them.
    pub kept: &'a [String],
    /// How rows are written.
    pub format: RowFormat,
    /// `--append`, with the input's own names of columns.
    pub append: &'a str,
}

/// Whether a run of another job left a checkpoint, as far as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It was the same job.
    Same,
    /// So it seems, but the version that wrote it told only what was typed: its place in the input has to be checked.
    SameAsTyped,
    /// It was another: what differs, for people.
    Differs(String),
}

impl Job {
    /// What this job is known by.
    pub(crate) fn id(&self, rows: OpenedRows<'_>) -> JobId {
        // Each field by name: whoever adds an option has to decide here whether it shapes rows.
        let Self {
            // These do.
            networks,
            retry_failed,
            all_offers,
            links,
            // Looked at when the rows are opened.
            source: _,
            reading: _,
            format: _,
            template: _,
            // The output's own name leads to the checkpoint, and a workbook is made from finished rows.
            output: _,
            // How calls are made, and when a run stops.
            max_errors: _,
            min_ok: _,
            // How a run begins, and what is told of it.
            start: _,
            dry_run: _,
            about: _,
            resume_command: _,
            retry_command: _,
            warnings: _,
            settings: _,
            is_append_typed: _,
            first_append: _,
        } = self;
        let (network, email) = if networks.are_several() { ("", "") } else { account(&networks.first().network) };
        let rows_of = match (retry_failed, all_offers) {
            (Some(RetryFailed::Passing), _) => RowsOf::FailedRows(WhichId::Passing),
            (Some(RetryFailed::All), _) => RowsOf::FailedRows(WhichId::All),
            // Whether a short list is taken shapes the list, which is there by now.
            (None, Some(AllOffers { file: _, query, allow_short: _ })) => RowsOf::AllOffers(query.clone()),
            (None, None) => RowsOf::Input(ReadingId::of(rows.reading.cloned().unwrap_or_default())),
        };
        JobId {
            network: network.to_owned(),
            email: email.to_owned(),
            networks: NetworkId::of(networks),
            rows_of,
            kept: rows.kept.to_owned(),
            format: rows.format.id().to_owned(),
            append: rows.append.to_owned(),
            links: match links {
                Links::All => LinksId::All,
                Links::Default => LinksId::Default,
            },
        }
    }

    /// Whether a checkpoint's job is this one. Where no account is given yet, the account is not compared.
    pub(crate) fn compare(&self, rows: OpenedRows<'_>, then: &Value) -> Comparison {
        let is_given = self.networks.are_given();
        if let Value::String(key) = then {
            return legacy_key::compare(self, rows, key);
        }
        match serde_json::from_value::<JobId>(then.clone()) {
            Err(error) => Comparison::Differs(format!(
                "this version cannot read what job it was ({})",
                shown_start(&error.to_string(), 200)
            )),
            Ok(then) => match self.id(rows).differences(&then, is_given).as_slice() {
                [] => Comparison::Same,
                differences => Comparison::Differs(differences.join("; ")),
            },
        }
    }
}

impl JobId {
    /// As it stands in a checkpoint.
    pub(crate) fn to_value(&self) -> Value {
        // Cannot fail: no map has other keys than text. And what is nobody's job is never continued.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What differs between this job, now, and another one, then.
    fn differences(&self, then: &Self, with_account: bool) -> Vec<String> {
        let Self { network, email, networks, rows_of, kept, format, append, links } = self;
        let mut differences = Vec::new();
        let mut tell = |what: &str, then: String, now: String| {
            if then != now {
                differences.push(format!("{what} differs: {then} then, {now} now"));
            }
        };
        if with_account {
            tell("the network", shown(&then.network), shown(network));
            tell("the e-mail", shown(&then.email), shown(email));
        }
        if with_account && then.networks != *networks {
            differences.push(NetworkId::difference(&then.networks, networks));
        }
        let mut tell = |what: &str, then: String, now: String| {
            if then != now {
                differences.push(format!("{what} differs: {then} then, {now} now"));
            }
        };
        match (&then.rows_of, rows_of) {
            (RowsOf::Input(then), RowsOf::Input(now)) => now.differences(then, &mut tell),
            (then, now) => tell("what is asked for", then.words(), now.words()),
        }
        tell("the set of kept columns (--keep)", columns(&then.kept), columns(kept));
        tell("the format", shown(RowFormat::title(&then.format)), shown(RowFormat::title(format)));
        tell("--append", quoted(&then.append), quoted(append));
        tell("--links", then.links.word(), links.word());
        differences
    }
}

/// Where a network is, and whose account it has.
fn account(network: &Network) -> (&str, &str) {
    match network {
        Network::Sandbox => ("sandbox", sandbox::EMAIL),
        Network::Real(account) => (account.base_url.as_str(), account.email.as_str()),
        Network::NotGiven(_) => ("", ""),
    }
}

impl NetworkId {
    /// Those of a job, in their order, by which the log of a run numbers them. None where there is one.
    fn of(networks: &Networks) -> Vec<Self> {
        if !networks.are_several() {
            return Vec::new();
        }
        let id = |config: &NetworkConfig| {
            let (address, email) = account(&config.network);
            Self { name: config.name.clone(), address: address.to_owned(), email: email.to_owned() }
        };
        networks.iter().map(id).collect()
    }

    fn difference(then: &[Self], now: &[Self]) -> String {
        if then.is_empty() || now.is_empty() {
            let [then, now] = [then, now].map(|ids| if ids.is_empty() { "one" } else { "several" });
            return format!("the number of networks differs: {then} then, {now} now");
        }
        let missing_in = |others: &[Self], ids: &[Self]| {
            let missing = ids.iter().filter(|id| !others.contains(id)).map(|id| id.name.clone());
            missing.collect::<Vec<_>>().join(", ")
        };
        match (missing_in(now, then), missing_in(then, now)) {
            (gone, new) if gone.is_empty() && new.is_empty() => "the order of the networks differs".to_owned(),
            (gone, new) if gone == new => format!("the address or the e-mail differs of the networks {}", shown(&gone)),
            (gone, new) => format!("the networks differ: {} then, {} now", quoted(&gone), quoted(&new)),
        }
    }
}

impl RowsOf {
    fn words(&self) -> String {
        match self {
            Self::Input(_) => "the offers of an input".to_owned(),
            Self::AllOffers(query) => {
                let query: Vec<_> = query.iter().map(|(field, value)| format!("{field}={value}")).collect();
                format!("the account's list (--all-offers) with {}", quoted(&query.join("&")))
            }
            Self::FailedRows(WhichId::Passing) => "the failed rows of the output (--retry-failed)".to_owned(),
            Self::FailedRows(WhichId::All) => "all failed rows of the output (--retry-failed=all)".to_owned(),
        }
    }
}

impl ReadingId {
    fn of(resolved: Resolved) -> Self {
        let Resolved { sheet, delimiter, header_line, skipped_lines, columns: _, column, column_name, other_sheets: _ } =
            resolved;
        let delimiter = delimiter.map(|byte| char::from(byte).to_string());
        Self { sheet, delimiter, header_line, skipped_lines, column, column_name }
    }

    fn differences(&self, then: &Self, tell: &mut impl FnMut(&str, String, String)) {
        let Self { sheet, delimiter, header_line, skipped_lines, column, column_name: _ } = self;
        tell("--sheet", quoted_or_none(then.sheet.as_deref()), quoted_or_none(sheet.as_deref()));
        tell("--delimiter", quoted_or_none(then.delimiter.as_deref()), quoted_or_none(delimiter.as_deref()));
        let header = |line: Option<u64>| line.map_or_else(|| "none".to_owned(), |line| format!("line {line}"));
        tell("the header", header(then.header_line), header(*header_line));
        tell("--skip-lines", then.skipped_lines.to_string(), skipped_lines.to_string());
        if then.column != *column {
            tell("the column of the IDs", then.column(), self.column());
        }
    }

    fn column(&self) -> String {
        match &self.column_name {
            Some(name) => format!("column {} {}", self.column, quoted(name)),
            None => format!("column {}", self.column),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn shown(text: &str) -> String {
    shown_start(text, 200).into_owned()
}

fn columns(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { quoted(&names.join(",")) }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown_start(text, 100)) }
}

fn quoted_or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("\"{}\"", shown_start(text, 100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> JobId {
        JobId {
            network: "https://demo.api.offerslook.com/".into(),
            email: "me@example.com".into(),
            networks: Vec::new(),
            rows_of: RowsOf::Input(ReadingId {
                sheet: None,
                delimiter: Some(",".into()),
                header_line: Some(1),
                skipped_lines: 0,
                column: 2,
                column_name: Some("Offer ID".into()),
            }),
            kept: vec!["campaign".into()],
            format: "csv".into(),
            append: "s={row.campaign}".into(),
            links: LinksId::All,
        }
    }

    /// A change here makes every interrupted run "another job": raise the checkpoint's format instead.
    #[test]
    fn the_text_in_a_checkpoint_is_pinned() {
        let retry = JobId { rows_of: RowsOf::FailedRows(WhichId::All), format: "csv_excel".into(), ..id() };
        let passing = JobId { rows_of: RowsOf::FailedRows(WhichId::Passing), format: "jsonl".into(), ..id() };
        let listed = JobId { rows_of: RowsOf::AllOffers(vec![("type".into(), "personal".into())]), ..id() };
        let default = JobId { links: LinksId::Default, ..id() };
        let texts = [id(), retry, passing, listed, default].map(|id| serde_json::to_string(&id).unwrap());
        insta::assert_snapshot!(texts.join("\n"), @r#"
        {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"input":{"sheet":null,"delimiter":",","header_line":1,"column":2,"column_name":"Offer ID"}},"kept":["campaign"],"format":"csv","append":"s={row.campaign}"}
        {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"failed_rows":"all"},"kept":["campaign"],"format":"csv_excel","append":"s={row.campaign}"}
        {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"failed_rows":"passing"},"kept":["campaign"],"format":"jsonl","append":"s={row.campaign}"}
        {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"all_offers":[["type","personal"]]},"kept":["campaign"],"format":"csv","append":"s={row.campaign}"}
        {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"input":{"sheet":null,"delimiter":",","header_line":1,"column":2,"column_name":"Offer ID"}},"kept":["campaign"],"format":"csv","append":"s={row.campaign}","links":"default"}
        "#);
        for text in texts {
            let read: JobId = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_another_job() {
        let mut value = id().to_value();
        value["max_age"] = "3d".into();
        assert!(serde_json::from_value::<JobId>(value).is_err());
    }

    type Change = fn(&mut JobId);

    fn reading(id: &mut JobId) -> &mut ReadingId {
        match &mut id.rows_of {
            RowsOf::Input(reading) => reading,
            RowsOf::AllOffers(_) | RowsOf::FailedRows(_) => panic!("no input"),
        }
    }

    #[test]
    fn what_differs_is_named() {
        let cases: [(Change, &[&str]); 14] = [
            (|_| {}, &[]),
            (|id| reading(id).skipped_lines = 2, &["--skip-lines differs: 0 then, 2 now"]),
            (
                |id| id.network = "sandbox".into(),
                &["the network differs: https://demo.api.offerslook.com/ then, sandbox now"],
            ),
            (
                |id| id.email = "you@example.com".into(),
                &["the e-mail differs: me@example.com then, you@example.com now"],
            ),
            (|id| id.append = "a=1".into(), &["--append differs: \"s={row.campaign}\" then, \"a=1\" now"]),
            (|id| id.links = LinksId::Default, &["--links differs: all then, default now"]),
            (|id| id.append.clear(), &["--append differs: \"s={row.campaign}\" then, nothing now"]),
            (|id| id.kept.clear(), &["the set of kept columns (--keep) differs: \"campaign\" then, none now"]),
            (
                |id| id.format = "csv_excel".into(),
                &["the format differs: CSV then, CSV for spreadsheets (--excel) now"],
            ),
            (|id| reading(id).delimiter = Some(";".into()), &["--delimiter differs: \",\" then, \";\" now"]),
            (|id| reading(id).header_line = None, &["the header differs: line 1 then, none now"]),
            (|id| reading(id).sheet = Some("A".into()), &["--sheet differs: none then, \"A\" now"]),
            (
                |id| (reading(id).column, reading(id).column_name) = (3, None),
                &["the column of the IDs differs: column 2 \"Offer ID\" then, column 3 now"],
            ),
            (
                |id| (id.rows_of, id.email) = (RowsOf::FailedRows(WhichId::Passing), "you@example.com".into()),
                &[
                    "the e-mail differs: me@example.com then, you@example.com now",
                    "what is asked for differs: the offers of an input then, the failed rows of the output (--retry-failed) now",
                ],
            ),
        ];
        for (change, expected) in cases {
            let mut now = id();
            change(&mut now);
            assert_eq!(now.differences(&id(), true), expected);
        }
        let mut elsewhere = id();
        (elsewhere.network, elsewhere.email) = (String::new(), String::new());
        assert!(elsewhere.differences(&id(), false).is_empty());
    }
}
