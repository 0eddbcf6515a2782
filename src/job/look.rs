//! The commands that only look: from what was typed to plain values.

use super::{Environment, KEY_VARIABLE, Network, http, network, with_key};
use crate::cli::CheckArgs;
use crate::settings::account::AccountError;
use crate::settings::network::Http;
use crate::settings::origin::{Origin, Setting};
use crate::settings::rate::Rate;

/// A look at the way to the network.
#[derive(Debug)]
pub struct CheckJob {
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
}

impl CheckJob {
    /// Interprets the arguments of `check`.
    pub fn new(arguments: CheckArgs, environment: Environment) -> Self {
        let CheckArgs { show_reply, account, call, net } = arguments;
        let mut warnings = Vec::new();
        let Environment { api_key, mut settings, .. } = environment;
        let key_file = account.api_key_file.clone();
        let has_key = api_key.is_some();
        let network = network(account, api_key, &mut warnings);
        match &network {
            Ok(network) => settings = with_key(settings, key_file, network),
            Err(_) if has_key && key_file.is_none() => {
                settings.push(Setting::key(None, Origin::Environment(KEY_VARIABLE.to_owned())));
            }
            Err(_) => {}
        }
        settings.retain(|setting| setting.name != "--show-reply");
        Self { network, settings, warnings, http: http(net, &call, 1), rate: call.rate, show_reply }
    }
}
