//! A network in a few lines, which does with a batch whatever a network may.

use crate::api::batch::Batch;
use crate::api::{Payload, Request};
use crate::offer::{Answer, AnswerBuilder, ErrorKind, OfferError, OfferId};

/// How a network refuses a call that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// As any bad request.
    Plain,
    /// In words, with its maximum.
    Words,
    /// 414 for more bytes than six for each offer that it takes.
    Uri,
    /// The connection is closed.
    Close,
    /// A gateway's page.
    Page,
}

/// What it does with an offer that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    LeftOut,
    RefusesAll,
}

/// A network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) most: usize,
    pub(super) over: Over,
    pub(super) unknown: Unknown,
    /// Every n-th offer is unknown; 0 for none.
    pub(super) every: u64,
}

pub(super) const STRICT: Server = Server { most: 100, over: Over::Plain, unknown: Unknown::LeftOut, every: 97 };

pub(super) fn error(kind: ErrorKind, status: u16, code: Option<&str>, message: &str) -> OfferError {
    OfferError { kind, http_status: Some(status), code: code.map(Into::into), message: message.into() }
}

fn not_found() -> OfferError {
    error(ErrorKind::NotFound, 404, Some("31"), "Offer not found")
}

fn link(offer: OfferId) -> Answer {
    AnswerBuilder::new(Some(&format!("https://t.example/{offer}")), Some("<img>")).build()
}

impl Server {
    fn knows(self, offer: OfferId) -> bool {
        self.every == 0 || !offer.as_str().parse::<u64>().unwrap().is_multiple_of(self.every)
    }

    pub(super) fn answer(self, request: &Request) -> Result<Payload, OfferError> {
        match request {
            Request::TrackingLinks(offer) if self.knows(*offer) => Ok(Payload::Links(link(*offer))),
            Request::TrackingLinks(_) => Err(not_found()),
            Request::Batch(ids) if self.is_too_large(ids) => Err(match self.over {
                Over::Plain => error(ErrorKind::BadRequest, 400, Some("20"), "Parameter error"),
                Over::Words => {
                    let message = format!("{} offer_ids given, at most {}", ids.len(), self.most);
                    error(ErrorKind::BadRequest, 400, Some("20"), &message)
                }
                Over::Uri => error(ErrorKind::BadRequest, 414, None, "HTTP 414"),
                Over::Close => OfferError::local(ErrorKind::Network, "the connection was closed"),
                Over::Page => error(ErrorKind::InvalidResponse, 404, None, "a page"),
            }),
            Request::Batch(ids) if self.unknown == Unknown::RefusesAll && !ids.iter().all(|id| self.knows(*id)) => {
                Err(error(ErrorKind::BadRequest, 400, Some("20"), "Parameter error: offer_id"))
            }
            Request::Batch(ids) => {
                let found = ids.iter().map(|id| (*id, self.knows(*id).then(|| Ok(link(*id)))));
                Ok(Payload::Batch(Batch(found.collect())))
            }
            Request::OfferPage { .. } => unreachable!("no page is asked for"),
        }
    }

    fn is_too_large(self, ids: &[OfferId]) -> bool {
        match self.over {
            Over::Uri => ids.iter().map(|id| id.as_str().len() + 1).sum::<usize>() > 6 * self.most,
            _ => ids.len() > self.most,
        }
    }
}
