//! Sends calls; the only user of reqwest.
//!
//! One call is one request on the wire: nothing is retried, no redirect is followed, nothing sleeps or logs here,
//! because everything on the wire has to pass the limiter first.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Request, Response};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use url::{Host, Url};

use super::body::{Body, Form};
use super::classify::{Received, classify};
use super::fault::{Failure, Fault, Route, Stage};
use super::retry_after;
use crate::offer::{ErrorKind, OfferId, Outcome};
use crate::settings::network::{Account, Http};
use crate::text;

/// The longest silence of the network in the middle of a call.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Below the 5 s after which many servers close idle connections, so that a call seldom meets one being closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Calls one network as one affiliate. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    http: reqwest::Client,
    /// HTTP Basic, marked sensitive.
    authorization: HeaderValue,
    /// `.../aff/v1`, without a slash at the end.
    base: Url,
    route: Route,
    max_body: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.shared.route.host)
    }
}

/// Why no client can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key would travel in the clear.
    #[error(
        "{host} is to be called over plain http, which shows the API key to everyone on the way; use https, or --allow-http if this is meant"
    )]
    PlainHttp {
        /// The host.
        host: String,
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
    #[error("the proxy must be http://HOST:PORT or https://HOST:PORT (--proxy)")]
    Proxy,
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

/// What became of one offer's call.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The links, or why there are none.
    pub outcome: Outcome,
    /// How long the network wants to be left alone; only beside `rate_limited`.
    pub retry_after: Option<Duration>,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// What the body was, where there was a whole one. HTML means a gateway or a wrong host.
    pub form: Option<Form>,
    /// The gate that failed, where there was no whole answer.
    pub fault: Option<Fault>,
    /// What else the server told.
    pub notes: ServerNotes,
}

/// What a server tells about itself beside the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerNotes {
    /// The server's clock.
    pub date: Option<SystemTime>,
    /// Rate-limit headers as received, such as `x-ratelimit-remaining`; nothing depends on them.
    pub limits: Vec<(String, String)>,
}

/// An answer that was read whole but not understood yet.
#[derive(Clone, Debug)]
pub struct RawReply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// Where a redirect leads, without user name, password, query and fragment.
    pub location: Option<String>,
}

impl RawReply {
    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        text::decode(&self.body)
    }

    /// What `classify` needs, around the body that was read from [`Self::text`].
    pub fn received<'a>(&'a self, body: &'a Body<'a>) -> Received<'a> {
        Received { status: self.status, location: self.location.as_deref(), body }
    }

    /// How long the network wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let values = self.headers.get_all(RETRY_AFTER).iter().map(HeaderValue::as_bytes);
        retry_after::longest(values, self.date(), SystemTime::now())
    }

    /// What else the server told.
    pub fn notes(&self) -> ServerNotes {
        let limits = self.headers.iter().filter(|(name, _)| is_limit_header(name));
        let limits = limits.map(|(name, value)| (name.to_string(), text::decode(value.as_bytes()).into_owned()));
        ServerNotes { date: self.date(), limits: limits.collect() }
    }

    fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get(DATE)?.to_str().ok()?).ok()
    }
}

/// `RateLimit`, `RateLimit-Policy` (IETF draft), `X-RateLimit-*` (many) and `X-Rate-Limit-*` (Yii).
fn is_limit_header(name: &HeaderName) -> bool {
    ["ratelimit", "x-ratelimit", "x-rate-limit"].iter().any(|prefix| name.as_str().starts_with(prefix))
}

impl Client {
    /// Makes a client; opens no connection yet.
    ///
    /// # Errors
    /// Settings that cannot work, or that would show the key to strangers.
    pub fn new(account: &Account, http: &Http) -> Result<Self, ClientError> {
        let base = api_root(&account.base_url)?;
        let host = host_and_port(&base).ok_or(ClientError::BaseUrl)?;
        if base.scheme() == "http" && !is_loopback(&base) && !http.allow_http {
            return Err(ClientError::PlainHttp { host });
        }
        let client = build(&base, http)?;
        // Built once by reqwest itself, which marks it sensitive, so that it never shows in a log.
        let signed = client.get(base.clone()).basic_auth(&account.email, Some(account.api_key.expose_secret())).build();
        let authorization = signed.ok().and_then(|request| request.headers().get(AUTHORIZATION).cloned());
        let authorization = authorization.ok_or(ClientError::Credentials)?;
        let route = Route {
            host,
            proxy: http.proxy.as_ref().and_then(host_and_port),
            connect_timeout: http.connect_timeout,
            read_timeout: READ_TIMEOUT.min(http.timeout),
            timeout: http.timeout,
        };
        let shared = Shared { http: client, authorization, base, route, max_body: http.max_body };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks for an offer's tracking links; whatever goes wrong is in the reply.
    pub async fn tracking_links(&self, offer: OfferId) -> Reply {
        let mut url = self.shared.base.clone();
        // Digits only, so the path cannot become another one.
        url.set_path(&format!("{}/offers/{offer}/tracking_links", url.path()));
        match self.send(url).await {
            Ok(raw) => reply(&raw),
            Err(failure) => Reply {
                http_status: failure.error.http_status,
                outcome: Err(failure.error),
                retry_after: None,
                form: None,
                fault: Some(failure.fault),
                notes: ServerNotes::default(),
            },
        }
    }

    /// Asks for anything below `/aff/v1`; segments and values are escaped, `.` and `..` are left out.
    ///
    /// # Errors
    /// There was no whole answer. An HTTP error status is an answer.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<RawReply, Failure> {
        let mut url = self.shared.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(url).await
    }

