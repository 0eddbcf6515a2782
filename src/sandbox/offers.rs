//! The offers of the sandbox: a pure function of the ID.
//!
//! Knows what an offer is and how PHP writes it down; knows nothing of HTTP, limits or time.

use std::borrow::Cow;
use std::fmt::Write;

use crate::offer::{Answer, AnswerBuilder, Entry};

/// The documentation's own example, byte for byte: the answer for offer 16.
pub const DOCUMENTED: &str = include_str!("offer-16.json");

/// The text in the offer list in place of a link that needs an approval.
pub const NEED_TO_APPLY: &str = "Need to apply";

/// The offers of the sample input, one of each kind; 21 is the one that is not there.
pub const SAMPLE: [u128; 7] = [16, 17, 18, 19, 20, 22, 23];

/// Links lead nowhere: `.example` is reserved, and a call to a real tracking link would count as a click.
const TRACKING: &str = "https://track.sandbox.example";

const AFFILIATE: u32 = 5547;

/// What happens to a call for an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Offer 16.
    Documented,
    /// A link and this many landing pages.
    Good(usize),
    /// Not approved for this affiliate.
    NotApproved,
    /// No such offer.
    NotFound,
    /// The server fails twice, then answers; one landing page.
    Flaky,
    /// Success, but a sentence where the link should be.
    NeedToApply,
}

/// What the offer with this ID is.
pub fn kind(id: u128) -> Kind {
    match id {
        16 => Kind::Documented,
        17 => Kind::Good(0),
        18 => Kind::Good(1),
        19 => Kind::Good(40),
        20 => Kind::NotApproved,
        21 => Kind::NotFound,
        22 => Kind::Flaky,
        23 => Kind::NeedToApply,
        _ => Kind::Good(1 + usize::from((id % 4) as u8)),
    }
}

/// The body of a successful answer; `None` where the offer has none.
pub fn body(id: u128) -> Option<Cow<'static, str>> {
    match kind(id) {
        Kind::Documented => Some(DOCUMENTED.into()),
        Kind::NeedToApply => {
            Some(format!(r#"{{"code":0,"message":"Success","data":{{"tracking_link":"{NEED_TO_APPLY}"}}}}"#).into())
        }
        Kind::Good(_) | Kind::Flaky => answer(id).map(|answer| Dialect::of(id).write(&answer).into()),
        Kind::NotApproved | Kind::NotFound => None,
    }
}

/// What a client must make of [`body`]; `None` where there is no link.
pub fn answer(id: u128) -> Option<Answer> {
    match kind(id) {
        Kind::Documented => Some(documented()),
        Kind::Good(entries) => Some(generated(id, entries)),
        Kind::Flaky => Some(generated(id, 1)),
        Kind::NotApproved | Kind::NotFound | Kind::NeedToApply => None,
    }
}

/// The offer's own tracking link.
pub fn url(id: u128) -> String {
    if id == 16 {
        return format!("http://oltest1.offerstrack.net/index.php?offer_id=16&aff_id={AFFILIATE}");
    }
    format!("{TRACKING}/index.php?offer_id={id}&aff_id={AFFILIATE}")
}

/// HTML of the impression pixel, in the very form of the documentation.
pub fn impression_pixel(id: u128) -> String {
    let place = if id == 16 { "http://qoqololo.iuniontrack.com:9080" } else { "https://track.sandbox.example:9080" };
    format!("<img src='{place}/impr.php?offer_id={id}&aff_id={AFFILIATE}'  border='0'  width='1'  height='1' />")
}

/// The documented example, parsed.
fn documented() -> Answer {
    let url = url(16);
    let mut answer = AnswerBuilder::new(Some(&url), Some(&impression_pixel(16)));
    let home = Some("http://www.offerslook.com");
    answer.entry(Entry { kind: Some("Default"), tracking_link: Some(&url), preview_url: home, name: None });
    let random = format!("{url}&random_url=1");
    answer.entry(Entry { kind: Some("Random"), tracking_link: Some(&random), ..Entry::default() });
    for (page, name, preview) in [(7, "360", "http://www.360.com"), (8, "qq", "http://www.qq.com")] {
        let link = format!("{url}&url_id={page}");
        answer.entry(Entry {
            kind: Some("Offer URL"),
            name: Some(name),
            tracking_link: Some(&link),
            preview_url: Some(preview),
        });
    }
    answer.build()
}

/// Names of landing pages: ordinary ones, and some that are difficult for spreadsheets and CSV.
const NAMES: [&str; 7] =
    ["Home", "360", "Caf\u{e9}, \"\u{e9}t\u{e9}\"", "=1+1", "\u{1f680} Launch", "007", "Line 1\nLine 2"];

/// An offer whose landing pages are, in this order, `Default`, `Random`, then named ones.
fn generated(id: u128, entries: usize) -> Answer {
    let url = url(id);
    let preview = format!("https://www.advertiser-{id}.example/");
    let mut answer = AnswerBuilder::new(Some(&url), Some(&impression_pixel(id)));
    for number in 0..entries {
        match number {
            0 => answer.entry(Entry {
                kind: Some("Default"),
                name: None,
                tracking_link: Some(&url),
                preview_url: Some(&preview),
            }),
            1 => {
                let link = format!("{url}&random_url=1");
                answer.entry(Entry { kind: Some("Random"), tracking_link: Some(&link), ..Entry::default() });
            }
            _ => {
                let link = format!("{url}&url_id={number}");
                let page = format!("{preview}{number}");
                let name = NAMES.iter().cycle().nth(usize::from((id % 7) as u8) + number).copied();
                answer.entry(Entry {
                    kind: Some("Offer URL"),
                    // Sometimes a name is missing.
                    name: name.filter(|_| id % 10 != 3),
                    tracking_link: Some(&link),
                    preview_url: Some(&page),
                });
            }
        }
    }
    answer.build()
}

/// How an answer is written down. PHP escapes slashes and everything that is not ASCII unless configured otherwise, and
/// what looks like a number often is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// As in the documentation.
    Plain,
    /// As PHP does by default.
    Php,
}

