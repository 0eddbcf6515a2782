//! Finds the offers on a page of the offer list, in every shape that a PHP server gives it.
//!
//! Reads one page; which page comes next is decided elsewhere.

use std::borrow::Cow;

use crate::api::body::excerpt;
use crate::api::json::Json;
use crate::api::link::is_link;
use crate::api::links::{each, is_list};

/// An offer of the list; a field is `None` where the network sent none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The offer's ID, as it came.
    pub id: Option<String>,
    /// The fields of [`FIELDS`], in that order.
    pub fields: [Option<String>; FIELDS.len()],
    /// Its own link. An offer that is not approved has a sentence in its place, which is no link.
    pub tracking_link: Option<String>,
}

/// The fields of an offer other than its ID.
pub const FIELDS: [&str; 6] = ["name", "status", "offer_approval", "preview_url", "payout", "currency"];

/// A page of the offer list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its offers, in the network's order.
    pub offers: Vec<Listed>,
    /// How many pages the network says there are.
    pub total_pages: Option<u64>,
    /// How many offers the network says there are.
    pub total_rows: Option<u64>,
}

impl Page {
    /// Reads `data`.
    ///
    /// # Errors
    /// It is no page of offers; says what it is instead.
    pub fn read(data: Option<&Json<'_>>) -> Result<Self, String> {
        let Some(data) = data.filter(|data| !data.is_absent()) else { return Ok(Self::default()) };
        let number = |name| data.get(name).and_then(Json::as_text).and_then(|text| text.trim().parse().ok());
        let (total_pages, total_rows) = (number("totalPages"), number("totalRows"));
        let mut offers = Vec::new();
        match data.get("rowset") {
            Some(rows) if is_list(rows) => each(rows, |row| offers.extend(listed(row))),
            Some(rows) if rows.is_absent() => {}
            Some(Json::Object(_)) => offers.extend(data.get("rowset").and_then(listed)),
            None if is_list(data) => each(data, |row| offers.extend(listed(row))),
            None if total_rows == Some(0) => {}
            Some(other) => return Err(format!("rowset is no list of offers: {}", excerpt(&other.to_string()))),
            None => return Err(format!("data has no rowset: {}", excerpt(&data.to_string()))),
        }
        Ok(Self { offers, total_pages, total_rows })
    }
}

/// An offer, whose fields may sit one level deeper; `None` for one of PHP's ways to say nothing.
fn listed(row: &Json<'_>) -> Option<Listed> {
    let offer = row.get("offer").filter(|offer| matches!(offer, Json::Object(_))).unwrap_or(row);
    if row.is_absent() {
        return None;
    }
    let field = |name| offer.get(name).and_then(Json::as_text).map(Cow::into_owned);
    let id = match offer {
        // A list of bare IDs.
        Json::Number(_) | Json::Text(_) => offer.as_text().map(Cow::into_owned),
        _ => field("id").or_else(|| field("offer_id")),
    };
    let tracking_link = field("tracking_link").filter(|text| is_link(text));
    Some(Listed { id, fields: FIELDS.map(field), tracking_link })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, String> {
        Page::read(Some(&Json::parse(text).unwrap()))
    }

    fn ids(text: &str) -> Vec<String> {
        read(text).unwrap().offers.into_iter().map(|offer| offer.id.unwrap_or_default()).collect()
    }

    #[test]
    fn the_offers_are_found_in_every_shape() {
        for (data, found) in [
            (r#"{"rowset":[{"offer":{"id":"16"}},{"offer":{"id":17}}]}"#, &["16", "17"][..]),
            (r#"{"rowset":[{"id":16},{"offer_id":"17"}]}"#, &["16", "17"]),
            (r#"{"rowset":{"0":{"offer":{"id":16}},"5":{"id":"17"}}}"#, &["16", "17"]),
            (r#"{"rowset":{"offer":{"id":16}}}"#, &["16"]),
            (r#"{"rowset":[16,"17",null,false]}"#, &["16", "17"]),
            (r#"[{"id":16}]"#, &["16"]),
            (r#"{"rowset":[{"name":"no id"}]}"#, &[""]),
            (r#"{"rowset":[]}"#, &[]),
            (r#"{"rowset":{}}"#, &[]),
            (r#"{"rowset":null}"#, &[]),
            (r#"{"totalRows":"0"}"#, &[]),
            ("[]", &[]),
            ("{}", &[]),
            ("null", &[]),
            ("false", &[]),
        ] {
            assert_eq!(ids(data), found, "{data}");
        }
        assert_eq!(Page::read(None), Ok(Page::default()));
    }

    #[test]
    fn what_is_no_page_is_an_error_with_its_words() {
        for (data, words) in [
            (r#"{"offers":[]}"#, r#"data has no rowset: {"offers":[]}"#),
            (r#"{"rowset":"none"}"#, r#"rowset is no list of offers: "none""#),
            ("\"text\"", "data has no rowset: \"text\""),
        ] {
            assert_eq!(read(data).unwrap_err(), words, "{data}");
        }
    }

    #[test]
    fn fields_and_totals_are_kept_as_they_came() {
        let page = read(
            r#"{"totalPages":"3","totalRows":201.0,"rowset":[{"offer":{"id":16,"name":"A\/B","status":"active",
                "offer_approval":2,"preview_url":null,"payout":"1.50","currency":false}}]}"#,
        )
        .unwrap();
        assert_eq!((page.total_pages, page.total_rows), (Some(3), None));
        let fields = page.offers.first().unwrap().fields.each_ref().map(Option::as_deref);
        assert_eq!(fields, [Some("A/B"), Some("active"), Some("2"), None, Some("1.50"), None]);
    }

    proptest::proptest! {
        #[test]
        fn no_data_makes_it_panic(text in r#"[\[\]{}":,0-9a-z]{0,60}"#) {
            if let Ok(json) = Json::parse(&text) {
                let _ = Page::read(Some(&json));
            }
        }
    }
}
