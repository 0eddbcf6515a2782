//! The commands that only look: from what was typed to plain values.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Environment, JobError, KEY_VARIABLE, Network, NetworkConfig, Networks, http, network, policy, with_key};
use crate::cli::{CheckArgs, ListArgs, ScopeArg};
use crate::config::credentials::AccountError;
use crate::settings::console::LogFormat;
use crate::settings::network::Http;
use crate::settings::origin::{Setting, SettingSource};
use crate::settings::rate::Rate;

/// A look at the way to the network.
#[derive(Debug)]
pub(crate) struct CheckJob {
    /// Whose account, or what is wrong with its settings: that is a result here.
    pub network: Result<Network, AccountError>,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
    /// Things the user should know.
    pub warnings: Vec<String>,
    /// How the call is made.
    pub http: Http,
    /// The limit that the call keeps to.
    pub rate: Rate,
    /// Whether to print the answer as it came.
    pub show_reply: bool,
    /// The form of the result.
    pub log_format: LogFormat,
}

impl CheckJob {
    /// Interprets the arguments of `check`.
    pub(crate) fn new(arguments: CheckArgs, environment: Environment) -> Self {
        let CheckArgs { show_reply, log_format, account, call, net } = arguments;
        let mut warnings = Vec::new();
        let Environment { api_key, mut settings, .. } = environment;
        let key_file = account.api_key_file.clone();
        let has_key = api_key.is_some();
        let network = network(account, api_key, &settings, &mut warnings);
        match &network {
            Ok(network) => settings = with_key(settings, key_file, network),
            Err(error) if has_key && key_file.is_none() => {
                if error.is_key_for_host() {
                    Setting::hide_hosts(&mut settings);
                }
                settings.push(Setting::key(None, SettingSource::Environment(KEY_VARIABLE.to_owned())));
            }
            Err(error) if error.is_key_for_host() => Setting::hide_hosts(&mut settings),
            Err(_) => {}
        }
        let named_by = Setting::of_host(&settings);
        settings.retain(|setting| setting.name != "--show-reply");
        Self {
            network,
            settings,
            warnings,
            http: http(net, &call, 1, named_by),
            rate: call.rate,
            show_reply,
            log_format: log_format.into(),
        }
    }
}

/// A list of the account's offers.
#[derive(Debug)]
pub(crate) struct ListJob {
    /// Which networks are listed; mostly one.
    pub networks: Networks,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
    /// Things the user should know before the run.
    pub warnings: Vec<String>,
    /// The file to write; `-` is stdout.
    pub output: PathBuf,
    /// What the network is asked for, besides the page.
    pub query: Vec<(String, String)>,
    /// Whether a list is taken that does not add up.
    pub allow_short: bool,
}

/// What the network is asked for, besides the page. All is what it shows when no type is asked for.
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
        let ListArgs { scope, filter, allow_short, output, account, call, attempts, look: _, net } = arguments;
        if says_it_is_no_csv(&output) {
            return Err(JobError::ListEnding(output));
        }
        let mut warnings = Vec::new();
        let key_file = account.api_key_file.clone();
        let network = network(account, environment.api_key, &environment.settings, &mut warnings)?;
        let named_by = Setting::of_host(&environment.settings);
        let settings = with_key(environment.settings, key_file, &network);
        let query = list_query(scope, filter);
        // Pages follow each other, so one call at a time.
        let policy = policy(&call, &attempts, 1);
        let http = http(net, &call, 1, named_by);
        let networks = Networks::single(NetworkConfig { name: network.host(), network, http, policy });
        Ok(Self { networks, settings, warnings, output, query, allow_short })
    }
}

/// Whether people and programs would take a file of this name for a workbook or for JSON.
fn says_it_is_no_csv(output: &Path) -> bool {
    const OTHERS: [&str; 9] = ["xlsx", "xlsm", "xlsb", "xls", "ods", "fods", "numbers", "json", "jsonl"];
    let ending = output.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| OTHERS.iter().any(|other| ending.eq_ignore_ascii_case(other)))
}
