//! The arguments about the history: those of `export`, and the commands `changes` and `history`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::settings::units::{parse_age, parse_since};

/// The history
#[derive(Debug, Args)]
#[command(next_help_heading = "History")]
pub(crate) struct KeepArgs {
    /// Keep what runs learn in this SQLite file
    ///
    /// The last good links of every offer, and every version of them. Two runs may share it; docs/history.md describes
    /// its tables.
    #[arg(hide_short_help = true, long, value_name = "FILE.db")]
    pub history: Option<PathBuf>,
    /// Write the last good links of offers that fail for now
    ///
    /// Such rows have the status stale, the error that came instead, and last_good_at. They count for exit code 3, and
    /// --retry-failed asks for them again. Needs --history.
    #[arg(hide_short_help = true, long)]
    pub keep_last_good: bool,
    /// Write what differs from the last finished run
    ///
    /// A CSV of what is new, gone, back, added, removed or changed, in the order of the input. Needs --history.
    #[arg(hide_short_help = true, long, value_name = "FILE.csv")]
    pub changes: Option<PathBuf>,
    /// Do not ask for offers that were confirmed within this time
    ///
    /// Their rows are written from the history: 12h, 3d. Needs --history.
    #[arg(hide_short_help = true, long, value_name = "TIME", value_parser = parse_age)]
    pub max_age: Option<Duration>,
    /// Make at most this many calls, first for the offers that were asked for longest ago
    ///
    /// Retries count, and so do the calls for the list of --all-offers, and those of an interrupted run that this one
    /// continues. Offers that failed last time get up to half of them. The other offers are written from the history.
    /// Needs --history.
    #[arg(hide_short_help = true, long, value_name = "N")]
    pub max_calls: Option<u64>,
}

pub(crate) const CHANGES_EXAMPLES: &str = "\
Examples:
  offerlinks changes --history links.db --since 2026-11-20
  offerlinks changes --history links.db --since 7d -o week.csv";

/// Arguments of `changes`
#[derive(Debug, Args)]
pub(crate) struct ChangesArgs {
    /// The file that exports keep with --history
    #[arg(long, value_name = "FILE.db")]
    pub history: PathBuf,
    /// The time to compare with: a date, a time, or an age such as 7d
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub since: Timestamp,
    /// Only this network
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// File; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

pub(crate) const HISTORY_EXAMPLES: &str = "\
Examples:
  offerlinks history 16 --history links.db
      every version of offer 16, with its time
  offerlinks history --prune 365d --history links.db
      forget what is older than a year";

/// Arguments of `history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The offer
    #[arg(value_name = "OFFER_ID", required_unless_present = "prune")]
    pub offer_id: Option<String>,
    /// The file that exports keep with --history
    #[arg(long, value_name = "FILE.db")]
    pub history: PathBuf,
    /// Only this network
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Forget versions and failures that were over this long ago
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub prune: Option<Duration>,
}
