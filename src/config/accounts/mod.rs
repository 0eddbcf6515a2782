//! From flags, environment and config file to the networks of a job.
//!
//! `selection` says which networks are meant, `overlay` which value of a setting counts, `provenance` where it came from.
//! A value counts in this order: flag, environment, the network's table in the config file, the top of that file,
//! default.

mod overlay;
mod provenance;
mod selection;
mod target;

use std::num::NonZeroUsize;

use crate::budget::redis::address::Address;
use crate::cli::{AccountArgs, AttemptArgs, CallArgs, NetArgs};
use crate::config::budget;
use crate::config::environment::Environment;
use crate::config::error::JobError;
use crate::config::file::{self, ConfigFile, NamedBy};
use crate::config::networks::{Network, NetworkConfig, Networks, Routing};
use crate::settings::origin::{Setting, SettingSource};

pub(crate) use self::selection::{NETWORK_COLUMN, SelectionError, Want};
pub(crate) use self::target::{BadNetworks, Target};

use self::selection::Selected;

/// The arguments about networks and calls.
#[derive(Debug)]
pub(crate) struct CallSettings {
    /// Whose account, at which network.
    pub account: AccountArgs,
    /// Single calls.
    pub call: CallArgs,
    /// Calls that are repeated.
    pub attempts: AttemptArgs,
    /// Connections.
    pub net: NetArgs,
    /// The most calls in flight; `None` where calls are made one at a time.
    pub concurrency: Option<NonZeroUsize>,
}

/// The chosen networks, each with its settings or with what is wrong with them.
#[derive(Debug)]
pub(crate) struct Targets {
    /// At least one.
    pub all: Vec<Target>,
    /// How rows find their network.
    pub routing: Routing,
    /// Settings of all networks; with only one network, all settings.
    pub settings: Vec<Setting>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// The config file, for settings that belong to neither an account nor a call.
    pub file: ConfigFile,
    /// Shares the limit of each network with other hosts.
    pub budget: Option<Address>,
}

impl Targets {
    /// Finds them.
    ///
    /// # Errors
    /// The config file is wrong, or it is not clear which networks are meant.
    pub(crate) fn of(typed: &CallSettings, environment: Environment, want: &Want) -> Result<Self, JobError> {
        let Environment { api_key, mut settings, .. } = environment;
        let (file, warnings) = if typed.account.sandbox {
            (ConfigFile::default(), Vec::new())
        } else {
            file::find(named(typed, &settings))?
        };
        if !typed.account.sandbox && !file.path.as_os_str().is_empty() {
            provenance::set_default(&mut settings, "--config", &file.path.display().to_string());
        }
        let budget = budget::budget(typed.call.budget.as_deref(), &settings, &file)?;
        let selected = selection::select(&typed.account, &settings, &file, want)?;
        let given = target::Given { typed, api_key, settings: &settings, file: &file };
        let (targets, routing) = match selected {
            Selected::Sandbox => (vec![given.sandbox()], Routing::Single),
            Selected::Typed => (vec![given.typed()], Routing::Single),
            Selected::OfFile(networks, routing) => {
                let is_only = networks.len() == 1;
                (networks.into_iter().map(|network| given.of_file(network, is_only)).collect(), routing)
            }
        };
        let settings = match targets.as_slice() {
            [only] => only.settings.clone(),
            _ => given.shared_settings(),
        };
        let mut targets = targets;
        target::refuse_keys_in_plain(&mut targets);
        target::share_keys(&mut targets);
        Ok(Self { all: targets, routing, settings, warnings, file, budget })
    }

    /// The networks, if all of them can be called. Adds their warnings and settings to those of the job.
    ///
    /// # Errors
    /// Names every network whose settings are missing or wrong.
    pub(crate) fn into_networks(self) -> Result<Chosen, JobError> {
        let Self { all: targets, routing, mut settings, mut warnings, file, budget } = self;
        BadNetworks::check(&targets, &file)?;
        let are_several = targets.len() > 1;
        let mut networks = Vec::new();
        for target in targets {
            let Target { name, network, http, policy, settings: own, warnings: more, line: _ } = target;
            warnings.extend(more);
            if are_several {
                settings.extend(provenance::own_settings(&name, own, &settings));
            }
            networks.push(NetworkConfig { name, network: network?, http, policy, budget: budget.clone() });
        }
        // There is at least one; a job without any is never made.
        let networks = Networks::of_file(networks, routing).ok_or(SelectionError::None)?;
        let networks = networks.among(file.networks.iter().map(|network| network.name.clone()));
        Ok(Chosen { networks, settings, warnings, file })
    }
}

/// Networks that can be called.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// The networks.
    pub networks: Networks,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
    /// Warnings to show before the run.
    pub warnings: Vec<String>,
    /// The config file, for settings that belong to neither an account nor a call.
    pub file: ConfigFile,
}

impl Chosen {
    /// Without an account, which is enough for a dry run.
    pub(crate) fn not_given(why: String, settings: Vec<Setting>, typed: &CallSettings) -> Self {
        let (http, policy) = overlay::without_file(typed, &settings);
        let network =
            NetworkConfig { name: String::new(), network: Network::NotGiven(why), http, policy, budget: None };
        let (warnings, file) = (Vec::new(), ConfigFile::default());
        Self { networks: Networks::single(network), settings, warnings, file }
    }
}

/// The config file that the user names.
fn named(typed: &CallSettings, settings: &[Setting]) -> Option<(std::path::PathBuf, NamedBy)> {
    let path = typed.account.config.clone().filter(|path| !path.as_os_str().is_empty())?;
    let is_typed = settings.iter().any(|setting| setting.name == "--config" && setting.origin == SettingSource::Flag);
    Some((path, if is_typed { NamedBy::Flag } else { NamedBy::Variable }))
}
