//! The call for the links of many offers: its answer, joined by offer ID, and what a refusal says about its size.
//!
//! Pure. Which offers share a call is decided in `run::packer`. What the network does with offers that have no link is
//! not documented, so an offer is only missing here, and why is for its own call to say.

use std::collections::HashMap;

use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::json::Json;
use crate::api::link::is_link;
use crate::api::links::{self, each, is_list};
use crate::api::reply::RawReply;
use crate::offer::{Answer, ErrorKind, OfferError, OfferId, Outcome};

/// The offers of a call in the order in which they were asked for, each with its link; `None` where the answer has none
/// for it, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch(pub Vec<(OfferId, Option<Outcome>)>);

/// Why a call for many offers was refused for its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    /// Its URL is too long.
    Bytes,
    /// It holds too many offers; the network may have said how many it takes.
    Ids(Option<usize>),
}

impl Batch {
    /// Reads an answer to the call for `ids`.
    ///
    /// # Errors
    /// The network refuses the whole call.
    pub(crate) fn read(raw: &RawReply, body: &Body<'_>, ids: &[OfferId]) -> Result<Self, OfferError> {
        let data = accept(raw.received(body)).map_err(|error| of_size(error, ids.len()))?;
        let mut found = Found { asked: ids.iter().map(|id| (number(id.as_str()), None)).collect() };
        if let Some(data) = data {
            found.take(data);
        }
        let link = |id: &OfferId| found.asked.get(number(id.as_str())).cloned().flatten();
        Ok(Self(ids.iter().map(|id| (*id, link(id).and_then(Entry::into_outcome))).collect()))
    }
}

/// What came for an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Link(Answer),
    /// Something without a link, or two things that differ.
    Unclear,
}

impl Entry {
    fn into_outcome(self) -> Option<Outcome> {
        match self {
            Self::Link(answer) => Some(Ok(answer)),
            Self::Unclear => None,
        }
    }
}

/// What was found for the offers that were asked for, by their IDs without leading zeros.
struct Found<'a> {
    asked: HashMap<&'a str, Option<Entry>>,
}

impl Found<'_> {
    /// Takes the entries in any part of `data`; the recursion is bounded by the JSON's limited depth.
    fn take(&mut self, json: &Json<'_>) {
        match json {
            Json::Object(pairs) if id_of(json).is_none() => {
                // An object whose keys are the offers, unless they only number entries that say their own.
                let is_keyed = !pairs.iter().any(|(_, value)| has_id(value))
                    && pairs.iter().any(|(key, _)| self.asked.contains_key(number(key)));
                for (key, value) in pairs {
                    if is_keyed { self.put(key, value) } else { self.take(value) }
                }
            }
            Json::Object(_) => {
                if let Some(id) = id_of(json) {
                    self.put(&id, json);
                }
            }
            _ if is_list(json) => each(json, |item| self.take(item)),
            _ => {}
        }
    }

    fn put(&mut self, id: &str, entry: &Json<'_>) {
        // Offers that were not requested are ignored.
        let Some(place) = self.asked.get_mut(number(id)) else { return };
        let link = links::find(Some(entry)).ok().map(default_link);
        let entry = link.and_then(Result::ok).map_or(Entry::Unclear, Entry::Link);
        *place = match place.take() {
            Some(before) if before != entry => Some(Entry::Unclear),
            _ => Some(entry),
        };
    }
}

/// The offer's own link and pixel, without landing pages.
pub(crate) fn default_link(answer: Answer) -> Outcome {
    if answer.url().is_some_and(is_link) {
        return Ok(answer.into_own_link());
    }
    let message = "it has links of landing pages, but none of its own: --links all exports them";
    Err(OfferError { kind: ErrorKind::NoLink, http_status: Some(200), code: None, message: message.into() })
}

/// The network knows `016` as 16.
fn number(id: &str) -> &str {
    let id = id.trim();
    let digits = id.trim_start_matches('0');
    if digits.is_empty() && !id.is_empty() { "0" } else { digits }
}

