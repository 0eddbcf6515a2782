//! What a network answers to the loop of the laws.

use std::time::Duration;

use crate::dispatch::Responder;
use crate::offer::{AnswerBuilder, ErrorKind, OfferError, Outcome};

pub(crate) const LATENCY: Duration = Duration::from_millis(120);

/// What comes back, and how long after the arrival.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) after: Duration,
    pub(crate) outcome: Outcome,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) responder: Responder,
    pub(crate) may_be_size: bool,
}

impl Reply {
    pub(crate) fn good() -> Self {
        let answer = AnswerBuilder::new(Some("https://t.example"), None).build();
        Self {
            after: LATENCY / 2,
            outcome: Ok(answer),
            retry_after: None,
            responder: Responder::Usual,
            may_be_size: false,
        }
    }

    pub(crate) fn bad(kind: ErrorKind, status: u16) -> Self {
        let http_status = Some(status).filter(|status| *status > 0);
        let error = OfferError { kind, http_status, code: None, message: "no".into() };
        Self { outcome: Err(error), ..Self::good() }
    }

    pub(crate) fn with_code(self, code: &str) -> Self {
        Self { outcome: self.outcome.map_err(|error| OfferError { code: Some(code.into()), ..error }), ..self }
    }

    pub(crate) fn failing() -> Self {
        Self::bad(ErrorKind::ServerError, 502)
    }

    pub(crate) fn throttled() -> Self {
        Self::bad(ErrorKind::RateLimited, 503)
    }

    /// The server closes the connection in the place of an answer.
    pub(crate) fn closed() -> Self {
        Self::bad(ErrorKind::Network, 0).by(Responder::HungUp)
    }

    pub(crate) fn by(self, responder: Responder) -> Self {
        Self { responder, ..self }
    }

    /// To a call for many offers.
    pub(crate) fn for_many_offers(self) -> Self {
        Self { may_be_size: true, ..self }
    }

    pub(crate) fn hanging() -> Self {
        let error = OfferError::local(ErrorKind::Timeout, "no answer");
        Self { after: Duration::from_secs(60), outcome: Err(error), ..Self::good() }
    }
}
