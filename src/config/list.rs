//! `list`: from what was typed to plain values.

use std::path::PathBuf;

use crate::cli::{ListArgs, ScopeArg};
use crate::config::accounts::{CallSettings, Chosen, Targets, Want};
use crate::config::endings;
use crate::config::environment::Environment;
use crate::config::error::JobError;
use crate::config::networks::Networks;
use crate::settings::links::ListColumns;
use crate::settings::origin::Setting;

/// A list of the offers of an account, or of several.
#[derive(Debug)]
pub(crate) struct ListJob {
    /// Which networks are listed; mostly one.
    pub networks: Networks,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
    /// Warnings to show before the run.
    pub warnings: Vec<String>,
    /// The file to write; `-` is stdout.
    pub output: PathBuf,
    /// The query parameters, other than the page.
    pub query: Vec<(String, String)>,
    /// What is listed of each offer.
    pub columns: ListColumns,
    /// Whether a list is accepted that does not add up.
    pub allow_short: bool,
}

/// The query parameters, other than the page. Without a type the network returns all offers.
pub(crate) fn list_query(scope: ScopeArg, filter: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut query = match scope {
        ScopeArg::Personal => vec![("type".to_owned(), "personal".to_owned())],
        ScopeArg::All => Vec::new(),
    };
    query.extend(filter.into_iter().map(|(field, value)| (format!("filters[{field}]"), value)));
    query
}

impl ListJob {
    /// Checks and interprets the arguments of `list`.
    ///
    /// # Errors
    /// The account's settings are missing or wrong.
    pub(crate) fn new(arguments: ListArgs, environment: Environment) -> Result<Self, JobError> {
        let ListArgs { scope, filter, allow_short, links, output, account, call, attempts, console: _, net } =
            arguments;
        if endings::is_no_csv(&output) {
            return Err(JobError::CsvEnding { writer: "list", path: output });
        }
        // Pages follow each other, so one call at a time.
        let typed = CallSettings { account, call, attempts, net, concurrency: None };
        let Chosen { networks, settings, warnings, file: _ } =
            Targets::of(&typed, environment, &Want::Each)?.into_networks()?;
        let columns = if links { ListColumns::WithLinks } else { ListColumns::Fields };
        Ok(Self { networks, settings, warnings, output, query: list_query(scope, filter), columns, allow_short })
    }
}
