//! The errors of an offer: the words of `error_kind`, what the program does about each, and what the user can do.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// Why an offer has no links: one error row, and a line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferError {
    /// The word in the `error_kind` column.
    pub kind: ErrorKind,
    /// The HTTP status, where there was an answer.
    pub http_status: Option<u16>,
    /// The envelope's `code`, as it came.
    pub code: Option<Box<str>>,
    /// What the network said, or what happened instead of an answer.
    pub message: Box<str>,
}

impl OfferError {
    /// An error that no HTTP answer belongs to.
    pub fn local(kind: ErrorKind, message: impl Into<Box<str>>) -> Self {
        Self { kind, http_status: None, code: None, message: message.into() }
    }

    /// Whether the time limit passed without any answer: a hanging server may still read the call.
    pub fn is_unheard(&self) -> bool {
        self.kind == ErrorKind::Timeout && self.http_status.is_none()
    }

    /// Whether the answer is from the API itself: it has a code of the API, or words about this offer or account. A
    /// gateway, a firewall or a limiter in front of it gives neither.
    pub fn is_apis_own(&self) -> bool {
        match self.kind {
            ErrorKind::NotFound
            | ErrorKind::NotApproved
            | ErrorKind::BadRequest
            | ErrorKind::ApiError
            | ErrorKind::NoLink
            | ErrorKind::IpNotAllowed
            | ErrorKind::AccountLocked => true,
            ErrorKind::InvalidResponse => false,
            ErrorKind::Unauthorized if self.message.to_ascii_lowercase().contains("api key") => true,
            _ => self.code.as_deref().is_some_and(|code| is_own_code(code.trim())),
        }
    }

    /// The network's message on one line, with kind, status and code where it does not contain them.
    pub fn words(&self) -> String {
        let message = text::shown_start(&self.message, 300);
        let status = self.http_status.map(|status| format!("HTTP {status}"));
        let code = self.code.as_ref().map(|code| format!("code {}", text::shown_start(code, 60)));
        let details = [Some(self.kind.as_str().to_owned()), status, code].into_iter().flatten();
        let details = details.filter(|detail| !message.contains(detail)).collect::<Vec<_>>().join(", ");
        match (message.is_empty(), details.is_empty()) {
            (false, false) => format!("{message} ({details})"),
            (false, true) => message.into_owned(),
            (true, _) => details,
        }
    }
}

/// The API's codes are whole numbers; frameworks put 0, an HTTP status or a name there.
fn is_own_code(code: &str) -> bool {
    code.parse::<i64>().is_ok_and(|number| !matches!(number, 0 | 400..=599))
}

/// The words of the `error_kind` column; [`KINDS`] says all there is to say of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The input cell is not an ID; no call was made.
    InvalidOfferId,
    /// The row names no network of the config file; no call was made.
    UnknownNetwork,
    /// The network knows no such offer.
    NotFound,
    /// The offer is not approved for this affiliate.
    NotApproved,
    /// The network refuses the request itself.
    BadRequest,
    /// An answer with a code that is not in the table.
    ApiError,
    /// Success, but nothing in it is a link.
    NoLink,
    /// The shared limit is used up.
    RateLimited,
    /// The server failed.
    ServerError,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Network,
    /// An answer that is not the API's.
    InvalidResponse,
    /// An answer larger than the program is willing to read.
    BodyTooLarge,
    /// The key or the e-mail is wrong.
    Unauthorized,
    /// This machine's IP is not on the account's white list.
    IpNotAllowed,
    /// The account is locked.
    AccountLocked,
    /// The host sends us elsewhere: it is not the API.
    Redirect,
    /// One network of several was down for longer than `--max-outage`.
    Outage,
    /// Left for a later run by `--max-calls`; no call was made.
    NotAsked,
}

/// What the program does about an error kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The answer concerns this offer alone and will not change: an error row.
    Offer,
    /// The whole run waits; costs the offer no attempt.
    Throttle,
    /// Often temporary: retried.
    Transient,
    /// Concerns every offer: the run stops.
    Account,
}

const MAY_PASS: &str = "often temporary; run the same command with --retry-failed";

