//! The arguments of `export`, and those that no other command has.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::cli::history::KeepArgs;
use crate::cli::list::{ScopeArg, parse_filter};
use crate::cli::shared::{AccountArgs, AttemptArgs, CallArgs, ConsoleArgs, NetArgs};
use crate::encode::{FORMATS, OutputFormat};
use crate::settings::units::{MaxErrors, MinOk};

pub(crate) const EXPORT_MORE: &str = "The API key itself is read from OFFERSLOOK_API_KEY.\nMore flags, examples and the exit codes: offerlinks export --help";

pub(crate) const EXPORT_EXAMPLES: &str = "\
Examples:
  offerlinks export --sandbox
      input/offers.csv -> output/tracking_links.csv, from the sandbox network

  export OFFERSLOOK_NETWORK=demo OFFERSLOOK_EMAIL=me@example.com OFFERSLOOK_API_KEY=...
  offerlinks export offers.csv -o links.csv
      the offers of a file, from your network

  offerlinks export offers.csv -o links.csv -q
      for cron: silent when all went well, resumes what was interrupted

  offerlinks export --all-offers -o links.csv
      every offer of your account

  cut -d, -f1 sheet.csv | offerlinks export - -o - > links.csv
      from stdin to stdout";

/// Arguments of `export`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// CSV file of offer IDs; - is stdin
    ///
    /// Workbooks (.xlsx, .xls, .ods) are read too.
    #[arg(default_value = "input/offers.csv", value_name = "INPUT")]
    pub input: PathBuf,
    /// The account, and its network
    #[command(flatten)]
    pub account: AccountArgs,
    /// How the input is read
    #[command(flatten)]
    pub reading: InputArgs,
    /// How the output is written
    #[command(flatten)]
    pub output: OutputArgs,
    /// How calls are paced
    #[command(flatten)]
    pub pace: PaceArgs,
    /// Resume and retry
    #[command(flatten)]
    pub again: AgainArgs,
    /// What is kept of it
    #[command(flatten)]
    pub keep: KeepArgs,
    /// Dry run, report and metrics
    #[command(flatten)]
    pub about: AboutArgs,
    /// What is shown
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// How connections are made
    #[command(flatten)]
    pub net: NetArgs,
}

/// The input
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Column of the offer IDs, by name or number from 1
    ///
    /// Without it, the column named offer_id, offerid, "offer id", offer-id or id (in any case), else the only one that
    /// holds IDs in nearly all of the first 20 rows. Where several do, the run asks instead of guessing.
    #[arg(long, value_name = "NAME|N")]
    pub column: Option<String>,
    /// Column that names the network of each row, for several networks [default: network]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub network_column: Option<String>,
    /// Character between cells [default: found by itself]
    ///
    /// The word tab means a tab. Without it, the one of , ; tab and | that the file uses.
    #[arg(short, long, value_name = "CHAR", value_parser = parse_delimiter)]
    pub delimiter: Option<u8>,
    /// The first row is data, not column names
    #[arg(hide_short_help = true, short, long)]
    pub no_headers: bool,
    /// Lines at the start to leave out, such as a title
    ///
    /// In a workbook: rows. Not needed for lines above a header whose name is known: those are left out anyway.
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub skip_lines: u64,
    /// Accept an input without offers
    ///
    /// Without this flag, an empty file, or one with only a header, is an error, and the old output stays.
    #[arg(hide_short_help = true, long)]
    pub allow_empty: bool,
    /// Other columns to keep
    ///
    /// all, none, or names separated by commas. They come after offer_id, in input order.
    #[arg(long, value_name = "COLS", default_value = "all")]
    pub keep: String,
    /// Sheet of a workbook [default: the first visible one with cells]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Instead of an input
    #[command(flatten)]
    pub account_list: AllOffersArgs,
}

/// The account's own list
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct AllOffersArgs {
    /// Export the account's whole list, without an INPUT
    ///
    /// The list is read first, into a file beside the output (links.csv.offers.csv). If it cannot be read completely, the
    /// run ends, so the export is never short.
    #[arg(long)]
    pub all_offers: bool,
    /// With --all-offers: offers that you may promote, or all that the network shows
    #[arg(
        hide_short_help = true,
        long = "type",
        value_name = "TYPE",
        default_value = "personal",
        requires = "all_offers"
    )]
    pub scope: ScopeArg,
    /// With --all-offers: only offers whose FIELD has this VALUE, such as status=active; can be repeated
    #[arg(hide_short_help = true, long, value_name = "FIELD=VALUE", value_parser = parse_filter, requires = "all_offers")]
    pub filter: Vec<(String, String)>,
    /// With --all-offers: accept a list that is shorter than the network says
    #[arg(hide_short_help = true, long, requires = "all_offers")]
    pub allow_short: bool,
}

