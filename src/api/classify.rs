//! Turns an HTTP status and a body into an outcome.
//!
//! Pure: one table, one order of precedence, no clock and no connection. Which status goes with which code is not
//! documented, so both are looked at, and what is in neither is kept word for word as `api_error`.
//!
//! A refusal is an offer's own only in the API's own voice: a code, or words about the offer. Gateways, firewalls and
//! limiters answer with every status from 400 to 499 too, so without that voice a refusal is `invalid_response`.

use crate::api::body::{Body, Code, Envelope, beginning, excerpt};
use crate::api::json::Json;
use crate::api::links;
use crate::offer::{Class, ErrorKind, OfferError, Outcome};

/// What the network's numbers and words mean. The first match counts; numbers come before words.
struct Table {
    /// Envelope codes; from a sister platform whose documentation shares this one's text, so probable, not certain.
    codes: &'static [(&'static [i64], ErrorKind)],
    /// Words in `message`, in lower case, at the start of a word: "unlimited" is no "limit".
    words: &'static [(&'static [&'static str], ErrorKind)],
    /// Words in an envelope that only the API would use, in lower case, at the start of a word.
    about_offers: &'static [&'static str],
    /// HTTP statuses from..=to, other than 2xx.
    statuses: &'static [(u16, u16, ErrorKind)],
}

const TABLE: Table = Table {
    codes: &[
        (&[40], ErrorKind::RateLimited),
        (&[12, 13], ErrorKind::Unauthorized),
        (&[41], ErrorKind::IpNotAllowed),
        (&[42], ErrorKind::AccountLocked),
        (&[50, 51], ErrorKind::ServerError),
        (&[31], ErrorKind::NotFound),
        (&[5, 11, 60], ErrorKind::NotApproved),
        (&[20, 30, 32, 33], ErrorKind::BadRequest),
    ],
    words: &[
        (&["too many", "toomany", "frequen"], ErrorKind::RateLimited),
        (&["whitelist", "white list"], ErrorKind::IpNotAllowed),
        (&["api key", "apikey"], ErrorKind::Unauthorized),
        (&["locked"], ErrorKind::AccountLocked),
        (&["limit", "ratelimit"], ErrorKind::RateLimited),
        (&["not found"], ErrorKind::NotFound),
        (&["approv", "permission", "apply"], ErrorKind::NotApproved),
    ],
    about_offers: &["offer", "approv", "apply"],
    statuses: &[
        (429, 429, ErrorKind::RateLimited),
        // nginx refuses with 503 by default.
        (503, 503, ErrorKind::RateLimited),
        (300, 399, ErrorKind::Redirect),
        (401, 401, ErrorKind::Unauthorized),
        (407, 407, ErrorKind::Unauthorized),
        (403, 403, ErrorKind::NotApproved),
        (404, 404, ErrorKind::NotFound),
        (410, 410, ErrorKind::NotFound),
        (408, 408, ErrorKind::Timeout),
        (425, 425, ErrorKind::ServerError),
        (400, 499, ErrorKind::BadRequest),
        (500, 599, ErrorKind::ServerError),
        (0, u16::MAX, ErrorKind::InvalidResponse),
    ],
};

/// An answer as it came from the wire.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Where a redirect leads, without user name, password, query and fragment.
    pub location: Option<&'a str>,
    /// The body.
    pub body: &'a Body<'a>,
}

/// The outcome of an offer's call.
pub fn classify(received: Received<'_>) -> Outcome {
    let envelope = received.body.envelope();
    let data = accept_envelope(received, envelope.as_ref())?;
    links::find(data).map_err(|what_came| {
        let said = envelope.as_ref().and_then(|e| e.message.as_deref()).filter(|said| !says_success(said));
        let message = match said {
            Some(said) => format!("{} ({what_came})", shorten(said)),
            None => what_came,
        };
        // What calls itself a success and has no link may say in words why.
        let kind = said.and_then(by_words).unwrap_or(ErrorKind::NoLink);
        received.error(kind, envelope.as_ref(), message)
    })
}

