//! The identity of a job: only a run of the same job may resume what another run has left.
//!
//! Owns its shape in a checkpoint, which is a promise to later versions: a test pins its text, and no type name or
//! variant name from elsewhere appears in it. Holds the meaning of the flags, not how they were typed, and never a
//! secret. Must not read anything.
//!
//! A new option that shapes rows gets a field here with `#[serde(default, skip_serializing_if = ..)]`, so that
//! checkpoints of earlier versions can be resumed where it is not used. Earlier versions refuse fields they do not know.

pub(crate) mod comparison;
mod differences;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::all_offers::AllOffers;
use crate::config::history::OnFailure;
use crate::config::job::{Job, RetryFailed, Work};
use crate::config::job_id::comparison::{Comparison, OpenedRows};
use crate::config::legacy_key;
use crate::config::networks::{Network, NetworkConfig, Networks, Routing};
use crate::input::Resolved;
use crate::sandbox;
use crate::settings::links::Links;
use crate::text::shown_start;

/// Everything that shapes rows, other than the answers and the input's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobId {
    /// The API's address, or `sandbox`; empty where none is given (a dry run), and where there are several.
    network: String,
    /// The account.
    email: String,
    /// The networks, where there are several, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    networks: Vec<NetworkId>,
    /// The column of the input that names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network_column: Option<String>,
    /// Where the offers come from.
    rows_of: RowsOf,
    /// The kept columns, as the output's header names them.
    kept: Vec<String>,
    /// How rows are written: the word of [`RowFormat::id`](crate::encode::RowFormat::id).
    format: String,
    /// What is added to links; columns by the names that the input gives them.
    append: String,
    /// Whether the last good rows of offers that fail stand in the output, with their time (`--keep-last-good`).
    #[serde(default, skip_serializing_if = "is_false")]
    keep_last_good: bool,
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

/// One of several networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkId {
    /// Its name, which stands in the rows.
    name: String,
    /// The API's address.
    url: String,
    /// The account.
    email: String,
}

/// Where the offers come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RowsOf {
    /// An input that is read like this. Which input it is, the checkpoint's fingerprint says.
    Input(ReadingId),
    /// The account's own list (`--all-offers`), with these filters: field and value.
    AllOffers(Vec<(String, String)>),
    /// The failed rows of an earlier output.
    FailedRows(WhichId),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// How an input is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingId {
    /// The sheet of a workbook.
    sheet: Option<String>,
    /// The delimiter of a text.
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

impl Job {
    /// What this job is known by.
    pub(crate) fn id(&self, rows: OpenedRows<'_>) -> JobId {
        // Each field by name, so that a new option cannot be added without deciding whether it shapes rows.
        let Self {
            // These do.
            work,
            networks,
            links,
            history,
            // Looked at when the rows are opened.
            append: _,
            // Its format and columns are looked at when the rows are opened, and its name leads to the checkpoint. A
            // workbook is made from finished rows.
            output: _,
            // These only concern how a run begins, when it stops, and its messages.
            start: _,
            tolerance: _,
            invocation: _,
        } = self;
        let (network, email) = if networks.are_several() { ("", "") } else { account(&networks.first().network) };
        let network_column = match networks.routing() {
            Routing::Column { name, .. } if networks.are_several() => Some(name.clone()),
            _ => None,
        };
        let rows_of = match work {
            Work::FailedRows(RetryFailed::Passing) => RowsOf::FailedRows(WhichId::Passing),
            Work::FailedRows(RetryFailed::All) => RowsOf::FailedRows(WhichId::All),
            // `allow_short` shapes the list, not the rows, and the list exists by now.
            Work::AllOffers { list: AllOffers { file: _, query, allow_short: _ }, options: _ } => {
                RowsOf::AllOffers(query.clone())
            }
            Work::Input { .. } => RowsOf::Input(ReadingId::of(rows.reading.cloned().unwrap_or_default())),
        };
        JobId {
            network: network.to_owned(),
            email: email.to_owned(),
            networks: NetworkId::of(networks),
            network_column,
            rows_of,
            kept: rows.kept.to_owned(),
            format: rows.format.id().to_owned(),
            append: rows.append.to_owned(),
            keep_last_good: history.as_ref().is_some_and(|history| history.on_failure == OnFailure::LastGoodRows),
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
                "its checkpoint describes the job in a way that this version does not know ({})",
                shown_start(&error.to_string(), 200)
            )),
            Ok(then) => match self.id(rows).differences(&then, is_given).as_slice() {
                [] => Comparison::Same,
                differences => Comparison::Differs(differences.join("; ")),
            },
        }
    }
}

/// The address and the e-mail of an account.
fn account(network: &Network) -> (&str, &str) {
    match network {
        Network::Sandbox => ("sandbox", sandbox::EMAIL),
        Network::Real(account) => (account.base_url.as_str(), account.email.as_str()),
        Network::NotGiven(_) => ("", ""),
    }
}

impl NetworkId {
    /// Those of several networks; of one, nothing.
    fn of(networks: &Networks) -> Vec<Self> {
        if !networks.are_several() {
            return Vec::new();
        }
        let id = |config: &NetworkConfig| {
            let (url, email) = account(&config.network);
            Self { name: config.name.clone(), url: url.to_owned(), email: email.to_owned() }
        };
        let mut ids: Vec<_> = networks.iter().map(id).collect();
        ids.sort_by(|a, b| a.name.cmp(&b.name));
        ids
    }
}

impl JobId {
    /// Its form in a checkpoint.
    pub(crate) fn to_value(&self) -> Value {
        // Cannot fail: all map keys are text. Null matches no job, so it would never be resumed.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl ReadingId {
    fn of(resolved: Resolved) -> Self {
        let Resolved { sheet, delimiter, header_line, skipped_lines, columns: _, column, column_name, other_sheets: _ } =
            resolved;
        let delimiter = delimiter.map(|byte| char::from(byte).to_string());
        Self { sheet, delimiter, header_line, skipped_lines, column, column_name }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