/// Every kind in the order of the summary, which is that of the enum: its word in the `error_kind` column, a promise to
/// users; what the program does about it; and what a person can do, in plain words.
const KINDS: [(ErrorKind, &str, Class, &str); 19] = [
    (
        ErrorKind::InvalidOfferId,
        "invalid_offer_id",
        Class::Offer,
        "not an offer ID; fix these input cells, error_message names the line",
    ),
    (
        ErrorKind::UnknownNetwork,
        "unknown_network",
        Class::Offer,
        "the config file has no such network; error_message names the line",
    ),
    (ErrorKind::NotFound, "not_found", Class::Offer, "the network does not know it; remove it from the input"),
    (ErrorKind::NotApproved, "not_approved", Class::Offer, "ask your account manager for approval"),
    (ErrorKind::BadRequest, "bad_request", Class::Offer, "the network refuses the request; see error_message"),
    (ErrorKind::ApiError, "api_error", Class::Offer, "the network reports an error; see error_message"),
    (ErrorKind::NoLink, "no_link", Class::Offer, "the answer has no link; error_message says what it has instead"),
    (
        ErrorKind::RateLimited,
        "rate_limited",
        Class::Throttle,
        "others use up the network's limit; run again later with --retry-failed",
    ),
    (ErrorKind::ServerError, "server_error", Class::Transient, MAY_PASS),
    (ErrorKind::Timeout, "timeout", Class::Transient, MAY_PASS),
    (ErrorKind::Network, "network", Class::Transient, MAY_PASS),
    (ErrorKind::InvalidResponse, "invalid_response", Class::Transient, MAY_PASS),
    (ErrorKind::BodyTooLarge, "body_too_large", Class::Offer, "raise --max-body if there really are that many links"),
    (ErrorKind::Unauthorized, "unauthorized", Class::Account, "check the e-mail and the API key"),
    (
        ErrorKind::IpNotAllowed,
        "ip_not_allowed",
        Class::Account,
        "put this machine's public IP on the white list of your account",
    ),
    (ErrorKind::AccountLocked, "account_locked", Class::Account, "ask your account manager to unlock the account"),
    (ErrorKind::Redirect, "redirect", Class::Account, "check --network or --base-url"),
    (ErrorKind::Outage, "outage", Class::Transient, MAY_PASS),
    (ErrorKind::NotAsked, "not_asked", Class::Transient, "left for a later run by --max-calls; run it again"),
];

impl ErrorKind {
    /// Every kind, in the order of the summary.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        KINDS.iter().map(|(kind, ..)| *kind)
    }

    /// The word in the `error_kind` column; a promise to users.
    pub const fn as_str(self) -> &'static str {
        KINDS[self as usize].1
    }

    /// The kind that a word of the `error_kind` column names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|kind| kind.as_str() == word)
    }

    /// What the program does about it.
    pub const fn class(self) -> Class {
        KINDS[self as usize].2
    }

    /// What a person can do about it, in plain words.
    pub const fn hint(self) -> &'static str {
        KINDS[self as usize].3
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown error kind {word:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_speaks_in_codes_of_its_own_or_in_words_about_the_key() {
        let error = |kind, status, code: Option<&str>, message: &str| OfferError {
            kind,
            http_status: Some(status),
            code: code.map(Into::into),
            message: message.into(),
        };
        for (error, own) in [
            (error(ErrorKind::ServerError, 500, Some("51"), ""), true),
            (error(ErrorKind::ServerError, 500, Some("500"), ""), false),
            (error(ErrorKind::ServerError, 500, Some("0"), ""), false),
            (error(ErrorKind::ServerError, 200, Some("500"), ""), false),
            (error(ErrorKind::ServerError, 500, Some("InternalError"), ""), false),
            (error(ErrorKind::InvalidResponse, 404, Some("ResourceNotFound"), ""), false),
            (error(ErrorKind::ServerError, 500, None, ""), false),
            (error(ErrorKind::Unauthorized, 401, Some("13"), ""), true),
            (error(ErrorKind::Unauthorized, 401, None, "Invalid API key"), true),
            (error(ErrorKind::Unauthorized, 401, None, "HTTP 401 with an empty body"), false),
            (error(ErrorKind::InvalidResponse, 404, None, ""), false),
            (error(ErrorKind::InvalidResponse, 404, Some("0"), ""), false),
            (OfferError::local(ErrorKind::Network, "reset"), false),
        ] {
            assert_eq!(error.is_apis_own(), own, "{error:?}");
        }
    }

    #[test]
    fn every_kind_has_its_own_row_and_its_own_word() {
        for (place, kind) in ErrorKind::all().enumerate() {
            assert_eq!((kind as usize, ErrorKind::from_word(kind.as_str())), (place, Some(kind)));
        }
    }
}
