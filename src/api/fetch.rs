//! From a request to its reply: which URL asks for it, how its answer is read, and that no key is in it.
//!
//! Part of [`Client`]. Never retries, sleeps or logs.

use std::sync::PoisonError;

use bytes::Bytes;

use crate::api::batch::Batch;
use crate::api::body::Body;
use crate::api::classify::{accept, classify};
use crate::api::client::Client;
use crate::api::offers::Page;
use crate::api::reply::{RawReply, Reply};
use crate::api::request::{Payload, Request};
use crate::api::transport_error::TransportError;
use crate::offer::{Answer, ErrorKind, OfferError, OfferId, Outcome};

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
        let sent = self.get(&["offers", offer.as_str(), "tracking_links"], &[]).await;
        if let Ok(raw) = &sent
            && let Some(answer) = self.documented(raw)
        {
            return Reply::of_json(self.screen(answer, raw), raw.status);
        }
        let screen = |answer: Answer, raw: &RawReply| self.screen(answer, raw);
        self.understand(sent, |raw, body| classify(raw.received(body)), screen)
    }

    /// The answer of a call that came as documented; of any other, nothing is known yet.
    fn documented(&self, raw: &RawReply) -> Option<Answer> {
        let text = std::str::from_utf8(&raw.body).ok().filter(|_| (200..300).contains(&raw.status))?;
        // Whatever a reader has learned, it says what a new one would.
        self.shared.documented.lock().unwrap_or_else(PoisonError::into_inner).read(text)
    }

    async fn batch(&self, offers: &[OfferId]) -> Reply<Batch> {
        let ids: Vec<_> = offers.iter().map(OfferId::as_str).collect();
        let mut url = self.shared.base.clone();
        // Digits and commas only.
        url.set_path(&[url.path(), "/batches/offers/tracking_links/", &ids.join(",")].concat());
        let sent = self.send(url).await;
        let screen = |Batch(found): Batch, raw: &RawReply| {
            let screened = found.into_iter().map(|(offer, outcome)| {
                let outcome = outcome.map(|outcome| match outcome {
                    Ok(answer) => self.screen(answer, raw),
                    Err(error) => Err(self.hide_secrets(error)),
                });
                (offer, outcome)
            });
            Ok(Batch(screened.collect()))
        };
        self.understand(sent, |raw, body| Batch::read(raw, body, offers), screen)
    }

    async fn offer_page(&self, page: u32, query: &[(String, String)]) -> Reply<Page> {
        let page = page.to_string();
        let own = [("limit", PER_PAGE), ("offset", page.as_str()), ("sort", "id")];
        let asked = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let sent = self.get(&["batches", "offers"], &asked.chain(own).collect::<Vec<_>>()).await;
        self.understand(sent, page_in, |page, _| Ok(page))
    }

    /// Reads an answer, and makes sure that no error repeats the key. `screen` looks at what a good answer holds.
    fn understand<T>(
        &self,
        sent: Result<RawReply, TransportError>,
        read: impl Fn(&RawReply, &Body<'_>) -> Result<T, OfferError>,
        screen: impl FnOnce(T, &RawReply) -> Result<T, OfferError>,
    ) -> Reply<T> {
        match sent {
            Ok(raw) => {
                let again = |raw: &RawReply| Reply::understand(raw, &read).outcome.err();
                let reply = Reply::understand(&raw, &read);
                let outcome = match reply.outcome {
                    Ok(good) => screen(good, &raw),
                    Err(error) => Err(self.without_secrets(error, &raw, again)),
                };
                Reply { outcome, ..reply }
            }
            Err(failure) => {
                Reply::without_answer(TransportError { error: self.hide_secrets(failure.error), ..failure })
            }
        }
    }

    /// A good answer, unless the key is in it. The output goes to trackers and to people. A second call would bring it
    /// again.
    fn screen(&self, answer: Answer, raw: &RawReply) -> Outcome {
        if !self.shared.secrets.are_in(&answer) {
            return Ok(answer);
        }
        let (kind, http_status) = (ErrorKind::ApiError, Some(raw.status));
        Err(OfferError { kind, http_status, code: None, message: KEY_IN_LINK.into() })
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

fn page_in(raw: &RawReply, body: &Body<'_>) -> Result<Page, OfferError> {
    let data = accept(raw.received(body))?;
    Page::read(data).map_err(|what_came| OfferError {
        kind: ErrorKind::InvalidResponse,
        http_status: Some(raw.status),
        code: None,
        message: what_came.into(),
    })
}
