//! A call without a usable answer: which part of the way to the network failed, and which error kind that is.
//!
//! Must not word anything: [`route`](crate::api::route) does.

use crate::offer::{ErrorKind, OfferError};

/// A call without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", error.message)]
pub struct TransportError {
    /// The error row.
    pub error: OfferError,
    /// The gate that failed.
    pub fault: Fault,
}

impl From<TransportError> for OfferError {
    fn from(failure: TransportError) -> Self {
        failure.error
    }
}

/// Where on its way a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The host's name cannot be looked up now: the name servers do not answer.
    Dns,
    /// There is no such host: the name servers say so.
    UnknownHost,
    /// Nobody listens there, or there is no way to it.
    Connect,
    /// No connection in time.
    ConnectTimeout,
    /// The proxy does not pass the call on: it is not there, it is full, or it cannot reach the host.
    Proxy,
    /// The proxy's rules refuse the host, or it is no proxy for https at all.
    ProxyRefusal,
    /// The proxy refuses the user name or the password, or wants some.
    ProxyLogin,
    /// The host's certificate is expired, of an unknown issuer or for another name: waiting does not fix it.
    Certificate,
    /// Any other failure of the TLS handshake.
    Tls,
    /// No TLS that both sides speak: an answer that is not TLS, or another protocol inside of it.
    TlsMismatch,
    /// An answer that is not HTTP/1.1: TLS, HTTP/2 or something else.
    NotHttp,
    /// Connected, but no whole answer in time.
    AnswerTimeout,
    /// The connection was closed before an answer came, or what came has no head that can be read.
    Closed,
    /// The answer broke off.
    Cut,
    /// The answer's body cannot be put together or decompressed.
    Garbled,
    /// The answer is larger than the program is willing to read.
    TooLarge,
}

impl Fault {
    /// The word in the `error_kind` column.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::ConnectTimeout | Self::AnswerTimeout => ErrorKind::Timeout,
            Self::Garbled => ErrorKind::InvalidResponse,
            Self::TooLarge => ErrorKind::BodyTooLarge,
            Self::Dns
            | Self::UnknownHost
            | Self::Connect
            | Self::Proxy
            | Self::ProxyRefusal
            | Self::ProxyLogin
            | Self::Certificate
            | Self::Tls
            | Self::TlsMismatch
            | Self::NotHttp
            | Self::Closed
            | Self::Cut => ErrorKind::Network,
        }
    }

    /// Whether waiting cannot fix it: a setting or a certificate has to be changed.
    pub const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::UnknownHost
                | Self::ProxyRefusal
                | Self::ProxyLogin
                | Self::Certificate
                | Self::TlsMismatch
                | Self::NotHttp
        )
    }

    /// The error row for it.
    pub(crate) fn failure(self, http_status: Option<u16>, message: String) -> TransportError {
        let error = OfferError { kind: self.kind(), http_status, code: None, message: message.into() };
        TransportError { error, fault: self }
    }
}
