//! Sends calls.
//!
//! One call is one request on the wire: nothing is retried, no redirect is followed, nothing sleeps or logs here,
//! because everything on the wire has to pass the limiter first.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderValue, LOCATION};
use reqwest::tls::TlsInfo;
use reqwest::{Method, Request, Response, StatusCode};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::api::connect::{self, ClientError, Fabric};
use crate::api::decode::{BadBody, Decoder};
use crate::api::proxy::Proxy;
use crate::api::redact::Redactor;
use crate::api::reply::{RawReply, redirect_target};
use crate::api::route::{Route, Stage};
use crate::api::transport_error::{Fault, TransportError};
use crate::api::tunnel;
use crate::api::way::Way;
use crate::settings::network::{Account, Http};

/// The memory that large bodies may take together, in bytes, whatever `--concurrency` and `--max-body` are.
const LARGE_BODIES: usize = 32 << 20;
/// Larger bodies count as large.
const ORDINARY_BODY: usize = 256 << 10;

/// Calls one network as one affiliate. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    http: reqwest::Client,
    /// HTTP Basic, marked sensitive.
    authorization: HeaderValue,
    /// `.../aff/v1`, without a slash at the end.
    pub(super) base: Url,
    route: Route,
    proxy: Option<Proxy>,
    way: Way,
    max_body: usize,
    pub(super) secrets: Redactor,
    /// As many large bodies may be read at once, of all networks together; the others wait after their first part.
    large: Arc<Semaphore>,
    fabric: Fabric,
}

/// Why a body is not whole.
enum Broken {
    Read(Fault, String),
    Decoded(BadBody),
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.shared.route.host)
    }
}

impl Client {
    /// Makes a client; opens no connection yet.
    ///
    /// # Errors
    /// Settings that cannot work, or that would show the key to strangers.
    pub fn new(account: &Account, http: &Http) -> Result<Self, ClientError> {
        Self::among(&[], account, http)
    }

