//! Says in plain words why there was no answer, or no whole one.
//!
//! Looks at error types, not at their texts, wherever there is a type to look at. A message names the host and never
//! a URL, so that neither a key nor a proxy's password can be in it.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::api::tls_failure::tls_failed;
use crate::api::transport_error::Fault;

/// Whom a call goes to, for the words of a failure.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The host, with its port where that is not the usual one.
    pub(crate) host: String,
    /// The host of the proxy that the user named.
    pub(crate) proxy: Option<String>,
    /// For DNS, TCP and TLS together.
    pub(crate) connect_timeout: Duration,
    /// Until the first byte of an answer, and between two pieces of it.
    pub(crate) read_timeout: Duration,
    /// For the whole call.
    pub(crate) timeout: Duration,
}

/// How far a call had come when it failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stage {
    /// Before there was a connection.
    Connecting,
    /// Before the answer's head was there; how long it was waited for.
    Head(Duration),
    /// While the body was read.
    Body,
}

impl Route {
    /// Which gate failed, and the words for it.
    pub(crate) fn explain(&self, error: &reqwest::Error, stage: Stage) -> (Fault, String) {
        let host = &self.host;
        let stage = match stage {
            Stage::Head(_) if error.is_connect() => Stage::Connecting,
            stage => stage,
        };
        // Before all else: a timeout while the body is read says that it is a decoding error too.
        if error.is_timeout() {
            return self.timed_out(stage);
        }
        let root = root_cause(error);
        if error.is_dns() {
            let name = self.proxy.as_ref().unwrap_or(host);
            return if is_no_such_host(&root) {
                (Fault::UnknownHost, format!("unknown host {name}: {root}"))
            } else {
                (Fault::Dns, format!("the name of {name} cannot be looked up: {root}"))
            };
        }
        // TLS refuses some names before they are looked up.
        if root == "invalid dns name" {
            return (Fault::UnknownHost, format!("unknown host {host}: no host can have this name"));
        }
        if let Some(tls) = chain(error).find_map(<dyn Error>::downcast_ref) {
            return tls_failed(host, tls);
        }
        let io_kind = chain(error).filter_map(<dyn Error>::downcast_ref::<io::Error>).last().map(io::Error::kind);
        if chain(error).any(|cause| cause.to_string().starts_with("tunnel error")) {
            return self.tunnel_failed(io_kind, &root);
        }
        let not_http = || format!("the answer of {host} is not sound HTTP: {root}");
        match stage {
            Stage::Body if matches!(io_kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) => {
                // What reads the pieces of a body wraps its complaint; what decompresses it does not.
                let decompressing = error.source().is_some_and(<dyn Error>::is::<io::Error>);
                let words = || format!("the answer of {host} cannot be decompressed: {root}");
                (Fault::Garbled, if decompressing { words() } else { not_http() })
            }
            Stage::Body => (Fault::Cut, format!("the answer of {host} broke off: {root}")),
            Stage::Connecting => {
                let target = match &self.proxy {
                    Some(proxy) => format!("{host} through the proxy {proxy}"),
                    None => host.clone(),
                };
                let words = match io_kind {
                    Some(io::ErrorKind::ConnectionRefused) => format!("connection refused by {target}"),
                    Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                        format!("{target} closed the connection while it was being made: {root}")
                    }
                    _ => format!("no connection to {target}: {root}"),
                };
                (Fault::Connect, words)
            }
            // What other protocols begin with: TLS, HTTP/2, SSH.
            Stage::Head(_) if root == "invalid HTTP version parsed" => (Fault::NotHttp, not_http()),
            // The parser's complaints have no type that could be looked at.
            Stage::Head(_) if root.contains(" parsed") || root == "message head is too large" => {
                (Fault::Closed, not_http())
            }
            Stage::Head(_) => (Fault::Closed, format!("{host} closed the connection without an answer: {root}")),
        }
    }

    pub(crate) fn timed_out(&self, stage: Stage) -> (Fault, String) {
        let host = &self.host;
        match stage {
            Stage::Connecting => {
                let limit = self.connect_timeout.min(self.timeout);
                (Fault::ConnectTimeout, format!("no connection to {host} within {limit:?}"))
            }
            Stage::Head(waited) => {
                let limit = if waited < self.timeout { self.read_timeout } else { self.timeout };
                (Fault::AnswerTimeout, format!("no answer from {host} within {limit:?}"))
            }
            Stage::Body => {
                (Fault::AnswerTimeout, format!("the answer of {host} was not complete within {:?}", self.timeout))
            }
        }
    }

    /// The words for an answer of more than `most` bytes.
    pub(crate) fn too_large(&self, most: usize) -> String {
        format!("the answer of {} is larger than {most} bytes (--max-body)", self.host)
    }

    /// Which gate failed, and its message, where a proxy was asked for a tunnel.
    fn tunnel_failed(&self, io_kind: Option<io::ErrorKind>, root: &str) -> (Fault, String) {
        let (host, proxy) = (&self.host, self.proxy.as_deref().unwrap_or("of the system"));
        if root.ends_with("proxy authorization required") {
            return (Fault::ProxyLogin, self.login_refused());
        }
        if root.ends_with("unsuccessful") {
            // The status is not known here: the caller asks for it.
            return (Fault::ProxyRefusal, self.no_tunnel(None));
        }
        let words = if io_kind == Some(io::ErrorKind::ConnectionRefused) {
            format!("connection refused by the proxy {proxy} on the way to {host}")
        } else {
            format!("the proxy {proxy} does not let the call to {host} pass: {root}")
        };
        (Fault::Proxy, words)
    }

    /// The words for a tunnel that the proxy does not open.
    pub(crate) fn no_tunnel(&self, status: Option<u16>) -> String {
        let proxy = self.proxy.as_deref().unwrap_or("of the system");
        let status = status.map_or_else(String::new, |status| format!(": HTTP {status}"));
        format!("the proxy {proxy} does not let the call to {} pass{status}", self.host)
    }

    /// The words for a log-in that the proxy refuses.
    pub(crate) fn login_refused(&self) -> String {
        let proxy = self.proxy.as_deref().unwrap_or("of the system");
        format!("the proxy {proxy} on the way to {} refuses the user name or password (HTTP 407)", self.host)
    }
}

/// Whether the name servers have answered that there is no such name, and not failed to answer: then it may pass.
///
/// The standard library gives the resolver's words only. These are those of glibc, musl, macOS and the BSDs, and
/// Windows, for `EAI_NONAME`, `EAI_NODATA` and `WSAHOST_NOT_FOUND`; `EAI_AGAIN` and `EAI_FAIL` have others.
fn is_no_such_host(words: &str) -> bool {
    [
        "Name or service not known",
        "No address associated with",
        "Name does not resolve",
        "Name has no usable address",
        "nodename nor servname provided",
        "No such host is known",
        "os error 11001",
    ]
    .iter()
    .any(|known| words.contains(known))
}

/// The causes of an error, the nearest first. An I/O error's own `source` steps over the error that it wraps, which is
/// where TLS errors hide, so that one is asked for by name.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}

/// The words of the innermost cause.
fn root_cause(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(|| "no cause given".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests;
