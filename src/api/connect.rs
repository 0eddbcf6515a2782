//! How connections are made: TLS, proxy, timeouts, and the settings that are refused.
//!
//! Opens none itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use url::{Host, Url};

use crate::api::proxy::{self, Proxy};
use crate::api::route::Route;
use crate::settings::network::{Http, host_and_port};

/// The longest silence of the network in the middle of a call.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Below the 5 s after which many servers close idle connections, so that a call seldom meets one being closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Why no client can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key would travel in the clear.
    #[error(
        "calls to {host} would use plain http, which shows the API key to everyone on the way; use https in {named_by}, or --allow-http if you mean it"
    )]
    PlainHttp {
        /// The host.
        host: String,
        /// The flag, the variable or the line that names it.
        named_by: String,
    },
    /// Not a place on the web.
    #[error("the base URL must start with https:// and name a host, such as https://NAME.api.offerslook.com")]
    BaseUrl,
    /// The certificate file cannot be read.
    #[error("cannot read the certificates in {} (--cacert)", path.display())]
    Cacert {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificate file holds something else.
    #[error("{} (--cacert) holds no PEM certificate: expected text with -----BEGIN CERTIFICATE-----", path.display())]
    CacertNotPem {
        /// The file.
        path: PathBuf,
    },
    /// Only HTTP proxies are supported. Names no URL: it may hold a password.
    #[error(
        "the proxy ({named_by}) cannot be used, and no call is made without it: it must be http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host where it wants that; SOCKS is not supported"
    )]
    Proxy {
        /// The flag or the variable that names it.
        named_by: String,
    },
    /// A header cannot hold it.
    #[error("the user agent must be printable text on one line (--user-agent)")]
    UserAgent,
    /// A header cannot hold it.
    #[error("the e-mail and the API key cannot be sent as a header")]
    Credentials,
    /// No TLS on this machine.
    #[error("TLS cannot be set up: {reason}; install the system's CA certificates or check --cacert")]
    Tls {
        /// What the TLS library says.
        reason: String,
    },
}

/// The base URL with `/aff/v1`, whether or not it ends in a slash.
pub(crate) fn api_root(base_url: &Url) -> Result<Url, ClientError> {
    if !matches!(base_url.scheme(), "http" | "https") || !base_url.has_host() {
        return Err(ClientError::BaseUrl);
    }
    let mut root = base_url.clone();
    root.set_path(&format!("{}/aff/v1", base_url.path().trim_end_matches('/')));
    Ok(root)
}

/// Whom calls go to.
///
/// # Errors
/// The key would travel in the clear.
pub(crate) fn route(base: &Url, http: &Http, proxy: Option<&Proxy>) -> Result<Route, ClientError> {
    let host = host_and_port(base).ok_or(ClientError::BaseUrl)?;
    if base.scheme() == "http" && !is_loopback(base) && !http.allow_http {
        return Err(ClientError::PlainHttp { host, named_by: http.host_named_by.clone() });
    }
    Ok(Route {
        host,
        proxy: proxy.and_then(|proxy| host_and_port(&proxy.url)),
        connect_timeout: http.connect_timeout,
        read_timeout: READ_TIMEOUT.min(http.timeout),
        timeout: http.timeout,
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// The proxy for all calls.
///
/// # Errors
/// It cannot be used.
pub(crate) fn proxy(base: &Url, http: &Http) -> Result<Option<Proxy>, ClientError> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    proxy::choose(base, http.proxy.as_ref(), is_loopback(base), variable)
}

/// What is to become the HTTP client, under the rules of this program. The timeouts of a call are the caller's to keep.
///
/// # Errors
/// Settings that cannot work.
pub(crate) fn builder(base: &Url, http: &Http, proxy: Option<&Proxy>) -> Result<reqwest::ClientBuilder, ClientError> {
    // Fails only where one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // Without the number every request is copied for a second attempt that never comes.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .https_only(base.scheme() == "https")
        .connect_timeout(http.connect_timeout)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(http.concurrency.max(1));
    if let Some(Proxy { url, named_by }) = proxy {
        let bad = |_| ClientError::Proxy { named_by: named_by.clone() };
        builder = builder.proxy(reqwest::Proxy::all(url.clone()).map_err(bad)?);
    } else if is_loopback(base) || cfg!(not(any(windows, target_os = "macos"))) {
        // The environment was read by then; where the system itself has a setting, that counts.
        builder = builder.no_proxy();
    }
    Ok(match &http.cacert {
        Some(path) => builder.tls_certs_merge(certificates(path)?),
        // Spares a sandbox run the system's certificates: it starts faster, and where there are none.
        None if base.scheme() == "http" && is_loopback(base) && proxy.is_none() => builder.tls_certs_only([]),
        None => builder,
    })
}

/// The headers of every call to a network.
///
/// They are put into a request at once, which costs a third of what the client takes to add its own one by one; `Host`
/// it would even print anew for each.
///
/// # Errors
/// A header cannot hold what it is to say.
pub(crate) fn headers(base: &Url, http: &Http, authorization: HeaderValue) -> Result<HeaderMap, ClientError> {
    let host = host_and_port(base).and_then(|host| HeaderValue::try_from(host).ok()).ok_or(ClientError::BaseUrl)?;
    let user_agent = HeaderValue::from_str(&http.user_agent).map_err(|_| ClientError::UserAgent)?;
    Ok(HeaderMap::from_iter([
        (HOST, host),
        (AUTHORIZATION, authorization),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (USER_AGENT, user_agent),
    ]))
}

/// Everything about an HTTP client that [`builder`] decides: two networks that agree in it can share one, with its TLS
/// settings, which take a megabyte, and its connections, which are kept by host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fabric {
    is_https: bool,
    is_loopback: bool,
    proxy: Option<Url>,
    cacert: Option<PathBuf>,
    connect_timeout: Duration,
    concurrency: usize,
}

impl Fabric {
    /// That of a client for this network.
    pub(crate) fn of(base: &Url, http: &Http, proxy: Option<&Proxy>) -> Self {
        Self {
            is_https: base.scheme() == "https",
            is_loopback: is_loopback(base),
            proxy: proxy.map(|proxy| proxy.url.clone()),
            cacert: http.cacert.clone(),
            connect_timeout: http.connect_timeout,
            concurrency: http.concurrency,
        }
    }
}

/// The HTTP client.
///
/// # Errors
/// No TLS on this machine.
pub(crate) fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    builder.build().map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |&cause| cause.source());
        ClientError::Tls { reason: causes.last().map_or_else(|| "no cause given".to_owned(), ToString::to_string) }
    })
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let pem = std::fs::read(path).map_err(|source| ClientError::Cacert { path: path.to_owned(), source })?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(ClientError::CacertNotPem { path: path.to_owned() }),
    }
}
