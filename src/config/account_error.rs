//! Account settings that are missing or cannot be used.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::config::key_command::CommandError;

/// Account settings that are missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    /// Something was not given at all.
    #[error(
        "these account settings are missing:\n{}\n  see README (With your account); to try the program without an account, use --sandbox",
        .0.iter().map(|missing| format!("  {missing}")).collect::<Vec<_>>().join("\n")
    )]
    Missing(Vec<&'static str>),
    /// A network of the config file lacks something.
    #[error("there is {}", .0.join(", and "))]
    MissingInFile(Vec<&'static str>),
    /// `--network` is not a name.
    #[error("--network {0:?} is not a network's name; give the NAME of https://NAME.api.offerslook.com, or --base-url")]
    BadNetwork(String),
    /// `--base-url` is not an address.
    #[error("--base-url cannot be used: {0}; give an address such as https://NAME.api.offerslook.com")]
    BadBaseUrl(String),
    /// The e-mail cannot be a user name of HTTP Basic.
    #[error("the e-mail (--email or OFFERSLOOK_EMAIL) cannot be used: {0}")]
    BadEmail(Cow<'static, str>),
    /// The key file cannot be read.
    #[error("cannot read the API key file {}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such file, and its name may be the key itself.
    #[error(
        "--api-key-file (or OFFERSLOOK_API_KEY_FILE) takes the name of a file; there is no file of the name that is given, which may be the API key itself and is not shown"
    )]
    KeyForFile,
    /// The key was given as the network: it would go to name servers and into every message.
    #[error(
        "the API key stands in {0}, where the network's name belongs; it is not shown, and nothing was sent: give the NAME of https://NAME.api.offerslook.com there"
    )]
    KeyForHost(&'static str),
    /// The variable that the config file names is not set.
    #[error("the variable {0} (api_key_env), which is to hold the API key, is not set")]
    NoVariable(String),
    /// `api_key_command`.
    #[error(transparent)]
    Command(CommandError),
    /// The key is not one.
    #[error("the API key from {0} cannot be used: {1}")]
    BadKey(String, Cow<'static, str>),
}

impl AccountError {
    /// Whether the key is what is missing or unusable.
    pub(crate) const fn is_about_key(&self) -> bool {
        matches!(
            self,
            Self::KeyFile { .. } | Self::KeyForFile | Self::NoVariable(_) | Self::Command(_) | Self::BadKey(..)
        )
    }

    /// Whether the host that was given is in fact the key, and must not be shown.
    pub(crate) const fn is_key_for_host(&self) -> bool {
        matches!(self, Self::KeyForHost(_))
    }
}
