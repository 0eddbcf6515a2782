//! What a failure may mean, by its error alone: the request's own, the account's, a refusal that may be the pace's, or
//! trouble of the service.
//!
//! Pure: one table. What follows depends on the run and is decided in `complete` and `refused`.

use crate::offer::{Class, ErrorKind, OfferError};

/// What a failed call may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The API answers for this offer.
    Own,
    /// The API names the account: a white list, a lock.
    Account,
    /// The key is wrong, as far as this answer goes.
    Credentials,
    /// The host is wrong, or a limiter or a maintenance page speaks.
    Redirect,
    /// A limiter may have refused it.
    Refusal(Refusal),
    /// Something in front of the API speaks: a gateway, a firewall, a maintenance page.
    Gateway,
    /// The service failed.
    Trouble,
}

/// How surely a refusal is meant for the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// Limiters close the connection or answer 500 too, but so does a service that fails now and then.
    Perhaps,
    /// A 403 that names no reason: django-ratelimit, `mod_evasive`, `Rack::Attack`, but a firewall's rule too.
    Likely,
    /// 429, 503, or the words for it.
    Told,
}

impl Meaning {
    pub(crate) fn of(error: &OfferError) -> Self {
        match (error.kind, error.kind.class()) {
            (ErrorKind::IpNotAllowed | ErrorKind::AccountLocked, _) => Self::Account,
            (ErrorKind::Redirect, _) => Self::Redirect,
            (_, Class::Account) => Self::Credentials,
            (_, Class::Offer) => Self::Own,
            (_, Class::Throttle) => Self::Refusal(Refusal::Told),
            (ErrorKind::InvalidResponse, _) if error.http_status == Some(403) => Self::Refusal(Refusal::Likely),
            (ErrorKind::InvalidResponse, _) => Self::Gateway,
            (ErrorKind::Network, _) => Self::Refusal(Refusal::Perhaps),
            (ErrorKind::Timeout, _) if !error.is_unheard() => Self::Gateway,
            (ErrorKind::ServerError, _) if !error.is_apis_own() => Self::Refusal(Refusal::Perhaps),
            (_, Class::Transient) => Self::Trouble,
        }
    }
}

/// Statuses of a page that a host which is not the network at all answers with, and hardly any limiter: it is found
/// out soon.
const WRONG_HOST: [u16; 4] = [400, 404, 410, 421];

/// Whether a gateway's answer to the first calls of a run may be a ban, which ends by itself.
pub(crate) fn may_be_ban(error: &OfferError) -> bool {
    error.http_status.is_some_and(|status| status >= 400 && !WRONG_HOST.contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_meaning() {
        use Refusal::{Likely, Perhaps, Told};
        for (kind, status, code, expected) in [
            (ErrorKind::NotFound, 404, Some("31"), Meaning::Own),
            (ErrorKind::NotApproved, 403, None, Meaning::Own),
            (ErrorKind::BodyTooLarge, 200, None, Meaning::Own),
            (ErrorKind::IpNotAllowed, 403, Some("41"), Meaning::Account),
            (ErrorKind::Unauthorized, 401, None, Meaning::Credentials),
            (ErrorKind::Redirect, 302, None, Meaning::Redirect),
            (ErrorKind::RateLimited, 429, None, Meaning::Refusal(Told)),
            (ErrorKind::InvalidResponse, 403, None, Meaning::Refusal(Likely)),
            (ErrorKind::InvalidResponse, 404, Some("0"), Meaning::Gateway),
            (ErrorKind::InvalidResponse, 200, None, Meaning::Gateway),
            (ErrorKind::Network, 0, None, Meaning::Refusal(Perhaps)),
            (ErrorKind::ServerError, 500, None, Meaning::Refusal(Perhaps)),
            (ErrorKind::ServerError, 502, Some("502"), Meaning::Refusal(Perhaps)),
            (ErrorKind::ServerError, 500, Some("51"), Meaning::Trouble),
            (ErrorKind::Timeout, 408, None, Meaning::Gateway),
        ] {
            let code = code.map(Into::into);
            let error = OfferError { kind, http_status: Some(status), code, message: "no".into() };
            assert_eq!(Meaning::of(&error), expected, "{error:?}");
        }
    }
}
