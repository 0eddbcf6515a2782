//! The environment of a command.

use std::ffi::OsString;

use secrecy::SecretString;

use crate::settings::origin::Setting;

/// The variable with the key, used when no key file is given.
pub(crate) const KEY_VARIABLE: &str = "OFFERSLOOK_API_KEY";

/// What comes from the environment, other than variables that are the twins of flags.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// `OFFERSLOOK_API_KEY`; has no flag, because arguments can be seen by everyone on the machine.
    pub api_key: Option<SecretString>,
    /// The command line as typed.
    pub arguments: Vec<OsString>,
    /// The settings of the command, and where each came from.
    pub settings: Vec<Setting>,
}

impl Environment {
    /// Reads it. An empty key counts as unset, as in many other tools.
    pub(crate) fn read(settings: Vec<Setting>) -> Self {
        let api_key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.trim().is_empty());
        Self { api_key: api_key.map(SecretString::from), arguments: std::env::args_os().collect(), settings }
    }
}