/// The output
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// File; - is stdout
    ///
    /// Written under a temporary name and renamed at the end, so the file is always complete.
    #[arg(short, long, value_name = "FILE", default_value = "output/tracking_links.csv")]
    pub output: PathBuf,
    /// Format: csv, jsonl or xlsx [default: by the name]
    ///
    /// csv has a row for every link, jsonl one line with a JSON object for every offer; xlsx is made from a CSV that
    /// stays beside it. Any other file name means csv.
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_parser = format_parser())]
    pub format: Option<OutputFormat>,
    /// Make the CSV safe for spreadsheets
    ///
    /// Adds a BOM, ends lines in CRLF, and puts a ' before cells that would run as a formula. Links stay as they are.
    #[arg(long)]
    pub excel: bool,
    /// Add to every link: 'aff_sub1={clickid}&s={row.COLUMN}'
    ///
    /// Macros in braces stay as they are; {row.COLUMN} is the input row's cell, URL-encoded.
    #[arg(long, value_name = "QUERY")]
    pub append: Option<String>,
    /// Which links: all, or default (each offer's own link, 100 offers a call)
    ///
    /// default brings url and impression_pixel of up to 100 offers with one call, so that a whole account takes seconds.
    /// Each offer has one row; landing pages (the offer_url columns) are left out.
    #[arg(hide_short_help = true, long, value_name = "WHICH", default_value = "all", hide_possible_values = true)]
    pub links: LinksArg,
    /// Keep the old output if fewer are exported
    ///
    /// A number, or a percentage such as 90%. The rows then go to a file beside it that ends in .failed, which
    /// --retry-failed continues, and the exit code is 3. 0 accepts every result.
    #[arg(long, value_name = "N|N%", default_value = "1")]
    pub min_ok: MinOk,
}

/// Which links
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinksArg {
    /// Those of all landing pages, one call for each offer
    All,
    /// The offer's own link and pixel, many offers a call
    Default,
}

/// The pace
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub(crate) struct PaceArgs {
    /// Single calls
    #[command(flatten)]
    pub call: CallArgs,
    /// Most calls in flight at the same time
    #[arg(short = 'j', long, value_name = "N", default_value = "16")]
    pub concurrency: NonZeroUsize,
    /// Retries
    #[command(flatten)]
    pub attempts: AttemptArgs,
    /// Stop after more failures in this run: 100 or 5%
    #[arg(long, value_name = "N|N%")]
    pub max_errors: Option<MaxErrors>,
}

/// Resume and retry
#[derive(Debug, Args)]
#[command(next_help_heading = "Resume and retry")]
pub(crate) struct AgainArgs {
    /// Resume an interrupted run, however old
    ///
    /// Without this flag, the same command resumes a run that is younger than 24 hours. The job has to be the same: input,
    /// columns, network, account and format, however they were typed.
    #[arg(long)]
    pub resume: bool,
    /// Start over; do not resume an interrupted run
    ///
    /// Its rows are kept beside the output, as .partial.old and .checkpoint.old, until another run is set aside.
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// Retry only what failed, if it may succeed now
    ///
    /// Reads the output of an earlier run instead of an input, and puts the new answers in their places. Without =all,
    /// only failures of the connection or the server are retried; =all also retries offers that the network refused.
    #[arg(long, value_name = "WHICH", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "passing")]
    pub retry_failed: Option<RetryFailedArg>,
}

/// Dry run, report and metrics
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct AboutArgs {
    /// Show what would be done: no call, no file written
    #[arg(long)]
    pub dry_run: bool,
    /// Write a report of the run
    ///
    /// Written when the run ends, however it ends. docs/report.schema.json in the source describes it.
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Write metrics of the run, for Prometheus
    ///
    /// For the textfile collector of node_exporter; replaced when the run ends.
    #[arg(long, value_name = "FILE.prom")]
    pub metrics: Option<PathBuf>,
}

/// Takes the names of the registered formats.
fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    let words = FORMATS.iter().map(|known| PossibleValue::new(known.name).help(known.about));
    PossibleValuesParser::new(words).map(|word| {
        let meant = FORMATS.iter().find(|known| known.name == word);
        meant.map_or(OutputFormat::of_ending(""), |known| known.format)
    })
}

/// Which failed offers to ask for again
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryFailedArg {
    /// Those that may succeed now
    Passing,
    /// Every one
    All,
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        _ => Err("expected one ASCII character, or tab".to_owned()),
    }
}