/// The `data` of a successful answer, for calls that ask for something else than links.
///
/// # Errors
/// The network refuses, or this is not the API's answer.
pub fn accept(received: Received<'_>) -> Result<Option<&Json<'_>>, OfferError> {
    let envelope = received.body.envelope();
    match (accept_envelope(received, envelope.as_ref()), &envelope) {
        // An empty list may say in words that nothing was found, which is no refusal.
        (Err(error), Some(envelope)) if is_about_offers(&error) && !envelope.code.is_error() => Ok(envelope.data),
        (accepted, _) => accepted,
    }
}

/// Whether a success was taken for the refusal of an offer, for its words.
fn is_about_offers(error: &OfferError) -> bool {
    error.kind.class() == Class::Offer && error.http_status.and_then(by_status).is_none()
}

fn accept_envelope<'a>(
    received: Received<'a>,
    envelope: Option<&Envelope<'a>>,
) -> Result<Option<&'a Json<'a>>, OfferError> {
    match (error_kind(received, envelope), envelope) {
        (None, Some(envelope)) => Ok(envelope.data),
        (None, None) => Err(received.error(ErrorKind::InvalidResponse, None, received.explain(None))),
        (Some(kind), _) => {
            let said = envelope.and_then(|e| e.message.as_deref());
            // An error row that says nothing but "Success" would explain nothing.
            let said = said.filter(|said| kind != ErrorKind::Redirect && !says_success(said));
            let message = said.map_or_else(|| received.explain(envelope), shorten);
            Err(received.error(kind, envelope, message))
        }
    }
}

/// The heart: what kind of error this is; `None` where neither status nor envelope says so.
fn error_kind(received: Received<'_>, envelope: Option<&Envelope<'_>>) -> Option<ErrorKind> {
    let status = received.status;
    let by_status = by_status(status);
    if matches!(by_status, Some(ErrorKind::RateLimited | ErrorKind::Redirect)) {
        return by_status;
    }
    let by_body = match envelope {
        Some(envelope) => by_envelope(status, envelope),
        None => by_plain_words(received),
    };
    match (by_status, by_body) {
        // The status accuses the account; only a throttle or another fault of the account may speak against it.
        (Some(ErrorKind::Unauthorized), Some(kind)) if !matches!(kind.class(), Class::Account | Class::Throttle) => {
            by_status
        }
        (_, Some(kind)) | (Some(kind), None) if kind.class() == Class::Offer && !is_own_voice(status, envelope) => {
            Some(ErrorKind::InvalidResponse)
        }
        (_, Some(kind)) | (Some(kind), None) => Some(kind),
        (None, None) => match envelope {
            Some(envelope) if envelope.code.is_error() => {
                Some(by_repeated_status(&envelope.code).unwrap_or(ErrorKind::ApiError))
            }
            // A message alone is what frameworks answer with, and an empty `data` beside other fields, not this API.
            Some(envelope)
                if envelope.code.as_received().is_none()
                    && envelope.data.is_none_or(|data| envelope.has_more && data.is_hollow()) =>
            {
                Some(ErrorKind::InvalidResponse)
            }
            _ => None,
        },
    }
}

fn by_status(status: u16) -> Option<ErrorKind> {
    if (200..300).contains(&status) {
        return None;
    }
    TABLE.statuses.iter().find(|(from, to, _)| (*from..=*to).contains(&status)).map(|(_, _, kind)| *kind)
}

/// Frameworks that answer everything with 200 repeat the status that they would have had as the code; of these only a
/// throttle and a fault of the server are sure not to be about the offer.
fn by_repeated_status(code: &Code<'_>) -> Option<ErrorKind> {
    let Code::Number(number, _) = code else { return None };
    u16::try_from(*number).ok().filter(|status| matches!(status, 429 | 500..=599)).and_then(by_status)
}

fn by_envelope(status: u16, envelope: &Envelope<'_>) -> Option<ErrorKind> {
    let words_count = match &envelope.code {
        Code::Number(number, _) => {
            let known = TABLE.codes.iter().find(|(numbers, _)| numbers.contains(number));
            if let Some((_, kind)) = known {
                return Some(*kind);
            }
            true
        }
        Code::Other(_) => true,
        // Without a code the status decides, save where it leaves open whether account or offer is meant, and where
        // there is nothing but a message, which no success is.
        Code::Zero(_) | Code::Absent => {
            let nothing_else = envelope.data.is_none_or(Json::is_hollow);
            matches!(status, 401 | 403 | 407) || (by_status(status).is_none() && nothing_else)
        }
    };
    envelope.message.as_deref().filter(|_| words_count).and_then(by_words)
}