fn id_of<'j>(json: &'j Json<'j>) -> Option<std::borrow::Cow<'j, str>> {
    ["offer_id", "id"].into_iter().find_map(|name| json.get(name).filter(|id| !id.is_absent()).and_then(Json::as_text))
}

/// Whether an entry says which offer it is of, anywhere in it.
fn has_id(json: &Json<'_>) -> bool {
    match json {
        Json::Object(pairs) => id_of(json).is_some() || pairs.iter().any(|(_, value)| has_id(value)),
        Json::List(items) => items.iter().any(has_id),
        _ => false,
    }
}

/// A refusal that names the size of the call is about this call, whatever sent it: not a throttle, and not a failure of a
/// gateway.
fn of_size(error: OfferError, ids: usize) -> OfferError {
    let by_status = matches!(error.http_status, Some(413 | 414 | 431));
    let throttled = error.kind == ErrorKind::RateLimited;
    let named = throttled && !matches!(error.http_status, Some(429 | 503)) && error.code.as_deref() != Some("40");
    let by_words = named && mentions(&error.message, &["offer", "ids", " id", "batch", "parameter"]);
    if ids > 1 && (by_status || by_words) { OfferError { kind: ErrorKind::BadRequest, ..error } } else { error }
}

/// Whether a call of several offers was refused for its size, where the answer says so.
pub(crate) fn too_large(error: &OfferError) -> Option<TooLarge> {
    match (error.kind, error.http_status) {
        (_, Some(413)) | (ErrorKind::BodyTooLarge, _) => return Some(TooLarge::Ids(None)),
        (_, Some(414 | 431)) => return Some(TooLarge::Bytes),
        (ErrorKind::BadRequest | ErrorKind::ApiError, _) => {}
        _ => return None,
    }
    if mentions(&error.message, &["uri too l", "url too l", "too long"]) {
        return Some(TooLarge::Bytes);
    }
    let words = ["too many", "maximum", "at most", "no more than", "up to", "exceed", "limit"];
    mentions(&error.message, &words).then(|| TooLarge::Ids(number_in(&error.message)))
}

fn mentions(message: &str, words: &[&str]) -> bool {
    let message = message.to_ascii_lowercase();
    words.iter().any(|word| message.contains(word))
}

