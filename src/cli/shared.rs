//! The groups of flags that several commands have.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use crate::settings::rate::Rate;
use crate::settings::units::{parse_duration, parse_size, parse_timeout};

/// The account
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct AccountArgs {
    /// Use the built-in sandbox: no account needed
    #[arg(long)]
    pub sandbox: bool,
    /// Your network
    ///
    /// The NAME of a table [networks.NAME] in the config file, else that in NAME.api.offerslook.com. Several
    /// networks of the file may be given, separated by commas.
    #[arg(long, value_name = "NAME", env = "OFFERSLOOK_NETWORK", hide_env_values = true)]
    pub network: Option<String>,
    /// Address of the API, for networks with their own host; overrides --network
    #[arg(hide_short_help = true, long, value_name = "URL", env = "OFFERSLOOK_BASE_URL", hide_env_values = true)]
    pub base_url: Option<String>,
    /// E-mail of your account
    #[arg(long, value_name = "ADDRESS", env = "OFFERSLOOK_EMAIL", hide_env_values = true)]
    pub email: Option<String>,
    /// API key file
    ///
    /// A file with the API key and nothing else. Without it, the variable OFFERSLOOK_API_KEY is used. The key is never
    /// an argument, because everyone on the machine can see arguments.
    #[arg(long, value_name = "FILE", env = "OFFERSLOOK_API_KEY_FILE", hide_env_values = true)]
    pub api_key_file: Option<PathBuf>,
    /// Config file with your accounts [default: offerlinks/config.toml in your config folder]
    ///
    /// The config folder is $XDG_CONFIG_HOME or ~/.config, on Windows %APPDATA%. docs/config.md in the source has every
    /// key. A flag beats an environment variable, which beats the network's table in the file, which beats what stands
    /// above the tables.
    #[arg(hide_short_help = true, long, value_name = "FILE", env = "OFFERSLOOK_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// All networks of the config file
    #[arg(hide_short_help = true, long)]
    pub all_networks: bool,
    /// Refused: the key is never an argument
    #[arg(long, hide = true, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub api_key: Option<String>,
}

/// Single calls
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub(crate) struct CallArgs {
    /// Limit, such as 5/s, 300/m or none
    ///
    /// All affiliates of a network share it. The default is what Offerslook publishes: 50 calls in any 10 seconds.
    #[arg(long, value_name = "CALLS/WINDOW", default_value = "50/10s")]
    pub rate: Rate,
    /// Share the limit with other hosts through Redis or Valkey
    ///
    /// redis://HOST/, rediss://HOST/ (TLS) or unix:///FOLDER/SOCKET, the same on all hosts. Put a URL with a password into
    /// the variable, where nobody else on the machine can see it.
    #[arg(hide_short_help = true, long, value_name = "URL", env = "OFFERSLOOK_BUDGET", hide_env_values = true)]
    pub budget: Option<String>,
    /// Time limit for one call
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "60s", value_parser = parse_timeout)]
    pub timeout: Duration,
    /// Time limit for making a connection
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "10s", value_parser = parse_timeout)]
    pub connect_timeout: Duration,
}

/// Retries
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub(crate) struct AttemptArgs {
    /// Retries after a temporary failure
    ///
    /// Temporary failures are time-outs, broken connections and server errors.
    #[arg(long, value_name = "N", default_value = "4")]
    pub retries: u32,
    /// Give up when the network has been down this long
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub max_outage: Duration,
    /// Stop after this time
    #[arg(long, value_name = "TIME", value_parser = parse_timeout)]
    pub max_duration: Option<Duration>,
}

/// What is shown
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct ConsoleArgs {
    /// When to show a progress bar; auto means on a terminal
    #[arg(hide_short_help = true, long, value_name = "WHEN", default_value = "auto")]
    pub progress: ProgressArg,
    /// Time between progress lines where there is no bar
    #[arg(hide_short_help = true, long, value_name = "TIME", default_value = "30s", value_parser = parse_timeout)]
    pub progress_interval: Duration,
    /// Only errors, and which offers failed
    #[arg(short, long)]
    pub quiet: bool,
    /// More detail
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Form of the messages
    #[arg(hide_short_help = true, long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormatArg,
}

/// The connections
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Net")]
pub(crate) struct NetArgs {
    /// Proxy for all calls [default: HTTPS_PROXY and the like]
    #[arg(hide_short_help = true, long, value_name = "URL")]
    pub proxy: Option<Url>,
    /// PEM file of certificate authorities to trust besides the system's
    #[arg(hide_short_help = true, long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Allow sending the API key over plain http to other machines
    #[arg(hide_short_help = true, long)]
    pub allow_http: bool,
    /// User-Agent header of every call
    #[arg(hide_short_help = true, long, value_name = "TEXT", default_value = concat!("offerlinks/", env!("CARGO_PKG_VERSION")))]
    pub user_agent: String,
    /// Largest answer that is accepted, after decompression
    #[arg(hide_short_help = true, long, value_name = "SIZE", default_value = "8MiB", value_parser = parse_size)]
    pub max_body: usize,
}

/// When to show the bar
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
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
