//! The arguments of `check`.

use clap::Args;

use crate::cli::shared::{AccountArgs, CallArgs, LogFormatArg, NetArgs};

const CHECK_EXAMPLES: &str = "\
Examples:
  offerlinks check --network demo --email me@example.com --api-key-file key.txt
      what refuses the calls, and what to do about it; makes one call
  offerlinks check --show-reply
      with the network's answer as it came, without the key

Exit codes: 0 every gate is open, 2 settings are missing or wrong, 4 refused (key, white list,
  account, host, certificate), 5 not reachable, throttled or out of order.";

/// Arguments of `check`
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Print the network's answer as it came, without the key
    #[arg(long)]
    pub show_reply: bool,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormatArg,
    /// Whose account, at which network
    #[command(flatten)]
    pub account: AccountArgs,
    /// How the call is made
    #[command(flatten)]
    pub call: CallArgs,
    /// How connections are made
    #[command(flatten)]
    pub net: NetArgs,
}
