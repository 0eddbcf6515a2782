//! The call for the links of many offers, with a switch for everything that the documentation leaves open.
//!
//! Pure: sees IDs and says what goes back. The links themselves are those of `offers`.

use std::str::FromStr;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::sandbox::offers;
use crate::sandbox::reply::{Ending, Whole};

/// What the network does with a call for many offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRules {
    /// The most offers in a call.
    pub most: usize,
    /// What it does with a call of more.
    pub over: Over,
    /// What it does with an offer that has no link.
    pub bad: Bad,
    /// The order of the entries.
    pub order: Order,
    /// The form of the entries.
    pub shape: Shape,
    /// How often each entry comes.
    pub entries: Entries,
    /// The host of the links, beside that of the call for one offer.
    pub host: Host,
    /// Every n-th offer is unknown, whichever call asks for it; 0 for none.
    pub unknown_every: u32,
}

/// What becomes of a call that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It is refused as a bad request.
    Refuse,
    /// It is refused with the maximum in words.
    Words,
    /// 414, as servers answer an address that is too long.
    Uri,
    /// The connection is closed.
    Close,
}

/// What becomes of an offer without a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It is left out.
    LeaveOut,
    /// Its entry is null.
    Null,
    /// The whole call is refused.
    Refuse,
}

/// The order of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As in the request.
    Asked,
    /// Any other.
    Shuffled,
}

/// The form of the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A list, as documented.
    List,
    /// An object with the offers as its keys.
    Object,
}

/// How often each entry comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Once.
    Once,
    /// Twice.
    Doubled,
}

/// The host of the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// As in the answer for one offer.
    Same,
    /// Another, as in the documentation.
    Click,
}

impl Default for BatchRules {
    fn default() -> Self {
        Self {
            most: 100,
            over: Over::Refuse,
            bad: Bad::LeaveOut,
            order: Order::Asked,
            shape: Shape::List,
            entries: Entries::Once,
            host: Host::Same,
            unknown_every: 0,
        }
    }
}

impl BatchRules {
    /// Whether the network has this offer at all.
    pub(crate) fn knows(&self, id: u128) -> bool {
        self.unknown_every == 0 || !id.is_multiple_of(u128::from(self.unknown_every))
    }

    /// How a call for these offers ends.
    pub(crate) fn answer(&self, ids: &[u128]) -> Ending {
        if ids.len() > self.most {
            let refused = |message: &str| Whole::error(StatusCode::BAD_REQUEST, 20, message).into();
            return match self.over {
                Over::Refuse => refused("Parameter error"),
                Over::Words => refused(&format!("Parameter error: at most {} offer_ids", self.most)),
                Over::Uri => Whole::html(StatusCode::URI_TOO_LONG, "414 Request-URI Too Large").into(),
                Over::Close => Ending::Reset,
            };
        }
        let has_link = |id: u128| self.knows(id) && offers::answer(id).is_some();
        if self.bad == Bad::Refuse && !ids.iter().all(|id| has_link(*id)) {
            return Whole::error(StatusCode::BAD_REQUEST, 20, "Parameter error: offer_id").into();
        }
        let mut ids = ids.to_vec();
        if self.order == Order::Shuffled {
            ids.sort_by_key(|id| id.wrapping_mul(2_654_435_761) % 1_000_003);
        }
        if self.entries == Entries::Doubled {
            ids.extend_from_within(..);
        }
        let entries = ids.into_iter().filter_map(|id| match (has_link(id), self.bad) {
            (true, _) => Some((id, self.entry(id))),
            (false, Bad::Null) => Some((id, Value::Null)),
            (false, _) => None,
        });
        let links: Value = match self.shape {
            Shape::List => entries.map(|(_, entry)| entry).collect(),
            Shape::Object => entries.map(|(id, entry)| (id.to_string(), entry)).collect::<Map<_, _>>().into(),
        };
        Whole::json(json!({ "code": 0, "message": "Success", "data": { "tracking_link": links } }).to_string()).into()
    }

