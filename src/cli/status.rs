//! The arguments of `status`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::shared::LogFormatArg;

const STATUS_EXAMPLES: &str = "\
Examples:
  offerlinks status links.csv
      how far the run in another terminal is, or an interrupted one

Exit codes: 0 running or finished, 2 no such output, 5 interrupted.";

/// Arguments of `status`
#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLES)]
pub(crate) struct StatusArgs {
    /// Output of the run, as -o names it
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Form of the answer
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormatArg,
}
