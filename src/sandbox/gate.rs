//! The checks before an answer, in the documented order: key, IP white list, call frequency, method, parameters.
//!
//! (The network domain, between key and white list, is the host name; on loopback there is but one.) Pure: sees the
//! parts of a request, and returns its target or the gate that stops it.

use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::offer::OfferId;
use crate::sandbox::limit::Verdict;
use crate::sandbox::list::Query;
use crate::sandbox::options::Account;
use crate::sandbox::refusal::{Refusal, RefusalForm, RetryAfter};
use crate::sandbox::reply::Whole;

/// The gate that stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    NoKey,
    WrongKey,
    Locked,
    IpNotAllowed,
    TooManyCalls { retry_in: Duration },
    Method,
    UnknownUri,
    Parameter(&'static str),
}

impl Stop {
    /// What the network answers.
    pub(crate) fn answer(self, refusal: Refusal) -> Whole {
        let (status, code, message) = match self {
            Self::NoKey => (StatusCode::UNAUTHORIZED, 12, "Unauthorized"),
            Self::WrongKey => (StatusCode::UNAUTHORIZED, 13, "Invalid API key"),
            Self::Locked => (StatusCode::FORBIDDEN, 42, "Your account is locked"),
            Self::IpNotAllowed => (StatusCode::FORBIDDEN, 41, "Your IP is not in the white list"),
            Self::TooManyCalls { retry_in } => return refuse(refusal, retry_in),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, 32, "Request method is not allowed"),
            Self::UnknownUri => (StatusCode::NOT_IMPLEMENTED, 30, "Request URI not found"),
            Self::Parameter(message) => (StatusCode::BAD_REQUEST, 20, message),
        };
        Whole::error(status, code, message)
    }
}

fn refuse(refusal: Refusal, retry_in: Duration) -> Whole {
    const MESSAGE: &str = "Too many requests";
    let answer = match refusal.form {
        RefusalForm::Status429 => Whole::error(StatusCode::TOO_MANY_REQUESTS, 40, MESSAGE),
        RefusalForm::Status503 => Whole::html(StatusCode::SERVICE_UNAVAILABLE, "503 Service Temporarily Unavailable"),
        RefusalForm::Envelope200 => Whole::error(StatusCode::OK, 40, MESSAGE),
    };
    let retry_after = match refusal.retry_after {
        RetryAfter::None => None,
        RetryAfter::Remaining => {
            let begun = u64::from(retry_in.subsec_nanos() > 0);
            Some(retry_in.as_secs().saturating_add(begun).to_string())
        }
        RetryAfter::Text(text) => Some(text.to_owned()),
    };
    Whole { retry_after, ..answer }
}

/// What a call asks for, once it is past the gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The tracking links of an offer.
    Links(u128),
    /// The tracking links of several offers.
    Batch(Vec<u128>),
    /// A page of the offer list.
    List(Query),
}

impl Target {
    fn parse(path: &str, query: Option<&str>) -> Result<Self, Stop> {
        let path = path.strip_prefix("/aff/v1/").ok_or(Stop::UnknownUri)?;
        let query = query.unwrap_or_default();
        match path {
            "offers" => return Query::flat(query).map(Self::List).map_err(Stop::Parameter),
            "batches/offers" => return Query::nested(query).map(Self::List).map_err(Stop::Parameter),
            _ => (),
        }
        if let Some(ids) = path.strip_prefix("batches/offers/tracking_links/") {
            return ids.split(',').map(offer_number).collect::<Result<_, _>>().map(Self::Batch);
        }
        offer_in(path).ok_or(Stop::UnknownUri).and_then(offer_number).map(Self::Links)
    }
}

/// The offer that a call is about, whether or not it is an ID; `path` without `/aff/v1/`.
fn offer_in(path: &str) -> Option<&str> {
    path.strip_prefix("offers/")?.strip_suffix("/tracking_links").filter(|id| !id.contains('/'))
}

/// The offer that a call is about, whether or not it is an ID.
pub(crate) fn offer_asked_for(path: &str) -> Option<&str> {
    offer_in(path.strip_prefix("/aff/v1/")?)
}

/// The network accepts only digits; `016` is 16.
fn offer_number(id: &str) -> Result<u128, Stop> {
    let digits = !id.is_empty() && id.len() <= OfferId::MAX_DIGITS && id.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| id.parse().ok()).flatten().ok_or(Stop::Parameter("Parameter error: offer_id"))
}

/// A request, as far as the gates look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) authorization: Option<&'a HeaderValue>,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

/// The gates of one network, for its one affiliate.
#[derive(Debug)]
pub(crate) struct Gates {
    authorization: SecretString,
    account: Account,
}

impl Gates {
    pub(crate) fn new(email: &str, api_key: &SecretString, account: Account) -> Self {
        let credentials = STANDARD.encode(format!("{email}:{}", api_key.expose_secret()));
        Self { authorization: SecretString::from(credentials), account }
    }

