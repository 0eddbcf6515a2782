//! Which network is called, as whom, and how a connection is made.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::settings::known_keys::KnownKeys;

/// An affiliate's account at one network.
#[derive(Clone, Debug)]
pub struct Account {
    /// Where the API lives, without `/aff/v1`; http or https, never with user name, password, query or fragment.
    pub base_url: Url,
    /// The affiliate's e-mail: the user name of HTTP Basic, so never with a colon (RFC 7617).
    pub email: String,
    /// The API key: the password of HTTP Basic.
    pub api_key: SecretString,
}

impl Account {
    /// The host as the user knows it, without scheme and path.
    pub fn host(&self) -> String {
        host_and_port(&self.base_url).unwrap_or_default()
    }
}

/// The host of a URL, with the port where it is not the scheme's default.
pub fn host_and_port(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// How calls are made.
#[derive(Clone, Debug)]
pub struct Http {
    /// From the start of a call to the last byte of its answer.
    pub timeout: Duration,
    /// For DNS, TCP and TLS together.
    pub connect_timeout: Duration,
    /// A proxy for every call; `None` leaves the choice to the environment (`HTTPS_PROXY`, ...).
    pub proxy: Option<Url>,
    /// The setting that names the host, such as `OFFERSLOOK_NETWORK (demo)`: where the user can correct it.
    pub host_named_by: String,
    /// A PEM file of certificate authorities that are trusted in addition to the system's.
    pub cacert: Option<PathBuf>,
    /// Lets the key travel over plain http to hosts other than loopback.
    pub allow_http: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The largest answer that is read, in bytes after decompression.
    pub max_body: usize,
    /// The most calls in flight at once, so the most idle connections worth keeping.
    pub concurrency: usize,
    /// The keys of all networks of the job, where there are several: each network hides all of them.
    pub known_keys: KnownKeys,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            proxy: None,
            host_named_by: "--network or --base-url".to_owned(),
            cacert: None,
            allow_http: false,
            user_agent: concat!("offerlinks/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_body: 8 << 20,
            concurrency: 16,
            known_keys: KnownKeys::default(),
        }
    }
}