impl Dialect {
    fn of(id: u128) -> Self {
        if id.is_multiple_of(3) { Self::Php } else { Self::Plain }
    }

    fn write(self, answer: &Answer) -> String {
        let mut json = String::with_capacity(512);
        json.push_str(r#"{"code":0,"message":"Success","data":{"tracking_link":{"url":"#);
        self.text(&mut json, answer.url().unwrap_or_default());
        json.push_str(r#","impression_pixel":"#);
        self.text(&mut json, answer.impression_pixel().unwrap_or_default());
        json.push_str(r#","offer_url":["#);
        for (number, entry) in answer.entries().enumerate() {
            if number > 0 {
                json.push(',');
            }
            self.entry(&mut json, entry);
        }
        json.push_str("]}}}");
        json
    }

    fn entry(self, json: &mut String, entry: Entry<'_>) {
        json.push_str(r#"{"type":"#);
        self.text(json, entry.kind.unwrap_or_default());
        if let Some(name) = entry.name {
            json.push_str(r#","name":"#);
            // "007" would change as a number, and PHP keeps it a text.
            if self == Self::Php && name.parse::<u32>().is_ok_and(|number| number.to_string() == name) {
                json.push_str(name);
            } else {
                self.text(json, name);
            }
        }
        for (field, text) in [("tracking_link", entry.tracking_link), ("preview_url", entry.preview_url)] {
            if let Some(text) = text {
                json.push_str(",\"");
                json.push_str(field);
                json.push_str("\":");
                self.text(json, text);
            }
        }
        json.push('}');
    }

    fn text(self, json: &mut String, text: &str) {
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                '/' if self == Self::Php => json.push_str("\\/"),
                c if c < ' ' || (self == Self::Php && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to a String cannot fail.
                        let _ = write!(json, "\\u{unit:04x}");
                    }
                }
                c => json.push(c),
            }
        }
        json.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// A decoder of its own, so that the client's is not tested against itself.
    fn decoded(body: &str) -> Answer {
        let body: Value = serde_json::from_str(body).unwrap();
        let link = &body["data"]["tracking_link"];
        let text = |value: &Value| match value {
            Value::Number(number) => Some(number.to_string()),
            other => other.as_str().map(str::to_owned),
        };
        let mut answer = AnswerBuilder::new(text(&link["url"]).as_deref(), text(&link["impression_pixel"]).as_deref());
        for entry in link["offer_url"].as_array().unwrap() {
            answer.entry(Entry {
                kind: text(&entry["type"]).as_deref(),
                name: text(&entry["name"]).as_deref(),
                tracking_link: text(&entry["tracking_link"]).as_deref(),
                preview_url: text(&entry["preview_url"]).as_deref(),
            });
        }
        answer.build()
    }

    #[test]
    fn the_body_says_what_the_answer_says_whatever_the_dialect() {
        for id in (16..20).chain([22]).chain(100..400).chain([u128::from(u64::MAX)]) {
            assert_eq!(answer(id), Some(decoded(&body(id).unwrap())), "offer {id}");
        }
    }

    #[test]
    fn offer_16_is_the_documented_example_with_these_entries() {
        let answer = answer(16).unwrap();
        assert_eq!(body(16).as_deref(), Some(include_str!("../../tests/fixtures/offer-16.json")));
        let names: Vec<_> = answer.entries().map(|entry| (entry.kind.unwrap(), entry.name)).collect();
        let page = "Offer URL";
        assert_eq!(names, [("Default", None), ("Random", None), (page, Some("360")), (page, Some("qq"))]);
    }

    #[test]
    fn each_offer_of_the_sample_is_of_its_own_kind() {
        let entries = |id| answer(id).map(|answer| answer.entries().len());
        assert_eq!([16, 17, 18, 19, 22].map(entries), [4, 0, 1, 40, 1].map(Some));
        assert_eq!([20, 21, 23].map(entries), [None; 3]);
        assert_eq!([20, 21].map(body), [None, None]);
        assert!(body(23).is_some_and(|body| body.contains(NEED_TO_APPLY)));
        assert_eq!([100, 101, 102, 103].map(entries), [1, 2, 3, 4].map(Some));
    }

    #[test]
    fn php_writes_slashes_numbers_and_accents_in_its_own_way() {
        let php = |id: u128| id.is_multiple_of(3);
        let bodies: String = (100..400).filter(|&id| php(id)).filter_map(body).collect();
        assert!(bodies.contains(r"https:\/\/track") && bodies.is_ascii() && bodies.contains(r"\ud83d\ude80"));
        assert!(bodies.contains(r#""name":360,"#) && bodies.contains(r#""name":"007""#));
        let bodies: String = (100..400).filter(|&id| !php(id)).filter_map(body).collect();
        assert!(bodies.contains("https://track") && bodies.contains("é") && bodies.contains(r#""name":"360","#));
    }
}
