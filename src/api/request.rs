//! What can be asked of the network: each variant is one call.
//!
//! Values only. Must not know of URLs, and nothing here decides when a call is sent.

use std::fmt;
use std::rc::Rc;

use crate::api::batch::Batch;
use crate::api::offers::Page;
use crate::offer::{Answer, ErrorKind, OfferError, OfferId, Outcome};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The tracking links of one offer.
    TrackingLinks(OfferId),
    /// The links of many offers, without landing pages.
    Batch(Rc<[OfferId]>),
    /// A page of the offer list.
    OfferPage {
        /// From 1.
        page: u32,
        /// Parameters that say which offers are listed.
        query: Rc<[(String, String)]>,
    },
}

impl Request {
    /// How many offers it asks for.
    pub fn offers(&self) -> usize {
        match self {
            Self::TrackingLinks(_) => 1,
            Self::Batch(offers) => offers.len(),
            Self::OfferPage { .. } => 0,
        }
    }

    /// The first of them.
    pub fn first_offer(&self) -> Option<&str> {
        match self {
            Self::TrackingLinks(offer) => Some(offer.as_str()),
            Self::Batch(offers) => offers.first().map(OfferId::as_str),
            Self::OfferPage { .. } => None,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrackingLinks(offer) => write!(f, "offer {offer}"),
            Self::Batch(offers) => match &**offers {
                [] => f.write_str("no offers"),
                [only] => write!(f, "offer {only} (batch)"),
                [first, .., last] => write!(f, "{} offers, {first} to {last}", offers.len()),
            },
            Self::OfferPage { page, .. } => write!(f, "page {page} of the offer list"),
        }
    }
}

/// What a call brings when it succeeds.
#[derive(Clone, Debug)]
pub enum Payload {
    /// For [`Request::TrackingLinks`].
    Links(Answer),
    /// For [`Request::Batch`].
    Batch(Batch),
    /// For [`Request::OfferPage`].
    Page(Page),
}

impl Payload {
    /// The links of one offer.
    ///
    /// # Errors
    /// The request was for something else.
    pub fn into_links(self) -> Outcome {
        match self {
            Self::Links(answer) => Ok(answer),
            Self::Page(_) | Self::Batch(_) => Err(not_asked("links of one offer")),
        }
    }

    /// A page of the offer list.
    ///
    /// # Errors
    /// The request was for something else.
    pub fn into_page(self) -> Result<Page, OfferError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Links(_) | Self::Batch(_) => Err(not_asked("a page")),
        }
    }

    /// The links of many offers.
    ///
    /// # Errors
    /// The request was for something else.
    pub fn into_batch(self) -> Result<Batch, OfferError> {
        match self {
            Self::Batch(batch) => Ok(batch),
            Self::Links(_) | Self::Page(_) => Err(not_asked("links of many offers")),
        }
    }
}

fn not_asked(what: &str) -> OfferError {
    OfferError::local(ErrorKind::InvalidResponse, format!("{what}: not what was asked for"))
}
