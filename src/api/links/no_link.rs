//! The message for an answer without a link: what it has in the link's place.

use super::numbered;
use crate::api::body::excerpt;
use crate::api::json::Json;

/// The content in the link's place: follows the documented path as far as it exists.
pub(super) fn what_came(data: Option<&Json<'_>>) -> String {
    let Some(data) = data else { return "the answer has no data".to_owned() };
    if let Some(words) = not_an_object("data", data) {
        return words;
    }
    let Some(link) = data.get("tracking_link") else {
        return format!("data has no tracking_link: {}", excerpt(&data.to_string()));
    };
    if let Some(words) = not_an_object("tracking_link", link) {
        return words;
    }
    let url = match link.get("url") {
        None => "tracking_link has no url".to_owned(),
        Some(url) => format!("url is {}", describe(url)),
    };
    match link.get("offer_url") {
        None => format!("{url}, and there is no offer_url"),
        Some(entries) => format!("{url}, and offer_url is {}", describe(entries)),
    }
}

/// `None` for an object with named fields.
fn not_an_object(name: &str, json: &Json<'_>) -> Option<String> {
    let is_object = matches!(json, Json::Object(pairs) if !pairs.is_empty()) && numbered(json).is_none();
    (!is_object).then(|| format!("{name} is {}", describe(json)))
}

fn describe(json: &Json<'_>) -> String {
    match json {
        Json::List(items) if items.is_empty() => "an empty list".to_owned(),
        Json::Object(pairs) if pairs.is_empty() => "an empty object".to_owned(),
        Json::List(_) => format!("a list without a link: {}", excerpt(&json.to_string())),
        Json::Object(_) => format!("an object without a link: {}", excerpt(&json.to_string())),
        Json::Text(text) => format!("the text \"{}\"", excerpt(text)),
        Json::Number(number) => format!("the number {}", excerpt(number)),
        Json::Null | Json::Bool(_) => json.to_string(),
    }
}