    /// The same for one of several networks: shares with the clients of `others` what networks can share, so that one more
    /// costs kilobytes. Accounts are never shared.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn among(others: &[Self], account: &Account, http: &Http) -> Result<Self, ClientError> {
        Self::made_by(connect::builder, others, (account, http))
    }

    /// Makes a client that keeps the host's certificate with every answer, for those who want to look at it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn inspecting(account: &Account, http: &Http) -> Result<Self, ClientError> {
        Self::made_by(|base, http, proxy| Ok(connect::builder(base, http, proxy)?.tls_info(true)), &[], (account, http))
    }

    fn made_by(
        builder: impl FnOnce(&Url, &Http, Option<&Proxy>) -> Result<reqwest::ClientBuilder, ClientError>,
        others: &[Self],
        (account, http): (&Account, &Http),
    ) -> Result<Self, ClientError> {
        let base = connect::api_root(&account.base_url)?;
        let proxy = connect::proxy(&base, http)?;
        let route = connect::route(&base, http, proxy.as_ref())?;
        let fabric = Fabric::of(&base, http, proxy.as_ref());
        let client = match others.iter().find(|other| other.shared.fabric == fabric) {
            Some(other) => other.shared.http.clone(),
            None => connect::build(builder(&base, http, proxy.as_ref())?)?,
        };
        // Built once by reqwest itself, which marks it sensitive, so that it never shows in a log.
        let signed = client.get(base.clone()).basic_auth(&account.email, Some(account.api_key.expose_secret())).build();
        let authorization = signed.ok().and_then(|request| request.headers().get(AUTHORIZATION).cloned());
        let authorization = authorization.ok_or(ClientError::Credentials)?;
        let secrets = Redactor::of(account).beside(&http.known_keys);
        let large = others.first().map_or_else(
            || Arc::new(Semaphore::new((LARGE_BODIES / http.max_body).max(1))),
            |other| Arc::clone(&other.shared.large),
        );
        let way = Way::new(http.host_named_by.clone(), proxy.as_ref().map(|proxy| proxy.named_by.clone()));
        let max_body = http.max_body;
        let shared = Shared { http: client, authorization, base, route, proxy, way, max_body, secrets, large, fabric };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks for anything below `/aff/v1`; segments and values are escaped, `.` and `..` are left out.
    ///
    /// # Errors
    /// There was no whole answer. An HTTP error status is an answer.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<RawReply, TransportError> {
        let mut url = self.shared.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(url).await
    }

    /// Why the run has to end after a call without an answer that failed in this way, in words of what to do: it
    /// cannot pass by itself.
    pub fn closed(&self, fault: Fault) -> Option<String> {
        self.shared.way.closed(fault)
    }

    /// What to do about a fault.
    pub fn way_out(&self, fault: Fault) -> String {
        self.shared.way.way_out(fault)
    }

    /// The proxy that calls go through, and by what it was named.
    pub fn proxy(&self) -> Option<(&Url, &str)> {
        self.shared.proxy.as_ref().map(|proxy| (&proxy.url, proxy.named_by.as_str()))
    }

    pub(super) async fn send(&self, url: Url) -> Result<RawReply, TransportError> {
        let sent = self.send_once(url).await;
        match &sent {
            Err(failure) if failure.error.http_status.is_none() || failure.fault == Fault::ProxyLogin => {
                self.shared.way.failed(failure.fault);
            }
            _ => self.shared.way.passed(),
        }
        sent
    }

    async fn send_once(&self, url: Url) -> Result<RawReply, TransportError> {
        let Shared { http, authorization, route, .. } = &*self.shared;
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        let sent = Instant::now();
        // Timed here, because reqwest starts three timers for every call, where most need this one only.
        let answer = timeout(route.read_timeout, http.execute(request)).await.map_err(|_| None);
        let mut response = match answer.and_then(|answer| answer.map_err(Some)) {
            Ok(response) => response,
            Err(error) => {
                let stage = Stage::Head(sent.elapsed());
                let (fault, words) = match error {
                    Some(error) => route.explain(&error, stage),
                    None => route.timed_out(stage),
                };
                let (fault, words) =
                    if fault == Fault::ProxyRefusal { self.without_tunnel().await } else { (fault, words) };
                return Err(fault.failure(None, words));
            }
        };
        let status = response.status();
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED && route.proxy.is_some() {
            return Err(Fault::ProxyLogin.failure(Some(status.as_u16()), route.login_refused()));
        }
        let (body, broken) = self.read_body(&mut response, sent).await;
        match broken {
            // Refused, sent elsewhere or failed: the status says enough, whatever became of the rest.
            Some((fault, words)) if status.is_success() => Err(fault.failure(Some(status.as_u16()), words)),
            _ => {
                let location = response.headers().get(LOCATION).and_then(|to| redirect_target(response.url(), to));
                let tls = response.extensions_mut().remove::<TlsInfo>();
                let certificate = tls.and_then(|tls| tls.peer_certificate().map(<[u8]>::to_vec));
                let headers = std::mem::take(response.headers_mut());
                Ok(RawReply { status: status.as_u16(), headers, body, location, certificate })
            }
        }
    }

    /// What a proxy means that has opened no tunnel.
    async fn without_tunnel(&self) -> (Fault, String) {
        let Shared { base, route, proxy, way, .. } = &*self.shared;
        let now = match proxy {
            Some(proxy) if way.may_ask() => tunnel::status(&proxy.url, base).await,
            _ => None,
        };
        let said = way.proxy_says(now);
        match tunnel::meaning(said) {
            Fault::ProxyLogin => (Fault::ProxyLogin, route.login_refused()),
            fault => (fault, route.no_tunnel(said)),
        }
    }

    /// What could be read of the body, and why not all.
    async fn read_body(&self, response: &mut Response, sent: Instant) -> (Bytes, Option<(Fault, String)>) {
        let Shared { route, max_body, .. } = &*self.shared;
        let codings = response.headers().get_all(CONTENT_ENCODING).iter();
        let codings: Vec<_> = codings.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let tell = |bad: BadBody| match bad {
            BadBody::TooLarge => (Fault::TooLarge, route.too_large(*max_body)),
            BadBody::Garbled(why) => {
                (Fault::Garbled, format!("the answer of {} cannot be decompressed: {why}", route.host))
            }
        };
        let mut decoder = match Decoder::of(codings.iter().map(String::as_str), *max_body) {
            Ok(decoder) => decoder,
            Err(bad) => return (Bytes::new(), Some(tell(bad))),
        };
        let (body, broken) = self.read_pieces(response, sent, decoder.as_mut()).await;
        let whole = match (decoder, broken) {
            (_, Some(Broken::Read(fault, words))) => return (body, Some((fault, words))),
            (_, Some(Broken::Decoded(bad))) => return (body, Some(tell(bad))),
            (None, None) => return (body, None),
            (Some(decoder), None) => decoder.finish(),
        };
        whole.map_or_else(|bad| (Bytes::new(), Some(tell(bad))), |whole| (whole.into(), None))
    }

    /// The pieces of a body, put together or handed to the decoder.
    async fn read_pieces(
        &self,
        response: &mut Response,
        sent: Instant,
        mut decoder: Option<&mut Decoder>,
    ) -> (Bytes, Option<Broken>) {
        let Shared { route, max_body, large, .. } = &*self.shared;
        let mut compressed = 0;
        // Most answers come in one piece, which is then handed on as it is.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        let mut place = None;
        let broken = loop {
            let left = route.timeout.saturating_sub(sent.elapsed()).min(route.read_timeout);
            let held = whole.len() + pieces.len() + decoder.as_ref().map_or(0, |decoder| decoder.size()) + compressed;
            if place.is_none() && held > ORDINARY_BODY {
                place = timeout(left, large.acquire()).await.ok();
            }
            let left = route.timeout.saturating_sub(sent.elapsed()).min(route.read_timeout);
            let Ok(piece) = timeout(left, response.chunk()).await else {
                let (fault, words) = route.timed_out(Stage::Body);
                break Some(Broken::Read(fault, words));
            };
            match piece {
                Ok(Some(piece)) if whole.len() + pieces.len() + compressed + piece.len() > *max_body => {
                    break Some(Broken::Decoded(BadBody::TooLarge));
                }
                Ok(Some(piece)) if decoder.is_some() => {
                    compressed += piece.len();
                    if let Some(Err(bad)) = decoder.as_mut().map(|decoder| decoder.take(&piece)) {
                        break Some(Broken::Decoded(bad));
                    }
                }
                Ok(Some(piece)) if whole.is_empty() && pieces.is_empty() => whole = piece,
                Ok(Some(piece)) => {
                    pieces.extend_from_slice(&std::mem::take(&mut whole));
                    pieces.extend_from_slice(&piece);
                }
                Ok(None) => break None,
                Err(error) => {
                    let (fault, words) = route.explain(&error, Stage::Body);
                    break Some(Broken::Read(fault, words));
                }
            }
        };
        (if pieces.is_empty() { whole } else { pieces.freeze() }, broken)
    }
}

#[cfg(test)]
mod tests;