    async fn send(&self, url: Url) -> Result<RawReply, Failure> {
        let Shared { http, authorization, route, .. } = &*self.shared;
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        let sent = Instant::now();
        let mut response = http.execute(request).await.map_err(|error| {
            let (fault, words) = route.explain(&error, Stage::Head(sent.elapsed()));
            fault.failure(None, words)
        })?;
        let status = response.status();
        let (body, broken) = self.read_body(&mut response).await;
        match broken {
            // Refused, sent elsewhere or failed: the status says enough, whatever became of the rest.
            Some((fault, words)) if status.is_success() => Err(fault.failure(Some(status.as_u16()), words)),
            _ => {
                let location = response.headers().get(LOCATION).and_then(|to| redirect_target(response.url(), to));
                let headers = std::mem::take(response.headers_mut());
                Ok(RawReply { status: status.as_u16(), headers, body, location })
            }
        }
    }

    /// What could be read of the body, and why not all.
    async fn read_body(&self, response: &mut Response) -> (Bytes, Option<(Fault, String)>) {
        let Shared { route, max_body, .. } = &*self.shared;
        // Most answers come in one piece, which is then handed on as it is.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        let broken = loop {
            match response.chunk().await {
                Ok(Some(piece)) if whole.len() + pieces.len() + piece.len() > *max_body => {
                    let words = format!("the answer of {} is larger than {max_body} bytes (--max-body)", route.host);
                    break Some((Fault::TooLarge, words));
                }
                Ok(Some(piece)) if whole.is_empty() && pieces.is_empty() => whole = piece,
                Ok(Some(piece)) => {
                    pieces.extend_from_slice(&std::mem::take(&mut whole));
                    pieces.extend_from_slice(&piece);
                }
                Ok(None) => break None,
                Err(error) => break Some(route.explain(&error, Stage::Body)),
            }
        };
        (if pieces.is_empty() { whole } else { pieces.freeze() }, broken)
    }
}

fn reply(raw: &RawReply) -> Reply {
    let text = raw.text();
    let body = Body::read(&text);
    let outcome = classify(raw.received(&body));
    let throttled = matches!(&outcome, Err(error) if error.kind == ErrorKind::RateLimited);
    Reply {
        outcome,
        retry_after: if throttled { raw.retry_after() } else { None },
        http_status: Some(raw.status),
        form: Some(body.form()),
        fault: None,
        notes: raw.notes(),
    }
}

/// The base URL with `/aff/v1`, whether or not it ends in a slash.
fn api_root(base_url: &Url) -> Result<Url, ClientError> {
    if !matches!(base_url.scheme(), "http" | "https") || !base_url.has_host() {
        return Err(ClientError::BaseUrl);
    }
    let mut root = base_url.clone();
    root.set_path(&format!("{}/aff/v1", base_url.path().trim_end_matches('/')));
    Ok(root)
}

fn host_and_port(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// Where a `Location` leads, in a form that may be shown: it may come with a password or a session.
fn redirect_target(from: &Url, location: &HeaderValue) -> Option<String> {
    let mut target = from.join(location.to_str().ok()?).ok()?;
    target.set_query(None);
    target.set_fragment(None);
    if target.has_host() {
        target.set_username("").ok()?;
        target.set_password(None).ok()?;
    }
    Some(target.into())
}

fn build(base: &Url, http: &Http) -> Result<reqwest::Client, ClientError> {
    // Fails only where one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let user_agent = HeaderValue::from_str(&http.user_agent).map_err(|_| ClientError::UserAgent)?;
    let mut builder = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]))
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(true)
        .http1_only()
        .tcp_nodelay(true)
        .https_only(base.scheme() == "https")
        .connect_timeout(http.connect_timeout)
        .read_timeout(READ_TIMEOUT.min(http.timeout))
        .timeout(http.timeout)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(http.concurrency.max(1));
    if let Some(proxy) = &http.proxy {
        if !matches!(proxy.scheme(), "http" | "https") {
            return Err(ClientError::Proxy);
        }
        builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(|_| ClientError::Proxy)?);
    } else if is_loopback(base) {
        // A proxy of the environment cannot reach this machine's loopback, and must not see the key in the clear.
        builder = builder.no_proxy();
    }
    let uses_tls = base.scheme() == "https" || http.proxy.as_ref().is_some_and(|proxy| proxy.scheme() == "https");
    builder = match &http.cacert {
        Some(path) => builder.tls_certs_merge(certificates(path)?),
        None if uses_tls => builder,
        // Spares a sandbox run the system's certificates: it starts faster, and where there are none.
        None => builder.tls_certs_only([]),
    };
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

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
