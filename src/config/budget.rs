//! The budget that is shared with other hosts: checked before anything is called.

use std::path::PathBuf;

use secrecy::ExposeSecret;

use crate::budget::redis::address::{Address, BadAddress};
use crate::config::file::{AtLine, ConfigFile};
use crate::settings::origin::{Setting, SettingSource};

/// A budget that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BudgetError {
    /// Its address. It is not shown: there may be a password in it.
    #[error("--budget (or OFFERSLOOK_BUDGET): {0}")]
    Address(#[from] BadAddress),
    /// The one of the config file.
    #[error("{}, line {line}: budget: {error}", file.display())]
    InFile {
        /// Which file.
        file: PathBuf,
        /// Its line.
        line: usize,
        /// What is wrong.
        error: BadAddress,
    },
    /// A password among the arguments.
    #[error(
        "--budget has a password in it, and everyone on this machine can see the arguments of a command: set the variable \
         OFFERSLOOK_BUDGET to the URL instead, and change that password"
    )]
    PasswordTyped,
}

/// The budget, if one is configured.
pub(super) fn budget(
    typed: Option<&str>,
    settings: &[Setting],
    file: &ConfigFile,
) -> Result<Option<Address>, BudgetError> {
    // An empty variable is an unset one.
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        let Some(AtLine { value, line, .. }) = &file.budget else { return Ok(None) };
        let (file, line) = (file.path.clone(), *line);
        return Address::parse(value.expose_secret()).map(Some).map_err(|error| BudgetError::InFile {
            file,
            line,
            error,
        });
    };
    let is_flag = |setting: &Setting| setting.name == "--budget" && setting.origin == SettingSource::Flag;
    let address = Address::parse(typed)?;
    if address.has_password() && settings.iter().any(is_flag) {
        return Err(BudgetError::PasswordTyped);
    }
    Ok(Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_the_environment_or_not_at_all() {
        let setting = |origin| Setting { name: "--budget".to_owned(), value: String::new(), origin, beaten_by: None };
        let flag = [setting(SettingSource::Flag)];
        let variable = [setting(SettingSource::Environment("OFFERSLOOK_BUDGET".to_owned()))];
        for (typed, settings, expected) in [
            (None, &flag[..0], Ok(None)),
            (Some(" "), &variable[..], Ok(None)),
            (Some("redis://h/"), &flag[..], Ok(Some("redis://h/"))),
            (Some("redis://:s3cret@h/"), &variable[..], Ok(Some("redis://h/"))),
            (Some("redis://:s3cret@h/"), &flag[..], Err(BudgetError::PasswordTyped)),
            (Some("redis://h/?x"), &flag[..], Err(BudgetError::Address(BadAddress::Query))),
        ] {
            let budget = budget(typed, settings, &ConfigFile::default())
                .map(|address| address.map(|address| address.to_string()));
            assert_eq!(budget.as_ref().map(Option::as_deref), expected.as_ref().map(|shown| *shown), "{typed:?}");
        }
    }
}
