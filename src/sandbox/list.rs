//! The offer list: which offers there are, and a page of them in either of the two documented forms.
//!
//! Pure; knows queries and JSON, but nothing of requests or gates.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::sandbox::offers::{self, Kind};

/// The number that the offers beyond the sample start at.
const FIRST_FURTHER: u128 = 101;

/// A page of the offer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    shape: Shape,
    scope: Scope,
    order: Order,
    status: Option<String>,
    ids: Option<Vec<u128>>,
    per_page: usize,
    page: usize,
}

/// Where the fields of an offer sit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `rowset[]`.
    Flat,
    /// `rowset[].offer`.
    Nested,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    /// Those that this affiliate may promote.
    Personal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Rising,
    Falling,
}

impl Query {
    /// Reads the query of `/offers`, or says what is wrong with it.
    pub(crate) fn flat(query: &str) -> Result<Self, &'static str> {
        Self::parse(query, Shape::Flat, 200)
    }

    /// Reads the query of `/batches/offers`, or says what is wrong with it.
    pub(crate) fn nested(query: &str) -> Result<Self, &'static str> {
        Self::parse(query, Shape::Nested, 100)
    }

    /// `most`: the documentation shows no larger page, so a client must not rely on one.
    fn parse(query: &str, shape: Shape, most: usize) -> Result<Self, &'static str> {
        let (scope, order) = (Scope::All, Order::Rising);
        let mut parsed = Self { shape, scope, order, status: None, ids: None, per_page: most, page: 1 };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                ("type", "personal") => parsed.scope = Scope::Personal,
                ("type", "" | "all") => parsed.scope = Scope::All,
                ("type", _) => return Err("Parameter error: type"),
                ("sort", "" | "id") => parsed.order = Order::Rising,
                ("sort", "-id") => parsed.order = Order::Falling,
                ("sort", _) => return Err("Parameter error: sort"),
                ("limit", limit) => {
                    let limit = limit.parse().ok().filter(|limit| (1..=most).contains(limit));
                    parsed.per_page = limit.ok_or("Parameter error: limit")?;
                }
                ("offset", page) => {
                    parsed.page = page.parse().ok().filter(|&page| page > 0).ok_or("Parameter error: offset")?;
                }
                ("filters[status]", status) => parsed.status = Some(status.to_owned()),
                ("filters[id]", ids) => {
                    let ids: Option<_> = ids.split(',').map(|id| id.trim().parse().ok()).collect();
                    parsed.ids = Some(ids.ok_or("Parameter error: filters[id]")?);
                }
                // PHP ignores unknown parameters.
                _ => (),
            }
        }
        Ok(parsed)
    }

    fn matches(&self, id: u128) -> bool {
        (self.scope == Scope::All || is_personal(id))
            && self.status.as_deref().is_none_or(|wanted| wanted == status(id))
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }

    /// The body of the answer; the network has the sample and `further` more offers.
    pub(crate) fn body(&self, further: u32) -> String {
        let further = (0..u128::from(further)).map(|number| FIRST_FURTHER + number);
        let mut ids: Vec<u128> = offers::SAMPLE.into_iter().chain(further).filter(|&id| self.matches(id)).collect();
        if self.order == Order::Falling {
            ids.reverse();
        }
        let before = self.per_page.saturating_mul(self.page - 1);
        let rows: Vec<Value> = ids.iter().skip(before).take(self.per_page).map(|&id| self.row(id)).collect();
        json!({
            "code": 0,
            "message": "Success",
            "data": { "totalPages": ids.len().div_ceil(self.per_page), "totalRows": ids.len(), "rowset": rows },
        })
        .to_string()
    }

    fn row(&self, id: u128) -> Value {
        let personal = is_personal(id);
        let link = if personal { offers::url(id) } else { offers::NEED_TO_APPLY.to_owned() };
        let offer = json!({
            "id": id.to_string(),
            "name": format!("Offer {id}"),
            "status": status(id),
            "offer_approval": if personal { 2 } else { 1 },
            "preview_url": format!("https://www.advertiser-{id}.example/"),
            "tracking_link": link,
            "payout": format!("{}.{:02}", 1 + id % 9, id % 100),
            "currency": "USD",
        });
        match self.shape {
            Shape::Flat => offer,
            Shape::Nested => json!({ "offer": offer }),
        }
    }
}

/// Whether this affiliate may promote the offer.
fn is_personal(id: u128) -> bool {
    !matches!(offers::kind(id), Kind::NotApproved | Kind::NeedToApply)
}

/// Every tenth offer is paused.
fn status(id: u128) -> &'static str {
    if id.is_multiple_of(10) && id != 20 { "paused" } else { "active" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> (Value, Vec<String>) {
        let body: Value = serde_json::from_str(&Query::flat(query).unwrap().body(30)).unwrap();
        let data = body["data"].clone();
        let ids = data["rowset"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        let ids = ids.collect();
        (data, ids)
    }

    #[test]
    fn pages_follow_each_other_and_hold_every_offer_once() {
        let all = ids("").1;
        assert_eq!(all.len(), 37);
        let pages: Vec<_> = (1..=5).flat_map(|page| ids(&format!("limit=10&offset={page}")).1).collect();
        assert_eq!(pages, all);
        let (data, third) = ids("limit=10&offset=3&sort=-id");
        assert_eq!((&data["totalPages"], &data["totalRows"]), (&json!(4), &json!(37)));
        assert_eq!(third.first().map(String::as_str), Some("110"));
    }

    #[test]
    fn filters_leave_other_offers_out() {
        for (query, expected) in [
            ("type=personal&filters[id]=16,20,23,101", "16 101"),
            ("filters%5Bid%5D=16,20", "16 20"),
            ("filters[status]=paused", "110 120 130"),
            ("filters[status]=deleted", ""),
        ] {
            assert_eq!(ids(query).1.join(" "), expected, "{query}");
        }
    }

    #[test]
    fn the_batch_form_puts_the_fields_one_level_deeper() {
        let body: Value = serde_json::from_str(&Query::nested("filters[id]=20").unwrap().body(0)).unwrap();
        let offer = &body["data"]["rowset"][0]["offer"];
        assert_eq!((&offer["id"], &offer["tracking_link"]), (&json!("20"), &json!("Need to apply")));
    }

    #[test]
    fn a_query_that_means_nothing_is_refused() {
        for query in
            ["limit=0", "limit=201", "limit=x", "offset=0", "offset=-1", "sort=name", "type=x", "filters[id]=x"]
        {
            assert!(Query::flat(query).is_err(), "{query}");
        }
        assert!(Query::nested("limit=101").is_err() && Query::nested("limit=100&unknown=1").is_ok());
    }
}
