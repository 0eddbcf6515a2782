//! Sends calls.
//!
//! One call is one request on the wire: nothing is retried, no redirect is followed, nothing sleeps or logs here,
//! because everything on the wire has to pass the limiter first.

use std::fmt;
use std::sync::{Arc, Mutex};

use reqwest::header::{AUTHORIZATION, HeaderMap, LOCATION};
use reqwest::tls::TlsInfo;
use reqwest::{Method, Request, StatusCode};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::api::connect::{self, ClientError, Fabric};
use crate::api::documented;
use crate::api::proxy::Proxy;
use crate::api::receive::{Incoming, Room};
use crate::api::redact::Redactor;
use crate::api::reply::{RawReply, redirect_target};
use crate::api::route::{Route, Stage};
use crate::api::transport_error::{Fault, TransportError};
use crate::api::tunnel;
use crate::api::way::Way;
use crate::settings::network::{Account, Http};

/// Calls one network as one affiliate. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    http: reqwest::Client,
    /// Those of every call. HTTP Basic is marked sensitive.
    headers: HeaderMap,
    /// `.../aff/v1`, without a slash at the end.
    pub(super) base: Url,
    route: Route,
    proxy: Option<Proxy>,
    way: Way,
    /// For bodies.
    room: Room,
    /// Reads its ordinary answers.
    pub(super) documented: Mutex<documented::Reader>,
    pub(super) secrets: Redactor,
    fabric: Fabric,
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
        let headers = connect::headers(&base, http, authorization.ok_or(ClientError::Credentials)?)?;
        let secrets = Redactor::of(account).beside(&http.known_keys);
        let room = Room::beside(others.first().map(|other| &other.shared.room), http.max_body);
        let way = Way::new(http.host_named_by.clone(), proxy.as_ref().map(|proxy| proxy.named_by.clone()));
        let documented = Mutex::default();
        let shared = Shared { http: client, headers, base, route, proxy, way, room, documented, secrets, fabric };
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
        let Shared { http, headers, route, room, .. } = &*self.shared;
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = headers.clone();
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
        let (body, broken) = Incoming { response: &mut response, route, room, sent }.read().await;
        match broken {
            // Refused, sent elsewhere or failed: the status says enough, whatever became of the rest.
            Some((fault, words)) if status.is_success() => Err(fault.failure(Some(status.as_u16()), words)),
            _ => {
                let location = response.headers().get(LOCATION).filter(|_| status.is_redirection());
                let location = location.and_then(|to| redirect_target(response.url(), to));
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
}

#[cfg(test)]
mod tests;