    fn entry(&self, id: u128) -> Value {
        let url = offers::url(id);
        let url = if self.host == Host::Click { url.replacen("://", "://click.", 1) } else { url };
        json!({ "offer_id": id.to_string(), "url": url, "impression_pixel": offers::impression_pixel(id) })
    }
}

impl FromStr for BatchRules {
    type Err = String;

    /// Reads `most=30,over=close,...`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rules = Self::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("expected NAME=VALUE, not {pair}"))?;
            rules.set(name, value).ok_or_else(|| format!("{pair}: {USAGE}"))?;
        }
        Ok(rules)
    }
}

const USAGE: &str = "expected most=N, over=refuse|words|uri|close, bad=leave-out|null|refuse, \
    order=asked|shuffled, shape=list|object, entries=once|doubled, host=same|click or unknown-every=N";

impl BatchRules {
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("most", number) => self.most = number.parse().ok().filter(|most| *most > 0)?,
            ("unknown-every", number) => self.unknown_every = number.parse().ok()?,
            ("over", "refuse") => self.over = Over::Refuse,
            ("over", "words") => self.over = Over::Words,
            ("over", "uri") => self.over = Over::Uri,
            ("over", "close") => self.over = Over::Close,
            ("bad", "leave-out") => self.bad = Bad::LeaveOut,
            ("bad", "null") => self.bad = Bad::Null,
            ("bad", "refuse") => self.bad = Bad::Refuse,
            ("order", "asked") => self.order = Order::Asked,
            ("order", "shuffled") => self.order = Order::Shuffled,
            ("shape", "list") => self.shape = Shape::List,
            ("shape", "object") => self.shape = Shape::Object,
            ("entries", "once") => self.entries = Entries::Once,
            ("entries", "doubled") => self.entries = Entries::Doubled,
            ("host", "same") => self.host = Host::Same,
            ("host", "click") => self.host = Host::Click,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status and `tracking_link`; `None` for no answer.
    fn answer(rules: &str, ids: &[u128]) -> Option<(u16, Value)> {
        let Ending::Answered(whole, _) = rules.parse::<BatchRules>().unwrap().answer(ids) else { return None };
        let body: Value = serde_json::from_str(&whole.body).unwrap_or_default();
        Some((whole.status.as_u16(), body["data"]["tracking_link"].clone()))
    }

    fn ids(rules: &str, ids: &[u128]) -> Vec<String> {
        let entries = answer(rules, ids).unwrap().1;
        let id = |entry: &Value| entry["offer_id"].as_str().unwrap_or("null").to_owned();
        entries.as_array().unwrap().iter().map(id).collect()
    }

    #[test]
    fn every_switch_does_what_it_says() {
        let asked = [16, 20, 102, 101];
        assert_eq!(ids("", &asked), ["16", "102", "101"]);
        assert_eq!(ids("bad=null", &asked), ["16", "null", "102", "101"]);
        assert_eq!(ids("unknown-every=101", &asked), ["16", "102"]);
        assert_eq!(ids("entries=doubled", &asked).len(), 6);
        let (mut shuffled, plain) =
            (ids("order=shuffled", &(101..140).collect::<Vec<_>>()), ids("", &(101..140).collect::<Vec<_>>()));
        assert_ne!(shuffled, plain);
        shuffled.sort();
        assert_eq!(shuffled, plain);
        assert_eq!(answer("shape=object", &asked).unwrap().1["102"]["offer_id"], "102");
        let host = answer("host=click", &[101]).unwrap().1[0]["url"].clone();
        assert!(host.as_str().is_some_and(|url| url.starts_with("https://click.track.")), "{host}");
        for (rules, status) in
            [("bad=refuse", 400), ("most=3", 400), ("most=3,over=words", 400), ("most=3,over=uri", 414)]
        {
            assert_eq!(answer(rules, &asked).unwrap().0, status, "{rules}");
        }
        assert_eq!(answer("most=3,over=close", &asked), None);
    }

    #[test]
    fn a_switch_that_is_not_known_is_named() {
        for text in ["most", "most=0", "over=never", "x=1"] {
            let error = text.parse::<BatchRules>().unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