/// The smallest number in a text: beside it may stand how many there were.
fn number_in(message: &str) -> Option<usize> {
    let numbers = message.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    numbers.filter(|number| *number > 0).min()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn ids(text: &str) -> Vec<OfferId> {
        text.split(' ').map(|id| OfferId::parse(id).unwrap()).collect()
    }

    fn read(status: u16, body: &str, asked: &str) -> Result<Batch, OfferError> {
        let raw = RawReply {
            status,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
            location: None,
            certificate: None,
        };
        Batch::read(&raw, &Body::read(&raw.text()), &ids(asked))
    }

    /// The offers with a link, each with its URL.
    fn links(data: &str, asked: &str) -> String {
        let Batch(found) = read(200, &format!(r#"{{"code":0,"message":"Success","data":{data}}}"#), asked).unwrap();
        assert_eq!(found.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(" "), asked);
        let link = |(id, outcome): (OfferId, Option<Outcome>)| Some(format!("{id}={}", outcome?.ok()?.url()?));
        found.into_iter().filter_map(link).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn entries_are_joined_by_their_id_in_every_shape() {
        let a = r#"{"offer_id":"16","url":"http://a/16","impression_pixel":"<img>"}"#;
        let b = r#"{"offer_id":17,"url":"http://a/17","impression_pixel":null}"#;
        let both = "16=http://a/16 17=http://a/17";
        for (data, expected) in [
            (format!(r#"{{"tracking_link":[{a},{b}]}}"#), both),
            (format!(r#"{{"tracking_link":[{b},{a}]}}"#), both),
            (format!(r#"{{"tracking_link":{{"0":{b},"5":{a}}}}}"#), both),
            (format!(r#"{{"tracking_link":{{"16":{b},"17":{a}}}}}"#), both),
            (format!(r#"{{"tracking_link":[[{a}],{{"x":{b}}}]}}"#), both),
            (format!("[{a},{b}]"), both),
            (r#"{"tracking_link":{"16":{"url":"http://a/16"},"17":"http://a/17"}}"#.to_owned(), both),
            (format!(r#"{{"tracking_link":{a}}}"#), "16=http://a/16"),
            (format!(r#"{{"tracking_link":[null,{a},false,{a},[],{{}}]}}"#), "16=http://a/16"),
            (
                format!(r#"{{"tracking_link":[{a},{}]}}"#, b.replace("17\"", "18\"").replace(":17", ":99")),
                "16=http://a/16",
            ),
            (format!(r#"{{"tracking_link":[{a},{}]}}"#, a.replace("a/16", "a/0")), ""),
            (r#"{"tracking_link":[{"offer_id":"016","url":"http://a/16"}]}"#.to_owned(), "16=http://a/16"),
            (r#"{"tracking_link":[{"offer_id":"16","url":"Need to apply"},{"offer_id":17}]}"#.to_owned(), ""),
            (r#"{"tracking_link":[{"url":"http://a/16"},"http://a/17",16]}"#.to_owned(), ""),
            (r#"{"tracking_link":[]}"#.to_owned(), ""),
            (r#"{"tracking_link":null}"#.to_owned(), ""),
            ("[]".to_owned(), ""),
            ("false".to_owned(), ""),
        ] {
            assert_eq!(links(&data, "16 17"), expected, "{data}");
        }
        assert_eq!(links(&format!("[{a}]"), "016 16"), "016=http://a/16 16=http://a/16");
    }

    #[test]
    fn only_the_offers_own_link_and_pixel_are_taken() {
        let data =
            r#"[{"offer_id":1,"url":"http://a","impression_pixel":"<p>","offer_url":[{"tracking_link":"http://b"}]}]"#;
        let Batch(found) = read(200, &format!(r#"{{"code":0,"data":{data}}}"#), "1").unwrap();
        let answer = found[0].1.clone().unwrap().unwrap();
        assert_eq!(
            (answer.url(), answer.impression_pixel(), answer.entries().len()),
            (Some("http://a"), Some("<p>"), 0)
        );
    }

    #[test]
    fn a_refusal_that_names_the_size_is_told_from_a_throttle_and_from_a_bad_id() {
        use TooLarge::{Bytes, Ids};
        let html = "<html><title>414 Request-URI Too Large</title></html>";
        let json = |code: u32, message: &str| format!(r#"{{"code":{code},"message":"{message}","data":[]}}"#);
        for (status, body, kind, size) in [
            (414, html.to_owned(), ErrorKind::BadRequest, Some(Bytes)),
            (413, String::new(), ErrorKind::BadRequest, Some(Ids(None))),
            (400, json(20, "Too many offer ids"), ErrorKind::BadRequest, Some(Ids(None))),
            (400, json(20, "3 offer_ids given, at most 2"), ErrorKind::BadRequest, Some(Ids(Some(2)))),
            (200, json(99, "too many offer_ids, limit 2"), ErrorKind::BadRequest, Some(Ids(Some(2)))),
            (400, json(20, "Parameter error: offer_id"), ErrorKind::BadRequest, None),
            (404, json(31, "Offer not found"), ErrorKind::NotFound, None),
            (200, json(40, "Too many requests"), ErrorKind::RateLimited, None),
            (429, json(20, "too many offer calls"), ErrorKind::RateLimited, None),
            (200, json(99, "Too many requests"), ErrorKind::RateLimited, None),
        ] {
            let error = read(status, &body, "1 2 3").unwrap_err();
            assert_eq!((error.kind, too_large(&error)), (kind, size), "{status} {body}");
        }
    }
}
