//! The command line: what may be typed, and nothing about what it does.
//!
//! clap lives only here. Everything typed becomes plain values of `settings` before another module sees it.

#![expect(clippy::doc_markdown, reason = "doc comments here are help texts, not Markdown")]

mod look;
mod packaging;
mod typed;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use url::Url;

pub use self::look::{CheckArgs, ListArgs, ScopeArg};
pub use self::packaging::{CompletionsArgs, ManArgs};
use crate::exit::ExitCode;
use crate::settings::origin::Setting;
use crate::settings::rate::Rate;
use crate::settings::units::{MaxErrors, parse_duration, parse_size, parse_timeout};

/// Pull the tracking links of your Offerslook offers in bulk
///
/// Reads offer IDs from a CSV file, asks the network for each offer's tracking links without ever going over the
/// network's limit, and writes one CSV with a row for every link and an error row for every offer that has none.
#[derive(Debug, Parser)]
#[command(name = "offerlinks", version, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = with_exit_codes(EXAMPLES))]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line, and where each of its settings came from. Ends the program where it asks for help or
    /// cannot be understood.
    pub fn read() -> (Self, Vec<Setting>) {
        let matches = Self::command().get_matches();
        match Self::from_arg_matches(&matches) {
            Ok(cli) => (cli, typed::settings(&matches)),
            Err(error) => error.format(&mut Self::command()).exit(),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  offerlinks export --sandbox                 try it without an account
  offerlinks export offers.csv -o links.csv   with your account
  offerlinks export --resume                  go on with an interrupted run";

/// What stands below a long help: examples, and what the exit codes mean.
fn with_exit_codes(examples: &str) -> String {
    let mut text = format!("{examples}\n\nExit codes:");
    for code in ExitCode::ALL {
        text += &format!("\n  {:<3}  {}", code.code(), code.meaning());
    }
    text
}

/// The commands
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Export the tracking links of the offers in a CSV file
    #[command(after_help = EXPORT_MORE, after_long_help = with_exit_codes(EXPORT_EXAMPLES))]
    Export(Box<ExportArgs>),
    /// List the offers of your account as a CSV that export reads
    List(Box<ListArgs>),
    /// Say which gate to the network is closed: key, white list, limit, ...
    Check(Box<CheckArgs>),
    /// Serve the sandbox network on this machine, for rehearsals
    Sandbox(SandboxArgs),
    /// Print a script that completes commands and flags in your shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

const EXPORT_MORE: &str = "The API key itself is read from OFFERSLOOK_API_KEY.\nMore flags, examples and the exit codes: offerlinks export --help";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(offerlinks completions bash)
  offerlinks completions fish > ~/.config/fish/completions/offerlinks.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  offerlinks man export | man -l -
  offerlinks man --dir /usr/share/man/man1";

const EXPORT_EXAMPLES: &str = "\
Examples:
  offerlinks export --sandbox
      input/offers.csv -> output/tracking_links.csv, from the sandbox network

  export OFFERSLOOK_NETWORK=demo OFFERSLOOK_EMAIL=me@example.com OFFERSLOOK_API_KEY=...
  offerlinks export offers.csv -o links.csv
      the offers of a file, from your network

  offerlinks export offers.csv -o links.csv -q --resume
      for cron: silent when all went well, goes on with what was interrupted

  cut -d, -f1 sheet.csv | offerlinks export - -o - > links.csv
      from stdin to stdout";

/// Arguments of `export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// CSV file of offer IDs; - is stdin
    ///
    /// Workbooks (.xlsx, .xls, .ods) are read too.
    #[arg(default_value = "input/offers.csv", value_name = "INPUT")]
    pub input: PathBuf,
    /// Whose account, at which network
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
    /// Going on
    #[command(flatten)]
    pub again: AgainArgs,
    /// What is told about the run
    #[command(flatten)]
    pub about: AboutArgs,
    /// What is shown
    #[command(flatten)]
    pub look: LookArgs,
    /// How connections are made
    #[command(flatten)]
    pub net: NetArgs,
}

/// The account
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
pub struct AccountArgs {
    /// Use the built-in sandbox: no account needed
    #[arg(long)]
    pub sandbox: bool,
    /// Your network
    ///
    /// The NAME in NAME.api.offerslook.com.
    #[arg(long, value_name = "NAME", env = "OFFERSLOOK_NETWORK", hide_env_values = true)]
    pub network: Option<String>,
    /// Address of the API, for networks under a host of their own; beats --network
    #[arg(hide_short_help = true, long, value_name = "URL", env = "OFFERSLOOK_BASE_URL", hide_env_values = true)]
    pub base_url: Option<String>,
    /// E-mail of your account
    #[arg(long, value_name = "ADDRESS", env = "OFFERSLOOK_EMAIL", hide_env_values = true)]
    pub email: Option<String>,
    /// API key file
    ///
    /// A file that holds the API key and nothing else. Without it, the variable OFFERSLOOK_API_KEY is used. The key
    /// is never an argument, because arguments can be seen by everyone on the machine.
    #[arg(long, value_name = "FILE", env = "OFFERSLOOK_API_KEY_FILE", hide_env_values = true)]
    pub api_key_file: Option<PathBuf>,
}

/// The input
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Column of the offer IDs, by name or number from 1
    ///
    /// Without it, the column named offer_id, offerid, "offer id" or id (in any case), or the only one.
    #[arg(long, value_name = "NAME|N")]
    pub column: Option<String>,
    /// Character between cells [default: found by itself]
    ///
    /// The word tab means a tab. Without it, the one of , ; tab and | that the file uses.
    #[arg(short, long, value_name = "CHAR", value_parser = parse_delimiter)]
    pub delimiter: Option<u8>,
    /// The first row is data, not column names
    #[arg(hide_short_help = true, short, long)]
    pub no_headers: bool,
    /// Other columns to keep
    ///
    /// all, none, or names with commas between them. They stand behind offer_id, in the order of the input.
    #[arg(long, value_name = "COLS", default_value = "all")]
    pub keep: String,
    /// Sheet of an .xlsx or .ods input [default: the first]
    #[arg(hide_short_help = true, long, value_name = "NAME")]
    pub sheet: Option<String>,
}

