//! The arguments of `list`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::shared::{AccountArgs, AttemptArgs, CallArgs, ConsoleArgs, NetArgs};

const LIST_EXAMPLES: &str = "\
Examples:
  offerlinks list --filter status=active -o offers.csv
      the active offers of your account, into a file
  offerlinks export --all-offers -o links.csv
      the list and its links in one run

Exit codes: 0 all listed, 1 failure on this machine, 2 usage, 4 refused by the network,
  5 stopped early, 129/130/143 interrupted.";

/// Arguments of `list`
#[derive(Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub(crate) struct ListArgs {
    /// Which offers: those that you may promote, or all that the network shows
    #[arg(long = "type", value_name = "TYPE", default_value = "personal", help_heading = "List")]
    pub scope: ScopeArg,
    /// Only offers whose FIELD has this VALUE, such as status=active; can be repeated
    #[arg(long, value_name = "FIELD=VALUE", value_parser = parse_filter, help_heading = "List")]
    pub filter: Vec<(String, String)>,
    /// Accept a list that is shorter than the network says
    #[arg(long, help_heading = "List")]
    pub allow_short: bool,
    /// Add each offer's own tracking link, as the list has it
    ///
    /// Empty where the offer needs an approval. Links of landing pages and pixels need export.
    #[arg(long, help_heading = "List")]
    pub links: bool,
    /// File to write; - writes to stdout
    ///
    /// Nothing is written before the list is complete.
    #[arg(short, long, value_name = "FILE", default_value = "-", help_heading = "List")]
    pub output: PathBuf,
    /// Whose account, at which network
    #[command(flatten)]
    pub account: AccountArgs,
    /// How calls are made
    #[command(flatten)]
    pub call: CallArgs,
    /// How calls are repeated
    #[command(flatten)]
    pub attempts: AttemptArgs,
    /// What is shown
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// How connections are made
    #[command(flatten)]
    pub net: NetArgs,
}

/// Which offers
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// Those that this affiliate may promote
    Personal,
    /// All that the network shows to this affiliate
    All,
}

pub(crate) fn parse_filter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), value.to_owned())),
        _ => Err("expected FIELD=VALUE, such as status=active".to_owned()),
    }
}
