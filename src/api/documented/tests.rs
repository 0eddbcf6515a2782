//! The short way beside the long one: it gives up, or says the same.

use proptest::prelude::*;

use super::*;
use crate::api::body::Body;
use crate::api::classify::{Received, classify};
use crate::offer::Outcome;

const DOCUMENTED: &str = include_str!("../../../tests/fixtures/offer-16.json");

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

fn body() -> impl Strategy<Value = String> {
    let entry = object(&["type", "name", "tracking_link", "preview_url"], value());
    let entries = prop::collection::vec(entry, 0..5).prop_map(|entries| format!("[{}]", entries.join(",")));
    let link = (value(), value(), entries, object(&["url", "impression_pixel", "offer_url", "id"], value())).prop_map(
        |(url, pixel, entries, other)| {
            if url.len() % 8 == 1 {
                other
            } else {
                format!(r#"{{"url":{url},"impression_pixel":{pixel},"offer_url":{entries}}}"#)
            }
        },
    );
    let rare = |usual: &'static str, rare: &'static str| prop_oneof![9 => usual, 1 => rare];
    let outer = (rare("0", "31|\"0\"|0\\.0|00|-0|null"), value(), rare("", ",\"more\":1|,\"code\":0"));
    (link, outer, "| {1,20}|\n {0,20}|[ \n\t]{0,20}").prop_map(|(link, (code, message, more), space)| {
        let body = format!(r#"{{"code":{code},"message":{message},"data":{{"tracking_link":{link}}}{more}}}"#);
        // Also within texts, where the short way has to find it again.
        body.replace(',', &format!(",{space}")).replace('{', &format!("{{{space}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_short_way_says_nothing_or_what_the_tree_says(body in body()) {
        if let Some(answer) = read(&body) {
            prop_assert_eq!(Ok(answer), by_tree(&body), "{}", body);
        }
    }

    #[test]
    fn a_damaged_answer_is_no_other_answer(
        cut in 0usize..1200, remove in 0usize..3, insert in "[ -~]{0,2}|\\\\|\"|\u{7}|é", escaped in any::<bool>(),
    ) {
        let mut body = if escaped { compact(DOCUMENTED).replace('/', r"\/") } else { DOCUMENTED.to_owned() };
        let start = cut.min(body.len());
        body.replace_range(start..(start + remove).min(body.len()), &insert);
        if let Some(answer) = read(&body) {
            prop_assert_eq!(Ok(answer), by_tree(&body), "{}", body);
        }
    }
}

#[test]
fn the_generated_bodies_are_read_by_the_short_way_often_enough_to_prove_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let bodies = (0..500).map(|_| body().new_tree(&mut runner).unwrap().current());
    let read = bodies.filter(|body| read(body).is_some()).count();
    assert!(read > 40, "{read} of 500");
}
