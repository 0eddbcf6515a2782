//! Whose account is used at which network: checks what flags, environment and config file give, all together.
//!
//! The key is never an argument and never printed.

use secrecy::ExposeSecret as _;

use crate::config::account_error::AccountError;
use crate::config::host::HostSource;
use crate::config::key_source::KeySource;
use crate::settings::network::Account;
use crate::settings::pasted::flaw_of_email;

/// What the user has given, from any source.
#[derive(Debug, Default)]
pub(crate) struct AccountSource {
    /// Where the API lives.
    pub host: Option<HostSource>,
    /// The affiliate's e-mail.
    pub email: Option<String>,
    /// Where the key is.
    pub key: Option<KeySource>,
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
        // Before any message about the host, which would show the key.
        host.is_not_the_key(api_key.expose_secret())?;
        let base_url = host.url()?;
        // Not repeated: people confuse the two fields, and it may be the key.
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