    /// Whether e-mail and key are right.
    pub(crate) fn key(&self, authorization: Option<&HeaderValue>) -> Result<(), Stop> {
        let given = authorization.and_then(|value| value.to_str().ok()).ok_or(Stop::NoKey)?;
        let (scheme, credentials) = given.split_once(' ').ok_or(Stop::NoKey)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Stop::NoKey);
        }
        if credentials.trim() == self.authorization.expose_secret() { Ok(()) } else { Err(Stop::WrongKey) }
    }

    /// Passes a call through the gates. `frequency` counts the call, so it is consulted only after the gates before it.
    pub(crate) fn pass(&self, request: Request<'_>, frequency: impl FnOnce() -> Verdict) -> Result<Target, Stop> {
        self.key(request.authorization)?;
        match self.account {
            Account::Open => (),
            Account::Locked => return Err(Stop::Locked),
            Account::IpNotAllowed => return Err(Stop::IpNotAllowed),
        }
        if let Verdict::Refuse { retry_in } = frequency() {
            return Err(Stop::TooManyCalls { retry_in });
        }
        if request.method != Method::GET {
            return Err(Stop::Method);
        }
        Target::parse(request.path, request.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER: Verdict = Verdict::Refuse { retry_in: Duration::from_millis(1001) };

    fn gates(account: Account) -> Gates {
        Gates::new("a@b.example", &SecretString::from("k:1"), account)
    }

    /// What a call meets that would fail at this gate and at every later one.
    fn stopped_from(gate: usize) -> Stop {
        let right = HeaderValue::from_str(&format!("basic {}", STANDARD.encode("a@b.example:k:1"))).unwrap();
        let request = Request {
            authorization: (gate > 0).then_some(&right),
            method: if gate > 3 { &Method::GET } else { &Method::POST },
            path: "/aff/v1/offers/x/tracking_links",
            query: None,
        };
        let account = if gate > 1 { Account::Open } else { Account::IpNotAllowed };
        gates(account).pass(request, || if gate > 2 { Verdict::Pass } else { OVER }).unwrap_err()
    }

    #[test]
    fn the_gates_stand_in_the_documented_order() {
        let Verdict::Refuse { retry_in } = OVER else { unreachable!() };
        let gates = [
            Stop::NoKey,
            Stop::IpNotAllowed,
            Stop::TooManyCalls { retry_in },
            Stop::Method,
            Stop::Parameter("Parameter error: offer_id"),
        ];
        for (number, gate) in gates.into_iter().enumerate() {
            assert_eq!(stopped_from(number), gate);
        }
    }

    #[test]
    fn a_call_that_is_stopped_earlier_is_not_counted() {
        let request = Request { authorization: None, method: &Method::GET, path: "/", query: None };
        let stop = gates(Account::Open).pass(request, || unreachable!("counted"));
        assert_eq!(stop, Err(Stop::NoKey));
    }

    #[test]
    fn only_the_very_key_opens() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (header, result) in [
            (basic("a@b.example:k:1"), Ok(())),
            (basic("a@b.example:k"), Err(Stop::WrongKey)),
            (basic("A@b.example:k:1"), Err(Stop::WrongKey)),
            ("Basic ".to_owned(), Err(Stop::WrongKey)),
            ("Bearer k:1".to_owned(), Err(Stop::NoKey)),
            (String::new(), Err(Stop::NoKey)),
        ] {
            assert_eq!(gates(Account::Open).key(HeaderValue::from_str(&header).ok().as_ref()), result, "{header}");
        }
        assert!(!format!("{:?}", gates(Account::Open)).contains(&STANDARD.encode("a@b.example:k:1")));
    }

    #[test]
    fn a_path_means_one_thing_or_nothing() {
        use Stop::{Parameter, UnknownUri};
        let id = Parameter("Parameter error: offer_id");
        for (path, target) in [
            ("/aff/v1/offers/16/tracking_links", Ok(Target::Links(16))),
            ("/aff/v1/offers/016/tracking_links", Ok(Target::Links(16))),
            ("/aff/v1/offers/99999999999999999999/tracking_links", Ok(Target::Links(99_999_999_999_999_999_999))),
            ("/aff/v1/offers/123456789012345678901/tracking_links", Err(id)),
            ("/aff/v1/offers/+16/tracking_links", Err(id)),
            ("/aff/v1/offers//tracking_links", Err(id)),
            ("/aff/v1/offers/tracking_links", Err(UnknownUri)),
            ("/aff/v1/offers/16/17/tracking_links", Err(UnknownUri)),
            ("/aff/v1/batches/offers/tracking_links/16,17", Ok(Target::Batch(vec![16, 17]))),
            ("/aff/v1/batches/offers/tracking_links/16,,17", Err(id)),
            ("/aff/v2/offers", Err(UnknownUri)),
            ("/", Err(UnknownUri)),
        ] {
            assert_eq!(Target::parse(path, None), target, "{path}");
        }
    }

    #[test]
    fn a_refusal_has_the_configured_form() {
        let refused = |form, retry_after| {
            let answer = Stop::TooManyCalls { retry_in: Duration::from_millis(1001) };
            let answer = answer.answer(Refusal { form, retry_after });
            (answer.status.as_u16(), answer.body.contains(r#""code":40"#), answer.retry_after)
        };
        let text = RetryAfter::Text("soon");
        assert_eq!(refused(RefusalForm::Status429, RetryAfter::None), (429, true, None));
        assert_eq!(refused(RefusalForm::Status503, RetryAfter::Remaining), (503, false, Some("2".to_owned())));
        assert_eq!(refused(RefusalForm::Envelope200, text), (200, true, Some("soon".to_owned())));
    }
}