/// The output
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// File; - is stdout
    ///
    /// Written under a temporary name and renamed at the end, so that it is whole at every moment.
    #[arg(short, long, value_name = "FILE", default_value = "output/tracking_links.csv")]
    pub output: PathBuf,
    /// Format: csv, jsonl or xlsx [default: by the name]
    ///
    /// csv has a row for every link, jsonl an object for every offer on a line of its own; xlsx is made from a CSV
    /// that stays beside it. A name that says nothing means csv.
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<FormatArg>,
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
}

/// Single calls
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub struct CallArgs {
    /// Limit, such as 5/s, 300/m or none
    ///
    /// All affiliates of a network share it. The default is what Offerslook publishes: 50 calls in any 10 seconds.
    #[arg(long, value_name = "CALLS/WINDOW", default_value = "50/10s")]
    pub rate: Rate,
    /// Longest time for one call
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "60s", value_parser = parse_timeout)]
    pub timeout: Duration,
    /// Longest time for a connection to be made
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "10s", value_parser = parse_timeout)]
    pub connect_timeout: Duration,
}

/// Calls that are repeated
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub struct AttemptArgs {
    /// Calls again after a failure
    ///
    /// Only failures that may pass count: time-outs, broken connections, errors of the server.
    #[arg(long, value_name = "N", default_value = "4")]
    pub retries: u32,
    /// Longest outage of the network that is sat out
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub max_outage: Duration,
    /// Stop after this time
    #[arg(long, value_name = "TIME", value_parser = parse_timeout)]
    pub max_duration: Option<Duration>,
}

/// The pace
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Single calls
    #[command(flatten)]
    pub call: CallArgs,
    /// Most calls in flight at once
    #[arg(short = 'j', long, value_name = "N", default_value = "16")]
    pub concurrency: NonZeroUsize,
    /// Calls that are repeated
    #[command(flatten)]
    pub attempts: AttemptArgs,
    /// Stop when more offers have failed, as 100 or 5%
    #[arg(long, value_name = "N|N%")]
    pub max_errors: Option<MaxErrors>,
}

/// Going on
#[derive(Debug, Args)]
#[command(next_help_heading = "Again")]
pub struct AgainArgs {
    /// Go on with an interrupted run, if there is one
    ///
    /// It has to be of the same job: input, columns, network, account and format.
    #[arg(long)]
    pub resume: bool,
    /// Ask again only for failures that may pass
    ///
    /// Reads the output of an earlier run instead of an input, and puts the new answers in their places. Failures
    /// that may pass are those of the network and of the server; =all asks also for those that the network refused.
    #[arg(long, value_name = "WHICH", hide_possible_values = true, num_args = 0..=1, require_equals = true, default_missing_value = "passing")]
    pub retry_failed: Option<RetryFailedArg>,
}

/// What is told about a run before and after it
#[derive(Debug, Args)]
#[command(next_help_heading = "Look")]
pub struct AboutArgs {
    /// Say what would be done: no call, no file written
    #[arg(long)]
    pub dry_run: bool,
    /// Write a report of the run
    ///
    /// Written when the run ends, however that is. docs/report.schema.json describes it.
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Write metrics of the run, for Prometheus
    ///
    /// In the form that the textfile collector of node_exporter reads; replaced as a whole when the run ends.
    #[arg(long, value_name = "FILE.prom")]
    pub metrics: Option<PathBuf>,
}

/// What is shown
#[derive(Debug, Args)]
#[command(next_help_heading = "Look")]
pub struct LookArgs {
    /// When to show a progress bar; auto means on a terminal
    #[arg(hide_short_help = true, long, value_name = "WHEN", default_value = "auto")]
    pub progress: ProgressArg,
    /// Time between progress lines where there is no bar
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "30s", value_parser = parse_timeout)]
    pub progress_interval: Duration,
    /// Say nothing but errors, and which offers failed
    #[arg(short, long)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Form of the messages
    #[arg(hide_short_help = true, long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormatArg,
}

