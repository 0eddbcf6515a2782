//! What comes back from a call: as it was read, and as it was understood.
//!
//! Knows headers, but no connection.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::api::body::{Body, Form};
use crate::api::classify::Received;
use crate::api::transport_error::{Fault, TransportError};
use crate::api::wait_hint;
use crate::offer::{Answer, ErrorKind, OfferError};
use crate::text;

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Reply<T = Answer> {
    /// What was asked for, or why it did not come.
    pub outcome: Result<T, OfferError>,
    /// How long the network wants to be left alone; only beside `rate_limited`.
    pub retry_after: Option<Duration>,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// What the body was, where there was a whole one. HTML means a gateway or a wrong host.
    pub form: Option<Form>,
    /// The gate that failed, where there was no whole answer.
    pub fault: Option<Fault>,
    /// It is a redirect to another host, which no limiter and no maintenance page needs.
    pub leads_elsewhere: bool,
}

impl<T> Reply<T> {
    /// What an answer means, by a reader of bodies.
    pub(crate) fn understand(raw: &RawReply, read: impl FnOnce(&RawReply, &Body<'_>) -> Result<T, OfferError>) -> Self {
        let text = raw.text();
        let body = Body::read(&text);
        let outcome = read(raw, &body);
        let throttled = matches!(&outcome, Err(error) if error.kind == ErrorKind::RateLimited);
        Self {
            outcome,
            retry_after: if throttled { raw.retry_after() } else { None },
            http_status: Some(raw.status),
            form: Some(body.form()),
            fault: None,
            leads_elsewhere: raw.location.as_ref().is_some_and(|location| location.is_elsewhere),
        }
    }

    /// For an answer in JSON that is understood already, and does not ask to be left alone.
    pub(crate) fn of_json(outcome: Result<T, OfferError>, status: u16) -> Self {
        let (http_status, form) = (Some(status), Some(Form::Json));
        Self { outcome, retry_after: None, http_status, form, fault: None, leads_elsewhere: false }
    }

    /// The same with what came in another shape.
    pub(crate) fn map<U>(self, shape: impl FnOnce(T) -> U) -> Reply<U> {
        let Self { outcome, retry_after, http_status, form, fault, leads_elsewhere } = self;
        Reply { outcome: outcome.map(shape), retry_after, http_status, form, fault, leads_elsewhere }
    }

    /// For a call that got no whole answer.
    pub(crate) fn without_answer(failure: TransportError) -> Self {
        Self {
            http_status: failure.error.http_status,
            outcome: Err(failure.error),
            retry_after: None,
            form: None,
            fault: Some(failure.fault),
            leads_elsewhere: false,
        }
    }
}

/// What a server says about itself beside the answer.
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
    /// Where a redirect leads.
    pub location: Option<Location>,
    /// The host's certificate in DER, where the client was made to keep it.
    pub certificate: Option<Vec<u8>>,
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Without user name, password, query and fragment: it may come with a password or a session.
    pub shown: String,
    /// It is another host, port or scheme than the one that was called.
    pub is_elsewhere: bool,
}

impl RawReply {
    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        text::decode(&self.body)
    }

    /// What `classify` needs, around the body that was read from [`Self::text`].
    pub fn received<'a>(&'a self, body: &'a Body<'a>) -> Received<'a> {
        Received { status: self.status, location: self.location.as_ref().map(|location| &*location.shown), body }
    }

    /// How long the network wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        wait_hint::read(headers, self.date(), SystemTime::now())
    }

    /// What else the server said.
    pub fn notes(&self) -> ServerNotes {
        let limits = self.headers.iter().filter(|(name, _)| is_limit_header(name));
        let limits = limits.map(|(name, value)| (name.to_string(), text::decode(value.as_bytes()).into_owned()));
        ServerNotes { date: self.date(), limits: limits.collect() }
    }

    fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.headers.get(DATE)?.to_str().ok()?).ok()
    }
}

/// Whether an error is the page of a host that is not the API: a gateway, a captive portal, a typing error.
pub fn is_foreign_page(form: Option<Form>, error: &OfferError) -> bool {
    form == Some(Form::Html) && error.kind == ErrorKind::InvalidResponse
}

/// `RateLimit`, `RateLimit-Policy` (IETF draft), `X-RateLimit-*` (many) and `X-Rate-Limit-*` (Yii).
fn is_limit_header(name: &HeaderName) -> bool {
    ["ratelimit", "x-ratelimit", "x-rate-limit"].iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// Where a `Location` leads.
pub(crate) fn redirect_target(from: &Url, location: &HeaderValue) -> Option<Location> {
    let mut target = from.join(location.to_str().ok()?).ok()?;
    let is_elsewhere = target.origin() != from.origin();
    target.set_query(None);
    target.set_fragment(None);
    if target.has_host() {
        target.set_username("").ok()?;
        target.set_password(None).ok()?;
    }
    Some(Location { shown: target.into(), is_elsewhere })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_tells_its_clock_and_its_limits_in_headers() {
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-rate-limit-remaining", "49"),
            ("content-type", "application/json"),
        ];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let headers = HeaderMap::from_iter(headers);
        let raw = RawReply { status: 200, headers, body: Bytes::new(), location: None, certificate: None };
        let ServerNotes { date, limits } = raw.notes();
        assert_eq!(date, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)));
        assert_eq!(limits, [("x-rate-limit-remaining".to_owned(), "49".to_owned())]);
    }
}
