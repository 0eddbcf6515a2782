//! From a request to its reply: which URL asks for it, how its answer is read, and that no key is in it.
//!
//! Part of [`Client`]. Never retries, sleeps or logs.

use bytes::Bytes;

use crate::api::batch::Batch;
use crate::api::body::Body;
use crate::api::classify::{accept, classify};
use crate::api::client::Client;
use crate::api::offers::Page;
use crate::api::reply::{RawReply, Reply};
use crate::api::request::{Payload, Request};
use crate::api::transport_error::TransportError;
use crate::offer::{ErrorKind, OfferError, OfferId};

/// Why a good answer is not written.
const KEY_IN_LINK: &str =
    "the answer contains your API key, so none of it is written; please tell your account manager";
/// Offers on a page of the list; the documentation shows no larger one.
const PER_PAGE: &str = "100";

impl Client {
    /// Sends a request; whatever goes wrong is in the reply.
    pub async fn fetch(&self, request: &Request) -> Reply<Payload> {
        match request {
            Request::TrackingLinks(offer) => self.tracking_links(*offer).await.map(Payload::Links),
            Request::Batch(offers) => self.batch(offers).await.map(Payload::Batch),
            Request::OfferPage { page, query } => self.offer_page(*page, query).await.map(Payload::Page),
        }
    }

    /// Asks for an offer's tracking links.
    pub async fn tracking_links(&self, offer: OfferId) -> Reply {
        let mut url = self.shared.base.clone();
        // Digits only, so the path cannot become another one.
        url.set_path(&[url.path(), "/offers/", offer.as_str(), "/tracking_links"].concat());
        let sent = self.send(url).await;
        self.understand(sent, |raw, body| match classify(raw.received(body)) {
            // The output goes to trackers and to people: not the key. A second call would bring it again.
            Ok(answer) if self.shared.secrets.are_in(&raw.body, &answer) => Err(key_in_link(raw)),
            outcome => outcome,
        })
    }

    async fn batch(&self, offers: &[OfferId]) -> Reply<Batch> {
        let ids: Vec<_> = offers.iter().map(OfferId::as_str).collect();
        let mut url = self.shared.base.clone();
        // Digits and commas only.
        url.set_path(&[url.path(), "/batches/offers/tracking_links/", &ids.join(",")].concat());
        let sent = self.send(url).await;
        self.understand(sent, |raw, body| {
            let Batch(mut found) = Batch::read(raw, body, offers)?;
            for outcome in found.iter_mut().filter_map(|(_, outcome)| outcome.as_mut()) {
                if outcome.as_ref().is_ok_and(|answer| self.shared.secrets.are_in(&raw.body, answer)) {
                    *outcome = Err(key_in_link(raw));
                }
            }
            Ok(Batch(found))
        })
    }

    async fn offer_page(&self, page: u32, query: &[(String, String)]) -> Reply<Page> {
        let page = page.to_string();
        let own = [("limit", PER_PAGE), ("offset", page.as_str()), ("sort", "id")];
        let asked = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let sent = self.get(&["batches", "offers"], &asked.chain(own).collect::<Vec<_>>()).await;
        self.understand(sent, page_in)
    }

    /// Reads an answer, and sees to it that no error repeats the key.
    fn understand<T>(
        &self,
        sent: Result<RawReply, TransportError>,
        read: impl Fn(&RawReply, &Body<'_>) -> Result<T, OfferError>,
    ) -> Reply<T> {
        match sent {
            Ok(raw) => Reply::understand(&raw, &read)
                .map_err(|error| self.without_secrets(error, &raw, |raw| Reply::understand(raw, &read).outcome.err())),
            Err(failure) => {
                Reply::without_answer(TransportError { error: self.hide_secrets(failure.error), ..failure })
            }
        }
    }

    /// The error of an answer without the key, which some servers repeat.
    ///
    /// `read` reads it again from the answer without the key: its words may quote a piece of the body, and a piece of
    /// a key is not known for one any more. What kind of error it is stays.
    pub fn without_secrets(
        &self,
        error: OfferError,
        raw: &RawReply,
        read: impl FnOnce(&RawReply) -> Option<OfferError>,
    ) -> OfferError {
        if &*error.message == KEY_IN_LINK {
            // It quotes nothing, and an answer without the key would fail for another reason.
            return error;
        }
        let text = raw.text();
        let hidden = self.shared.secrets.hide(&text);
        let kind = error.kind;
        let retold = if hidden == *text { None } else { read(&RawReply { body: Bytes::from(hidden), ..raw.clone() }) };
        self.hide_secrets(OfferError { kind, ..retold.unwrap_or(error) })
    }

    /// The error without the key.
    pub fn hide_secrets(&self, error: OfferError) -> OfferError {
        self.shared.secrets.hide_in(error)
    }
}

fn key_in_link(raw: &RawReply) -> OfferError {
    OfferError { kind: ErrorKind::ApiError, http_status: Some(raw.status), code: None, message: KEY_IN_LINK.into() }
}

fn page_in(raw: &RawReply, body: &Body<'_>) -> Result<Page, OfferError> {
    let data = accept(raw.received(body))?;
    Page::read(data).map_err(|what_came| OfferError {
        kind: ErrorKind::InvalidResponse,
        http_status: Some(raw.status),
        code: None,
        message: what_came.into(),
    })
}
