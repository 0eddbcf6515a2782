//! The command line: what may be typed, and nothing about what it does.
//!
//! clap lives only here. `config` makes plain values of everything typed before another module sees it.

#![expect(clippy::doc_markdown, reason = "doc comments here are help texts, not Markdown")]

mod check;
mod export;
mod history;
mod list;
mod packaging;
mod provenance;
mod shared;
mod status;
mod version;

use std::ffi::OsString;
use std::net::SocketAddr;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use self::check::CheckArgs;
pub(crate) use self::export::{AboutArgs, AllOffersArgs, ExportArgs, InputArgs, LinksArg, OutputArgs, RetryFailedArg};
use self::export::{EXPORT_EXAMPLES, EXPORT_MORE};
use self::history::{CHANGES_EXAMPLES, HISTORY_EXAMPLES};
pub(crate) use self::history::{ChangesArgs, HistoryArgs, KeepArgs};
pub(crate) use self::list::{ListArgs, ScopeArg};
pub(crate) use self::packaging::{CompletionsArgs, ManArgs, ManError};
pub(crate) use self::provenance::{command_with, retry_command};
pub(crate) use self::shared::{AccountArgs, AttemptArgs, CallArgs, ConsoleArgs, LogFormatArg, NetArgs, ProgressArg};
pub(crate) use self::status::StatusArgs;
use crate::exit::ExitCode;
use crate::sandbox::batch::BatchRules;
use crate::settings::console::LogFormat;
use crate::settings::origin::Setting;
use crate::settings::rate::Rate;

/// Pull the tracking links of your Offerslook offers in bulk
///
/// Reads offer IDs from a CSV file, asks the network for each offer's tracking links without ever going over the
/// network's limit, and writes one CSV with a row for every link and an error row for every offer that has none.
#[derive(Debug, Parser)]
#[command(name = "offerlinks", version = version::SHORT, long_version = version::LONG, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = with_exit_codes(EXAMPLES))]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the command line, and where each of its settings came from. Ends the program where it asks for help.
    ///
    /// # Errors
    /// What is typed cannot be understood, or must not be typed.
    pub(crate) fn read() -> Result<(Self, Vec<Setting>), Mistyped> {
        let typed: Vec<OsString> = std::env::args_os().collect();
        let read = Self::command().try_get_matches_from(&typed).and_then(|matches| {
            let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut Self::command()))?;
            Ok((cli, provenance::settings(&matches), provenance::has_key(&matches)))
        });
        match read {
            Ok((cli, settings, false)) => Ok((cli, settings)),
            Ok((_, _, true)) => {
                Err(Mistyped { message: KEY_TYPED.to_owned(), log_format: provenance::log_format(&typed) })
            }
            Err(error) if !error.use_stderr() || typed.len() < 2 => error.exit(),
            Err(error) => {
                let message = error.render().to_string();
                let message = message.trim().trim_start_matches("error: ").replace("\n\n", "\n").replace('\n', "\n  ");
                Err(Mistyped { message: message.replace("\n    ", "\n  "), log_format: provenance::log_format(&typed) })
            }
        }
    }
}

/// A command line that cannot be understood, or must not be typed.
#[derive(Debug)]
pub(crate) struct Mistyped {
    /// Why, and what to type instead.
    pub message: String,
    /// The format of messages that it asks for, as far as that can be read.
    pub log_format: LogFormat,
}

const KEY_TYPED: &str = "the API key is never an argument (--api-key): everyone on this machine can read arguments, and shells \
    keep them\n  put it into the variable OFFERSLOOK_API_KEY, or into a file that --api-key-file names\n  \
    if others use this machine, make a new key: this one may have been seen";

const EXAMPLES: &str = "\
Examples:
  offerlinks export --sandbox                 try it without an account
  offerlinks export offers.csv -o links.csv   with your account
  offerlinks export --all-offers -o l.csv     every offer of your account
  (the same again)                            resume an interrupted run";

/// The end of a long help: examples, and the meaning of each exit code.
fn with_exit_codes(examples: &str) -> String {
    let mut text = format!("{examples}\n\nExit codes:");
    for code in ExitCode::ALL {
        text += &format!("\n  {:<3}  {}", code.code(), code.meaning());
    }
    text
}

/// The commands
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Export the tracking links of the offers in a CSV file
    // clap's own usage line would list flags that exclude each other, and settings of the environment.
    #[command(override_usage = "offerlinks export [OPTIONS] [INPUT]", after_help = EXPORT_MORE, after_long_help = with_exit_codes(EXPORT_EXAMPLES))]
    Export(Box<ExportArgs>),
    /// List the offers of your account as a CSV that export reads
    List(Box<ListArgs>),
    /// Find out why the network refuses calls: key, white list, limit, ...
    Check(Box<CheckArgs>),
    /// Show how far a run is, from the files beside its output
    Status(StatusArgs),
    /// Write what has changed since a time, from the history that exports keep
    #[command(after_help = CHANGES_EXAMPLES)]
    Changes(ChangesArgs),
    /// Show the versions of an offer, or forget old ones
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Serve the sandbox network on this machine, for trying things out
    Sandbox(SandboxArgs),
    /// Print a script that completes commands and flags in your shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(offerlinks completions bash)
  offerlinks completions fish > ~/.config/fish/completions/offerlinks.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  offerlinks man export | man -l -
  offerlinks man --dir /usr/share/man/man1";

/// Arguments of `sandbox`
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Address and port to listen on; loopback only
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8931", value_parser = parse_loopback)]
    pub listen: SocketAddr,
    /// Limit that the sandbox enforces
    #[arg(long, value_name = "CALLS/WINDOW", default_value = "50/10s")]
    pub rate: Rate,
    /// Offers on the account's list, besides those of the sample
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub listed: u32,
    /// What the call for many offers does: most=30,bad=refuse
    ///
    /// most=N offers in a call; over=refuse|words|uri|close for more; bad=leave-out|null|refuse for an offer without a
    /// link; order=asked|shuffled; shape=list|object; entries=once|doubled; host=same|click; unknown-every=N.
    #[arg(long, value_name = "NAME=VALUE,...", default_value = "", hide_default_value = true)]
    pub batch: BatchRules,
}

/// The sandbox accepts a key that everybody knows, so it must not serve other machines.
fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, as 127.0.0.1:8931".to_owned())?;
    if address.ip().is_loopback() { Ok(address) } else { Err("only loopback, as 127.0.0.1 or [::1]".to_owned()) }
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
    fn the_long_help_lists_every_exit_code() {
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
}
