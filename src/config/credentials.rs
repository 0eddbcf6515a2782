//! Finds out whose account is used at which network, from flags, environment and a key file.
//!
//! The key is read here and lives in a [`SecretString`] from then on; it is never an argument and never printed.

use std::borrow::Cow;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::pasted::{flaw_of_email, flaw_of_key, may_be_a_key};
use crate::settings::network::{Account, host_and_port};

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

/// How the network is named.
#[derive(Clone, Debug)]
pub(crate) enum HostSource {
    /// `NAME` in `NAME.api.offerslook.com`.
    Network(String),
    /// A whole address.
    BaseUrl(String),
}

/// Where the key is.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// In the environment.
    Value(SecretString),
    /// In a file.
    File(PathBuf),
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
    /// The key is not one.
    #[error("the API key from {0} cannot be used: {1}")]
    BadKey(String, Cow<'static, str>),
}

impl AccountError {
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
        let email = check_email(&email)?;
        Ok((Account { base_url, email, api_key }, warnings))
    }
}

impl HostSource {
    /// The host, if that can be told.
    pub(crate) fn name(self) -> Option<String> {
        self.url().ok().as_ref().and_then(host_and_port)
    }

    fn is_not_the_key(&self, key: &str) -> Result<(), AccountError> {
        /// Shorter ones may be a part of a name.
        const SHORTEST: usize = 8;
        let (text, named) = match self {
            Self::Network(name) => (name, "--network (or OFFERSLOOK_NETWORK)"),
            Self::BaseUrl(text) => (text, "--base-url (or OFFERSLOOK_BASE_URL)"),
        };
        let is_in = key.len() >= SHORTEST && text.to_lowercase().contains(&key.to_lowercase());
        if is_in { Err(AccountError::KeyForHost(named)) } else { Ok(()) }
    }

    fn url(self) -> Result<Url, AccountError> {
        match self {
            Self::Network(name) => network_url(&name),
            Self::BaseUrl(text) => base_url(&text),
        }
    }
}

fn network_url(name: &str) -> Result<Url, AccountError> {
    let bad = || AccountError::BadNetwork(name.to_owned());
    let bare = name.trim().trim_start_matches("https://").trim_end_matches('/');
    let bare = bare.strip_suffix(".api.offerslook.com").unwrap_or(bare);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if !is_label(bare) {
        return Err(bad());
    }
    Url::parse(&format!("https://{bare}.api.offerslook.com/")).map_err(|_| bad())
}

fn base_url(text: &str) -> Result<Url, AccountError> {
    let bad = |why: &str| AccountError::BadBaseUrl(why.to_owned());
    // The parser's own words are enough; the text itself may hold a password.
    let mut url = Url::parse(text.trim()).map_err(|error| bad(&format!("it is no URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must start with https:// (or http://)"));
    }
    if !url.has_host() {
        return Err(bad("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it must not hold a user name or a key; use --email and OFFERSLOOK_API_KEY"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it must not have a ?query or #fragment"));
    }
    // People paste the address with the path of the documentation.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/aff/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

fn check_email(email: &str) -> Result<String, AccountError> {
    let trimmed = email.trim();
    // Not repeated: people take one field for the other, and it may be the key.
    flaw_of_email(trimmed).map_or_else(|| Ok(trimmed.to_owned()), |why| Err(AccountError::BadEmail(why)))
}

impl KeySource {
    fn read(self, warnings: &mut Vec<String>) -> Result<SecretString, AccountError> {
        let (key, from) = match self {
            Self::Value(key) => (key, "OFFERSLOOK_API_KEY".to_owned()),
            Self::File(path) => {
                let from = path.display().to_string();
                let key = read_short(&path).map_err(|source| {
                    if may_be_a_key(&path) {
                        AccountError::KeyForFile
                    } else {
                        AccountError::KeyFile { path: path.clone(), source }
                    }
                })?;
                warnings.extend(readable_by_others(&path));
                (SecretString::from(key), from)
            }
        };
        let trimmed = key.expose_secret().trim().trim_start_matches('\u{feff}').trim_start();
        flaw_of_key(trimmed).map_or_else(|| Ok(SecretString::from(trimmed)), |why| Err(AccountError::BadKey(from, why)))
    }
}

/// The text of a file that is short: a wrong one, or a device, may have no end.
fn read_short(path: &Path) -> io::Result<String> {
    const MOST: u64 = 64 << 10;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is far longer than a key"));
    }
    Ok(text)
}

/// A warning if others than the owner can read the key file.
#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("the API key file {path} can be read by others (mode {:03o}); run: chmod 600 {path}", mode & 0o777)
    })
}