/// Whether it is the API itself that refuses: with a code, which is a whole number, and not an HTTP status as frameworks
/// have there; or with words about the offer.
fn is_own_voice(status: u16, envelope: Option<&Envelope<'_>>) -> bool {
    let Some(envelope) = envelope else { return false };
    let is_success = by_status(status).is_none();
    match &envelope.code {
        Code::Number(number, _) if is_success || !matches!(number, 400..=599) => return true,
        // A success that names no link: the status is the API's, and so is the rest.
        Code::Other(_) | Code::Zero(_) if is_success => return true,
        _ if is_success && envelope.data.is_some() => return true,
        _ => {}
    }
    envelope.message.as_deref().is_some_and(|said| has_word(&without_paths(&lowered(said)), TABLE.about_offers))
}

/// A message without the paths in it: whoever does not know `/aff/v1/offers/16` says nothing about an offer.
fn without_paths(message: &str) -> String {
    let is_path = |word: &str| {
        let named = word.trim_start_matches(|c: char| c != '/' && !c.is_alphanumeric());
        named.starts_with('/') || word.matches('/').count() > 1
    };
    message.split_whitespace().filter(|word| !is_path(word)).collect::<Vec<_>>().join(" ")
}

/// A throttle in front of the API says so in its own words, under whatever status it was given; a page that is not
/// there is no throttle.
fn by_plain_words(received: Received<'_>) -> Option<ErrorKind> {
    let refused = matches!(received.status, 400..=499) && received.status != 404;
    let words = received.body.plain_words().filter(|_| refused)?;
    by_words(&words).filter(|kind| *kind == ErrorKind::RateLimited)
}

fn by_words(message: &str) -> Option<ErrorKind> {
    let message = lowered(message);
    TABLE.words.iter().find(|(words, _)| has_word(&message, words)).map(|(_, kind)| *kind)
}

fn lowered(message: &str) -> String {
    message.chars().map(|c| if matches!(c, '_' | '-') { ' ' } else { c.to_ascii_lowercase() }).collect()
}

/// Whether one of `words` begins a word of `message`.
fn has_word(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        message.match_indices(word).any(|(at, _)| {
            !message.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()))
        })
    })
}

impl Received<'_> {
    fn error(self, kind: ErrorKind, envelope: Option<&Envelope<'_>>, message: String) -> OfferError {
        OfferError {
            kind,
            http_status: Some(self.status),
            code: envelope.and_then(|e| e.code.as_received()).map(|code| excerpt(code).into()),
            message: message.into(),
        }
    }

    /// For an answer that has no message of its own.
    fn explain(self, envelope: Option<&Envelope<'_>>) -> String {
        let status = self.status;
        if let 300..400 = status {
            return match self.location {
                Some(target) => format!("the host redirects to {target} (HTTP {status}); it is not the API"),
                None => format!("the host redirects without saying where (HTTP {status}); it is not the API"),
            };
        }
        match envelope.map(|envelope| (envelope.code.as_received(), envelope.message.as_deref())) {
            Some((Some(code), None)) => format!("HTTP {status} with code {} and no message", excerpt(code)),
            Some((Some(code), Some(said))) => {
                format!("HTTP {status} with code {}, though the message is \"{}\"", excerpt(code), excerpt(said))
            }
            _ => format!("HTTP {status} with {}", self.body.describe()),
        }
    }
}

/// Whether a message is the one of a success, which says nothing about an error.
fn says_success(message: &str) -> bool {
    message.trim().eq_ignore_ascii_case("success")
}

/// More than any column shows, but not a whole body: up to a thousand error rows wait for their turn.
fn shorten(message: &str) -> String {
    const MAX_BYTES: usize = 4096;
    beginning(message, MAX_BYTES).to_owned()
}

#[cfg(test)]
mod tests;