/// The connections
#[derive(Debug, Args)]
#[command(next_help_heading = "Net")]
pub struct NetArgs {
    /// Proxy for all calls [default: HTTPS_PROXY and the like]
    #[arg(hide_short_help = true, long, value_name = "URL")]
    pub proxy: Option<Url>,
    /// PEM file of certificate authorities to trust besides the system's
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Allow the API key to travel over plain http to other machines
    #[arg(hide_short_help = true, long)]
    pub allow_http: bool,
    /// How the program names itself to the network
    #[arg(hide_short_help = true, long, value_name = "TEXT", default_value = concat!("offerlinks/", env!("CARGO_PKG_VERSION")))]
    pub user_agent: String,
    /// Largest answer that is read, after decompression
    #[arg(hide_short_help = true, long, value_name = "SIZE", default_value = "8MiB", value_parser = parse_size)]
    pub max_body: usize,
}

/// Arguments of `sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Address and port to listen on; loopback only
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8931", value_parser = parse_loopback)]
    pub listen: SocketAddr,
    /// Limit that the sandbox network enforces
    #[arg(long, value_name = "CALLS/WINDOW", default_value = "50/10s")]
    pub rate: Rate,
}

/// Formats of the output
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// A row for every link
    Csv,
    /// A JSON object for every offer, one on a line
    Jsonl,
    /// An Excel workbook; the CSV it is made from stays beside it
    Xlsx,
}

/// When to show the bar
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressArg {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of the messages
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// Lines for people
    Text,
    /// A JSON object on every line
    Json,
}

/// Which failed offers to ask for again
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RetryFailedArg {
    /// Those whose failure may pass
    Passing,
    /// Every one
    All,
}

/// The sandbox takes a key that everybody knows, and is no server for others.
fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, as 127.0.0.1:8931".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("only loopback, as 127.0.0.1 or [::1]".to_owned()) }
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        _ => Err("expected one ASCII character, or tab".to_owned()),
    }
}

/// The command line that was typed, with `flag` added if it is not there: what a user is told to run next.
///
/// Passwords in URLs are left out, because this ends up in logs.
pub fn command_with(arguments: impl Iterator<Item = OsString>, flag: &str) -> String {
    let mut words: Vec<String> = arguments.map(|word| quote(&redact(&word.to_string_lossy()))).collect();
    if let Some(program) = words.first_mut() {
        "offerlinks".clone_into(program);
    }
    if !words.iter().any(|word| word == flag) {
        words.push(flag.to_owned());
    }
    words.join(" ")
}

fn redact(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((secret, _)) => format!("{scheme}://***{}", &rest[secret.len()..]),
        None => word.to_owned(),
    }
}

/// Quotes a word for a POSIX shell, if it needs that.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_sandbox_listens_on_loopback_only() {
        for (address, is_fine) in
            [("127.0.0.1:0", true), ("[::1]:80", true), ("0.0.0.0:80", false), ("10.0.0.1:80", false)]
        {
            assert_eq!(
                Cli::try_parse_from(["offerlinks", "sandbox", "--listen", address]).is_ok(),
                is_fine,
                "{address}"
            );
        }
    }

    #[test]
    fn the_list_takes_no_flag_that_it_would_ignore() {
        for flag in ["--dry-run", "--report=r.json", "--metrics=m.prom"] {
            assert!(Cli::try_parse_from(["offerlinks", "list", flag]).is_err(), "{flag}");
        }
    }

    #[test]
    fn the_short_help_of_export_fits_on_one_screen_of_80_columns() {
        let mut cli = Cli::command().term_width(80);
        let help = cli.find_subcommand_mut("export").map(|export| export.render_help().to_string()).unwrap_or_default();
        let lines = help.lines().count();
        assert!((30..=50).contains(&lines), "{lines} lines:\n{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }

    #[test]
    fn the_long_help_tells_every_exit_code() {
        let mut cli = Cli::command();
        cli.build();
        let export = cli.find_subcommand_mut("export").map(|export| export.render_long_help().to_string());
        for help in [export.unwrap_or_default(), cli.render_long_help().to_string()] {
            for code in ExitCode::ALL {
                assert!(help.contains(&format!("  {:<3}  {}", code.code(), code.meaning())), "{help}");
            }
        }
    }

    #[test]
    fn every_help_text_is_there_starts_with_a_capital_and_has_no_full_stop() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let name = argument.get_id();
                assert!(help.starts_with(|c: char| c.is_uppercase()), "{name}: {help}");
                assert!(!help.ends_with('.'), "{name}: {help}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn the_way_to_go_on_is_the_command_that_was_typed() {
        let typed = |words: &[&str]| command_with(words.iter().map(OsString::from), "--resume");
        assert_eq!(typed(&["/x/offerlinks", "export", "my offers.csv"]), "offerlinks export 'my offers.csv' --resume");
        assert_eq!(typed(&["x", "export", "--resume"]), "offerlinks export --resume");
        assert_eq!(
            typed(&["x", "export", "--proxy", "http://me:s3cret@proxy:1/"]),
            "offerlinks export --proxy 'http://***@proxy:1/' --resume"
        );
    }
}