/// Elsewhere permissions are not bits of a mode.
#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn source(host: HostSource) -> AccountSource {
        AccountSource {
            host: Some(host),
            email: Some(" me@example.com ".into()),
            key: Some(KeySource::Value("k3y\n".into())),
        }
    }

    #[test]
    fn a_network_becomes_its_https_address() {
        for name in ["demo", "demo.api.offerslook.com", "https://demo.api.offerslook.com/"] {
            let (account, _) = source(HostSource::Network(name.into())).resolve().unwrap();
            assert_eq!(account.base_url.as_str(), "https://demo.api.offerslook.com/");
            assert_eq!((account.email.as_str(), account.api_key.expose_secret()), ("me@example.com", "k3y"));
        }
        for name in ["", "a b", "evil.com/", "a@b", "-a", "http://x", "a.b"] {
            assert!(source(HostSource::Network(name.into())).resolve().is_err(), "{name}");
        }
    }

    #[test]
    fn a_base_url_is_taken_as_people_paste_it() {
        for (text, url) in [
            ("https://links.example.com", "https://links.example.com/"),
            ("http://127.0.0.1:8080/aff/v1/", "http://127.0.0.1:8080/"),
            ("https://example.com/api/", "https://example.com/api"),
        ] {
            let (account, _) = source(HostSource::BaseUrl(text.into())).resolve().unwrap();
            assert_eq!(account.base_url.as_str(), url);
        }
        for text in ["example.com", "ftp://x", "https://u:p@x", "https://x/?a", "https://x/#a", "file:///etc"] {
            let error = source(HostSource::BaseUrl(text.into())).resolve().unwrap_err().to_string();
            assert!(!error.contains("u:p"), "{error}");
        }
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
                mistaken.key = Some(KeySource::Value("S3cret-Key-0815".into()));
                let error = mistaken.resolve().unwrap_err();
                assert!(matches!(error, AccountError::KeyForHost(_)), "{error}");
                assert!(!error.to_string().to_lowercase().contains("s3cret"), "{error}");
            }
        }
        // A short key may be a part of a name.
        let mut short = source(HostSource::Network("demok3y".into()));
        short.key = Some(KeySource::Value("k3y".into()));
        assert!(short.resolve().is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_without_an_end_is_refused() {
        let mut endless = source(HostSource::Network("demo".into()));
        endless.key = Some(KeySource::File("/dev/zero".into()));
        let error = endless.resolve().unwrap_err().to_string();
        assert!(error.contains("/dev/zero") && error.contains("longer than a key"), "{error}");
    }

    #[test]
    fn a_colon_in_the_email_and_a_second_line_in_the_key_are_refused() {
        let mut with_colon = source(HostSource::Network("demo".into()));
        with_colon.email = Some("a:b".into());
        assert!(matches!(with_colon.resolve(), Err(AccountError::BadEmail(..))));
        let mut two_lines = source(HostSource::Network("demo".into()));
        two_lines.key = Some(KeySource::Value("secret\nmore".into()));
        let error = two_lines.resolve().unwrap_err().to_string();
        assert!(error.contains("OFFERSLOOK_API_KEY") && !error.contains("secret"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_used_with_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "k3y\r\n").unwrap();
        for (mode, warned) in [(0o600, false), (0o644, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut from_file = source(HostSource::Network("demo".into()));
            from_file.key = Some(KeySource::File(path.clone()));
            let (account, warnings) = from_file.resolve().unwrap();
            assert_eq!(account.api_key.expose_secret(), "k3y");
            assert_eq!(warnings.len(), usize::from(warned));
        }
    }
}
