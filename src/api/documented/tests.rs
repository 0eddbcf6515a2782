//! The short way beside the long one: it gives up, or says the same.

use proptest::prelude::*;

use super::parse::MAX_ENTRIES;
use super::*;
use crate::api::body::Body;
use crate::api::classify::{Received, classify};
use crate::offer::Outcome;

const DOCUMENTED: &str = include_str!("../../../tests/fixtures/offer-16.json");

/// What a reader says of its first body.
fn read(body: &str) -> Option<Answer> {
    Reader::default().read(body)
}

/// What the tree says.
fn by_tree(body: &str) -> Outcome {
    classify(Received { status: 200, location: None, body: &Body::read(body) })
}

/// The same JSON without white space.
fn compact(json: &str) -> String {
    let Body::Json(json) = Body::read(json) else { panic!("{json}") };
    json.to_string()
}

#[test]
fn the_documented_answer_is_read_however_it_is_printed() {
    let compact = compact(DOCUMENTED);
    for body in [
        DOCUMENTED.to_owned(),
        compact.clone(),
        compact.replace('/', r"\/"),
        compact.replace("Offer URL", r"\u4f18\u60e0"),
        compact.replace(":\"", " :\t\"").replace(',', "\r\n,\n"),
        compact.replace(r#""type""#, r#""name":null,"type""#).replace(r#""name":null,"type":"Offer URL","name""#, r#""name""#),
        format!("\n{DOCUMENTED}\r\n"),
        r#"{"message":"\u6210\u529f","data":{"tracking_link":{"impression_pixel":null,"url":"http:\/\/a\/"}},"code":0}"#
            .to_owned(),
    ] {
        let answer = read(&body);
        assert!(answer.is_some(), "{body}");
        assert_eq!(answer.ok_or(()), by_tree(&body).map_err(|_| ()), "{body}");
    }
}

#[test]
fn whatever_is_not_documented_is_left_to_the_tree() {
    let compact = compact(DOCUMENTED);
    for (from, to) in [
        (r#""code":0"#, r#""code":"0""#),
        (r#""code":0"#, r#""code":0.5"#),
        (r#""code":0"#, r#""code":00"#),
        (r#""code":0"#, r#""code":31"#),
        (r#""code":0"#, r#""code":0,"code":31"#),
        (r#""code":0,"#, ""),
        (r#""Success""#, "7"),
        (r#""Success""#, r#""\q""#),
        (r#""url":"#, r#""url":"http://b/","url":"#),
        (r#""url":"#, r#""more":1,"url":"#),
        (r#""type":"Default""#, r#""type":["Default"]"#),
        (r#""type":"Default""#, "\"type\":\"a\nb\""),
        (r#""type":"Default""#, r#""type":"\ud83d""#),
        ("}}}", "}}} x"),
        ("}}}", "}}"),
        ("http", "ftp"),
    ] {
        assert!(compact.contains(from), "{from}");
        assert_eq!(read(&compact.replace(from, to)), None, "{from} as {to}");
    }
    let entries = |count| {
        let entries = vec![r#"{"type":"x"}"#; count].join(",");
        format!(r#"{{"code":0,"message":"","data":{{"tracking_link":{{"url":"http://a/","offer_url":[{entries}]}}}}}}"#)
    };
    assert!(read(&entries(MAX_ENTRIES)).is_some());
    assert_eq!(read(&entries(MAX_ENTRIES + 1)), None);
}

/// A value in JSON: mostly texts, as documented.
fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        40 => "http://[a-z]{1,9}\\.example/[a-z?=&{}]{0,40}",
        20 => "[ -!#-\\[\\]-~]{0,70}",
        20 => "(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-cA-C][0-9a-fA-F]{3}|[a-zé€\u{1f600}]){0,12}",
        1 => "(\\\\[a-zA-Z\"]|\\\\u[0-9a-fA-F+]{4}){0,3}",
        1 => "[\u{0}-\u{7f}]{0,9}",
    ];
    prop_oneof![
        60 => text.prop_map(|text| format!("\"{text}\"")),
        2 => Just("null".to_owned()),
        1 => "0|7|-0|1e3|true|false|\\[\\]|\\{\\}|\\[\"http://a/\"\\]|\\{\"url\":\"http://a/\"\\}|nul|\"",
    ]
}

/// Pairs of an object from these keys, in any order, with and without any of them.
fn object(keys: &'static [&'static str], value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let pair = (0..keys.len(), value).prop_map(move |(key, value)| (key, format!("\"{}\":{value}", keys[key])));
    let in_order = prop::collection::vec(pair, keys.len() / 4..keys.len() + 2).prop_map(|mut pairs| {
        pairs.sort_by_key(|(key, _)| *key);
        pairs
    });
    (in_order, any::<[u8; 2]>()).prop_map(|(mut pairs, [shuffle, twice])| {
        if twice > 20 {
            pairs.dedup_by_key(|(key, _)| *key);
        }
        if shuffle < 60 {
            pairs.reverse();
        }
        format!("{{{}}}", pairs.into_iter().map(|(_, pair)| pair).collect::<Vec<_>>().join(","))
    })
}

/// A body without white space.
fn compact_body() -> impl Strategy<Value = String> {
    let entry = object(&["type", "name", "tracking_link", "preview_url"], value());
    let entries = prop::collection::vec(entry, 0..5).prop_map(|entries| format!("[{}]", entries.join(",")));
    let link = (value(), value(), entries, object(&["url", "impression_pixel", "offer_url", "id"], value())).prop_map(
        |(url, pixel, entries, other)| {
            let (last, first) = (url.len() % 8, pixel.len() % 8);
            match (last, first) {
                (1, _) => other,
                // The list of entries where it does not belong, and twice.
                (2, 2) => format!(r#"{{"offer_url":{entries},"url":{url},"impression_pixel":{pixel}}}"#),
                (3, 3) => format!(r#"{{"offer_url":[],"url":{url},"offer_url":{entries}}}"#),
                (4, 4) => format!(r#"{{"url":{url},"offer_url":{entries}}}"#),
                _ => format!(r#"{{"url":{url},"impression_pixel":{pixel},"offer_url":{entries}}}"#),
            }
        },
    );
    let rare = |usual: &'static str, rare: &'static str| prop_oneof![9 => usual, 1 => rare];
    let outer = (rare("0", "31|\"0\"|0\\.0|00|-0|null"), value(), rare("", ",\"more\":1|,\"code\":0"));
    (link, outer).prop_map(|(link, (code, message, more))| {
        let (code, message) = (format!(r#""code":{code}"#), format!(r#""message":{message}"#));
        let data = format!(r#""data":{{"tracking_link":{link}}}"#);
        match link.len() % 16 {
            0 => format!("{{{data},{code},{message}{more}}}"),
            1 => format!("{{{message},{code},{data}{more}}}"),
            _ => format!("{{{code},{message},{data}{more}}}"),
        }
    })
}

/// The same with white space at some places, also within texts, where the short way has to find it again.
fn spaced(body: &str, space: &str) -> String {
    body.replace(',', &format!(",{space}")).replace('{', &format!("{{{space}"))
}

fn space() -> impl Strategy<Value = String> {
    "| {1,20}|\n {0,20}|[ \n\t]{0,20}"
}

fn body() -> impl Strategy<Value = String> {
    (compact_body(), space()).prop_map(|(body, space)| spaced(&body, &space))
}

/// What one network sends: bodies that are printed alike, most of them, and of which some have values in common.
fn bodies() -> impl Strategy<Value = Vec<String>> {
    let body =
        (compact_body(), prop_oneof![9 => Just(None), 1 => space().prop_map(Some)], any::<prop::sample::Index>());
    (prop::collection::vec(body, 1..6), space(), any::<bool>()).prop_map(|(bodies, usual, repeats)| {
        let print = |(body, other, _): &(String, Option<String>, _)| spaced(body, other.as_ref().unwrap_or(&usual));
        let printed: Vec<String> = bodies.iter().map(print).collect();
        let mut sent = printed.clone();
        if repeats {
            // Each again, with another sign somewhere in it.
            for (body, (_, _, place)) in printed.iter().zip(&bodies) {
                let places: Vec<usize> =
                    body.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
                let mut changed = body.clone();
                if !places.is_empty() {
                    let at = *place.get(&places);
                    changed.replace_range(at..=at, ["7", "77", "", "\\n", "\""][at % 5]);
                }
                sent.push(changed);
            }
            sent.extend(printed);
        }
        sent
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_short_way_says_nothing_or_what_the_tree_says(body in body()) {
        if let Some(answer) = read(&body) {
            prop_assert_eq!(Ok(answer), by_tree(&body), "{}", body);
        }
    }

    #[test]
    fn what_a_reader_has_read_before_changes_nothing(bodies in bodies()) {
        let mut reader = Reader::default();
        for body in &bodies {
            let answer = reader.read(body);
            prop_assert_eq!(&answer, &read(body), "{} after {:?}", body, bodies);
            if let Some(answer) = answer {
                prop_assert_eq!(Ok(answer), by_tree(body), "{}", body);
            }
        }
    }

    #[test]
    fn a_damaged_answer_is_no_other_answer(
        cut in 0usize..1200, remove in 0usize..3, insert in "[ -~]{0,2}|\\\\|\"|\u{7}|é", escaped in any::<bool>(),
    ) {
        let mut body = if escaped { compact(DOCUMENTED).replace('/', r"\/") } else { DOCUMENTED.to_owned() };
        let start = cut.min(body.len());
        body.replace_range(start..(start + remove).min(body.len()), &insert);
        let mut reader = Reader::default();
        let others = [DOCUMENTED.to_owned(), compact(DOCUMENTED), compact(DOCUMENTED).replace('/', r"\/")];
        for other in &others {
            prop_assert!(reader.read(other).is_some());
        }
        let answer = read(&body);
        prop_assert_eq!(&reader.read(&body), &answer, "{}", body);
        if let Some(answer) = answer {
            prop_assert_eq!(Ok(answer), by_tree(&body), "{}", body);
        }
    }
}

#[test]
fn answers_that_are_printed_alike_are_read_by_what_stands_between_their_values() {
    let mut reader = Reader::default();
    let other = DOCUMENTED.replace("5547", "77").replace("offer_id=16", "offer_id=123456").replace("360", r"\u0033");
    let no_names = DOCUMENTED.replace(r#""name": "360","#, "").replace(r#""name": "qq","#, "");
    let own = r#"{"code": 0, "message": "ok", "data": {"tracking_link": {"url": "http://b/", "offer_url": []}}}"#;
    for (body, is_known) in [
        (DOCUMENTED, false),
        (DOCUMENTED, true),
        (&other, true),
        // Another step, which is learned.
        (&no_names, false),
        (&no_names, true),
        (&other, true),
        (own, false),
        (DOCUMENTED, true),
        (own, true),
    ] {
        let mut marks = Vec::new();
        assert_eq!(reader.pattern.find(body.as_bytes(), &mut marks).is_some(), is_known, "{body}");
        assert_eq!(reader.read(body), read(body), "{body}");
    }
}

#[test]
fn the_generated_bodies_are_read_by_the_short_way_often_enough_to_prove_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let first = (0..500).map(|_| body().new_tree(&mut runner).unwrap().current());
    let is_read = first.filter(|body| read(body).is_some()).count();
    assert!(is_read > 40, "{is_read} of 500");
    // And by their pattern.
    let (mut by_pattern, mut all) = (0, 0);
    for _ in 0..200 {
        let mut reader = Reader::default();
        for body in bodies().new_tree(&mut runner).unwrap().current() {
            all += 1;
            by_pattern += usize::from(reader.pattern.find(body.as_bytes(), &mut Vec::new()).is_some());
            reader.read(&body);
        }
    }
    assert!(by_pattern > all / 30, "{by_pattern} of {all}");
}
