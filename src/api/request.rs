//! What can be asked of the network: each variant is one call.
//!
//! Values only. Must not know of URLs, and nothing here decides when a call is sent.

use std::rc::Rc;

use crate::offer::{Answer, ErrorKind, OfferError, OfferId, Outcome};

use super::offers::Page;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The tracking links of one offer.
    TrackingLinks(OfferId),
    /// A page of the offer list.
    OfferPage {
        /// From 1.
        page: u32,
        /// Parameters that say which offers are listed.
        query: Rc<[(String, String)]>,
    },
}

/// What a call brings when it succeeds.
#[derive(Clone, Debug)]
pub enum Payload {
    /// For [`Request::TrackingLinks`].
    Links(Answer),
    /// For [`Request::OfferPage`].
    Page(Page),
}

impl Payload {
    /// The links of one offer.
    ///
    /// # Errors
    /// Something else was asked for.
    pub fn into_links(self) -> Outcome {
        match self {
            Self::Links(answer) => Ok(answer),
            Self::Page(_) => Err(OfferError::local(ErrorKind::InvalidResponse, "no links were asked for")),
        }
    }

    /// A page of the offer list.
    ///
    /// # Errors
    /// Something else was asked for.
    pub fn into_page(self) -> Result<Page, OfferError> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Links(_) => Err(OfferError::local(ErrorKind::InvalidResponse, "no page was asked for")),
        }
    }
}
