//! Which networks are meant.

use std::path::PathBuf;

use crate::cli::AccountArgs;
use crate::config::file::{ConfigFile, FileNetwork};
use crate::config::networks::Routing;
use crate::settings::origin::{Setting, SettingSource};

/// The default name of the column that names networks.
pub(crate) const NETWORK_COLUMN: &str = "network";

/// What the networks are wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// For rows that each belong to one network; holds `--network-column`, if given.
    Rows(Option<String>),
    /// To send the same requests to each of them.
    Each,
}

/// It is not clear which networks are meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelectionError {
    /// A name that is not in the file.
    #[error("--network: {name:?} is not in the config file {}, which has the networks {names}", path.display())]
    NotInFile {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
        /// Those that it has.
        names: String,
    },
    /// There is nothing to choose from.
    #[error(
        "{flag} takes networks from a config file, and {}: give one a table for each, [networks.NAME] (README, Several networks)",
        path.as_ref().map_or_else(|| "there is none".to_owned(), |path| format!("{} has none", path.display()))
    )]
    NoNetworks {
        /// What asks for them.
        flag: &'static str,
        /// The file, if there is one.
        path: Option<PathBuf>,
    },
    /// Several, and nothing says which.
    #[error(
        "the config file {} has several networks ({names}): name one or more with --network NAME,NAME, or take --all-networks",
        path.display()
    )]
    Several {
        /// The file.
        path: PathBuf,
        /// Those that it has.
        names: String,
    },
    /// A flag for one account, though several networks are chosen.
    #[error(
        "{flag} gives one account, and several networks are asked: their accounts stand in the config file; leave it out"
    )]
    OneAccount {
        /// The flag.
        flag: &'static str,
    },
    /// Both.
    #[error("--all-networks and --network cannot be used together: leave out one of them")]
    Both,
    /// A column for one network.
    #[error(
        "--network-column says which network a row belongs to, and only one is asked: leave it out, or leave out {flag}"
    )]
    ColumnOfOne {
        /// What names the one.
        flag: &'static str,
    },
    /// Never empty: at least one network is chosen.
    #[error("no network is chosen")]
    None,
}

/// The networks that are meant.
#[derive(Debug)]
pub(super) enum Selected<'a> {
    /// The embedded one.
    Sandbox,
    /// The one that flags or environment name, which is not in the file.
    Typed,
    /// Those of the file, in its order.
    OfFile(Vec<&'a FileNetwork>, Routing),
}

/// Chooses.
///
/// # Errors
/// What is typed does not fit together, or leaves the choice open.
pub(super) fn select<'a>(
    account: &AccountArgs,
    settings: &[Setting],
    file: &'a ConfigFile,
    want: &Want,
) -> Result<Selected<'a>, SelectionError> {
    let is_typed = |name: &str| settings.iter().any(|s| s.name == name && s.origin == SettingSource::Flag);
    let column = if let Want::Rows(Some(column)) = want { Some(column.as_str()) } else { None };
    let one = |flag, selected| column.map_or(Ok(selected), |_| Err(SelectionError::ColumnOfOne { flag }));
    if account.sandbox {
        return one("--sandbox", Selected::Sandbox);
    }
    let names = account.network.as_deref().unwrap_or_default();
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let has_url =
        account.base_url.as_ref().is_some_and(|url| !url.trim().is_empty()) && !Setting::network_wins(settings);
    let chosen: Vec<&FileNetwork> = match names.as_slice() {
        _ if account.all_networks && is_typed("--network") => return Err(SelectionError::Both),
        _ if account.all_networks => some_of(file, "--all-networks")?,
        [] if has_url => return one("--base-url", Selected::Typed),
        [] if file.networks.is_empty() && column.is_none() => return Ok(Selected::Typed),
        [] => some_of(file, "--network-column")?,
        [name] => match file.network(name) {
            Some(network) => return one("--network", Selected::OfFile(vec![network], Routing::Single)),
            None => return one("--network", Selected::Typed),
        },
        names => named(file, names)?,
    };
    if chosen.len() > 1 {
        let one_account = ["--base-url", "--email", "--api-key-file"].into_iter().find(|flag| is_typed(flag));
        one_account.map_or(Ok(()), |flag| Err(SelectionError::OneAccount { flag }))?;
    }
    let is_choice = account.all_networks || names.len() > 1;
    match want {
        Want::Each if chosen.len() > 1 && !is_choice => {
            Err(SelectionError::Several { path: file.path.clone(), names: file.names() })
        }
        Want::Each if chosen.len() == 1 => Ok(Selected::OfFile(chosen, Routing::Single)),
        Want::Each | Want::Rows(_) => {
            let is_optional = column.is_none() && chosen.len() == 1;
            let name = column.unwrap_or(NETWORK_COLUMN).to_owned();
            Ok(Selected::OfFile(chosen, Routing::Column { name, is_optional }))
        }
    }
}

/// All networks of the file, of which there is at least one.
fn some_of<'a>(file: &'a ConfigFile, flag: &'static str) -> Result<Vec<&'a FileNetwork>, SelectionError> {
    let path = Some(file.path.clone()).filter(|path| !path.as_os_str().is_empty());
    if file.networks.is_empty() {
        return Err(SelectionError::NoNetworks { flag, path });
    }
    Ok(file.networks.iter().collect())
}

/// The networks of several names, in the order of the file, each once.
fn named<'a>(file: &'a ConfigFile, names: &[&str]) -> Result<Vec<&'a FileNetwork>, SelectionError> {
    some_of(file, "--network NAME,NAME")?;
    if let Some(name) = names.iter().find(|name| file.network(name).is_none()) {
        return Err(SelectionError::NotInFile {
            name: (*name).to_owned(),
            path: file.path.clone(),
            names: file.names(),
        });
    }
    let is_named = |network: &&FileNetwork| names.iter().any(|name| network.name.eq_ignore_ascii_case(name));
    Ok(file.networks.iter().filter(is_named).collect())
}
