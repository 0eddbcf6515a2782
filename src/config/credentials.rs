//! Whose account is used at which network: checks what flags, environment and config file give, all together.
//!
//! The key is never an argument and never printed.

use std::borrow::Cow;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use crate::config::host::HostSource;
use crate::config::key_command::CommandError;
use crate::config::key_source::KeySource;
use crate::config::pasted::flaw_of_email;
use crate::settings::network::Account;

/// What the user has given, from wherever it came.
#[derive(Debug, Default)]
pub(crate) struct AccountSource {
    /// Where the API lives.
    pub host: Option<HostSource>,
    /// The affiliate's e-mail.
    pub email: Option<String>,
    /// Where the key is.
    pub key: Option<KeySource>,
}

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
        "--api-key-file (or OFFERSLOOK_API_KEY_FILE) wants the name of a file; what is given is the name of none, and may be the API key itself, so it is not shown"
    )]
    KeyForFile,
    /// The key stands where the network belongs: it would go to name servers and into every message.
    #[error(
        "the API key stands in {0}, where the network's name belongs; it is not shown, and nothing was sent: give the NAME of https://NAME.api.offerslook.com there"
    )]
    KeyForHost(&'static str),
    /// The variable that the config file names is not there.
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
    /// Whether it is the key that cannot be had, or cannot be used.
    pub(crate) const fn is_about_key(&self) -> bool {
        matches!(
            self,
            Self::KeyFile { .. } | Self::KeyForFile | Self::NoVariable(_) | Self::Command(_) | Self::BadKey(..)
        )
    }

    /// Whether the host, as it was given, is the key and must not be shown anywhere.
    pub(crate) const fn is_key_for_host(&self) -> bool {
        matches!(self, Self::KeyForHost(_))
    }
}

impl AccountSource {
    /// The account, and warnings for the user.
    ///
    /// # Errors
    /// Names everything that is missing, with the ways to set it, or what is wrong.
    pub(crate) fn resolve(self) -> Result<(Account, Vec<String>), AccountError> {
        let mut missing = Vec::new();
        if self.host.is_none() {
            missing.push("the network: --network NAME or OFFERSLOOK_NETWORK (or --base-url URL)");
        }
        if self.email.is_none() {
            missing.push("your e-mail: --email ADDRESS or OFFERSLOOK_EMAIL");
        }
        if self.key.is_none() {
            missing.push("your API key: OFFERSLOOK_API_KEY, or --api-key-file FILE or OFFERSLOOK_API_KEY_FILE");
        }
        let (Some(host), Some(email), Some(key)) = (self.host, self.email, self.key) else {
            return Err(AccountError::Missing(missing));
        };
        let mut warnings = Vec::new();
        let api_key = key.read(&mut warnings)?;
        // Before any word about the host, which would show it.
        host.is_not_the_key(api_key.expose_secret())?;
        let base_url = host.url()?;
        // Not repeated: people take one field for the other, and it may be the key.
        let email = email.trim().to_owned();
        flaw_of_email(&email).map_or(Ok(()), |why| Err(AccountError::BadEmail(why)))?;
        Ok((Account { base_url, email, api_key }, warnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> KeySource {
        KeySource::Value { key: text.into(), from: "OFFERSLOOK_API_KEY".into() }
    }

    fn source(host: HostSource) -> AccountSource {
        AccountSource { host: Some(host), email: Some(" me@example.com ".into()), key: Some(key("k3y\n")) }
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        insta::assert_snapshot!(AccountSource::default().resolve().unwrap_err(), @r"
        these account settings are missing:
          the network: --network NAME or OFFERSLOOK_NETWORK (or --base-url URL)
          your e-mail: --email ADDRESS or OFFERSLOOK_EMAIL
          your API key: OFFERSLOOK_API_KEY, or --api-key-file FILE or OFFERSLOOK_API_KEY_FILE
          see README (With your account); to try the program without an account, use --sandbox
        ");
    }

    #[test]
    fn a_key_that_is_given_as_the_network_is_not_shown() {
        for host in
            ["S3cret-Key-0815", "s3cret-key-0815", "https://S3cret-Key-0815.api.offerslook.com", "S3cret-Key-0815:x"]
        {
            for named in [HostSource::Network(host.into()), HostSource::BaseUrl(host.into())] {
                let mut mistaken = source(named);
                mistaken.key = Some(key("S3cret-Key-0815"));
                let error = mistaken.resolve().unwrap_err();
                assert!(matches!(error, AccountError::KeyForHost(_)), "{error}");
                assert!(!error.to_string().to_lowercase().contains("s3cret"), "{error}");
            }
        }
        // A short key may be a part of a name.
        let mut short = source(HostSource::Network("demok3y".into()));
        short.key = Some(key("k3y"));
        assert!(short.resolve().is_ok());
    }

    #[test]
    fn a_colon_in_the_email_and_a_second_line_in_the_key_are_refused() {
        let mut with_colon = source(HostSource::Network("demo".into()));
        with_colon.email = Some("a:b".into());
        assert!(matches!(with_colon.resolve(), Err(AccountError::BadEmail(..))));
        let mut two_lines = source(HostSource::Network("demo".into()));
        two_lines.key = Some(key("secret\nmore"));
        let error = two_lines.resolve().unwrap_err().to_string();
        assert!(error.contains("OFFERSLOOK_API_KEY") && !error.contains("secret"), "{error}");
    }
}
