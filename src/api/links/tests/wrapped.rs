//! Entries and links in undocumented lists and maps.

use super::super::*;
use crate::api::links::tests::{found, table};

const WRAPPED: &[&str] = &[
    r#"{"tracking_link":{"url":"http://a/","offer_url":{"a7":{"name":"x","tracking_link":"http://b/"},"b8":{"name":"y"}}}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":{"0":{"name":"x"},"-1":{"name":"y"}}}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":{"default":[{"type":"Default"}],"random":[],"offer_url":[{"name":"x"},{"name":"y"}]}}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":[[{"name":"x"}],[{"name":"y"},"http://b/"]]}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":[{"x":1}]}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":[{"name":"x","tracking_link":["http://b/"]},{"name":"y","tracking_link":["http://c/",{"1":"http://d/"}],"preview_url":{"a":"http://p/"}},{"tracking_link":[]}]}}"#,
    r#"{"tracking_link":{"url":["http://a/"],"impression_pixel":["<i>","<j>"]}}"#,
    r#"{"tracking_link":{"url":{"main":"http://a/","more":["http://b/"],"id":5},"offer_url":[]}}"#,
    r#"{"tracking_link":{"url":[],"offer_url":{"count":1,"qq":"http://b/"}}}"#,
    r#"{"tracking_link":{"a":{"url":"http://a/"},"b":{"url":"http://b/"}}}"#,
    r#"{"offer":{"id":16,"pictures":["http://p/"],"tracking_link":"http://a/"}}"#,
    r#"{"tracking_link":{"offer_url":"[{\"type\":\"Default\"}]","url":"http://a/"}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":[{"type":"Offer URL","items":[{"tracking_link":"http://b/"},{"tracking_link":"http://c/"}]}]}}"#,
    r#"{"tracking_link":{"offer_url":{"name":{"tracking_link":"http://b/"},"b":{"tracking_link":"http://c/"}}}}"#,
    r#"{"network":{"url":"http://n/"},"offer":{"tracking_link":{"url":"http://a/","offer_url":[]}}}"#,
    r#"{"tracking_link":{"offer_url":{"default":{"tracking_link":"http://b/"},"_meta":{"next":"http://m/x"}}}}"#,
    r#"{"tracking_link":{"offer_url":[{"name":"x","tracking_link":"http://b/","creatives":[{"tracking_link":"http://q/"}]}]}}"#,
];

#[test]
fn what_is_wrapped_in_lists_and_maps_is_found() {
    insta::assert_snapshot!(table(WRAPPED), @r#"
{"tracking_link":{"url":"http://a/","offer_url":{"a7":{"name":"x","tracking_link":"http://b/"},"b8":{"name":"y"}}}}
  http://a/ | - | -,x,http://b/,- | -,y,-,-
{"tracking_link":{"url":"http://a/","offer_url":{"0":{"name":"x"},"-1":{"name":"y"}}}}
  http://a/ | - | -,x,-,- | -,y,-,-
{"tracking_link":{"url":"http://a/","offer_url":{"default":[{"type":"Default"}],"random":[],"offer_url":[{"name":"x"},{"name":"y"}]}}}
  http://a/ | - | Default,-,-,- | -,x,-,- | -,y,-,-
{"tracking_link":{"url":"http://a/","offer_url":[[{"name":"x"}],[{"name":"y"},"http://b/"]]}}
  http://a/ | - | -,x,-,- | -,y,-,- | -,-,http://b/,-
{"tracking_link":{"url":"http://a/","offer_url":[{"x":1}]}}
  http://a/ | - | -,-,-,-
{"tracking_link":{"url":"http://a/","offer_url":[{"name":"x","tracking_link":["http://b/"]},{"name":"y","tracking_link":["http://c/",{"1":"http://d/"}],"preview_url":{"a":"http://p/"}},{"tracking_link":[]}]}}
  http://a/ | - | -,x,http://b/,- | -,y,http://c/,http://p/ | -,y,http://d/,http://p/ | -,-,-,-
{"tracking_link":{"url":["http://a/"],"impression_pixel":["<i>","<j>"]}}
  http://a/ | <i><j>
{"tracking_link":{"url":{"main":"http://a/","more":["http://b/"],"id":5},"offer_url":[]}}
  http://a/ | - | -,-,http://b/,-
{"tracking_link":{"url":[],"offer_url":{"count":1,"qq":"http://b/"}}}
  - | - | -,-,http://b/,-
{"tracking_link":{"a":{"url":"http://a/"},"b":{"url":"http://b/"}}}
  http://a/ | - | -,-,http://b/,-
{"offer":{"id":16,"pictures":["http://p/"],"tracking_link":"http://a/"}}
  http://a/ | -
{"tracking_link":{"offer_url":"[{\"type\":\"Default\"}]","url":"http://a/"}}
  http://a/ | - | -,-,[{"type":"Default"}],-
{"tracking_link":{"url":"http://a/","offer_url":[{"type":"Offer URL","items":[{"tracking_link":"http://b/"},{"tracking_link":"http://c/"}]}]}}
  http://a/ | - | -,-,http://b/,- | -,-,http://c/,-
{"tracking_link":{"offer_url":{"name":{"tracking_link":"http://b/"},"b":{"tracking_link":"http://c/"}}}}
  - | - | -,-,http://b/,- | -,-,http://c/,-
{"network":{"url":"http://n/"},"offer":{"tracking_link":{"url":"http://a/","offer_url":[]}}}
  http://a/ | -
{"tracking_link":{"offer_url":{"default":{"tracking_link":"http://b/"},"_meta":{"next":"http://m/x"}}}}
  - | - | -,-,http://b/,-
{"tracking_link":{"offer_url":[{"name":"x","tracking_link":"http://b/","creatives":[{"tracking_link":"http://q/"}]}]}}
  - | - | -,x,http://b/,-
"#);
}

#[test]
fn an_answer_does_not_become_many_times_its_own_size() {
    let name = "x".repeat(REPEATED + 1);
    let data = format!(r#"{{"offer_url":{{"name":"{name}","tracking_link":["http://a/","http://b/"]}}}}"#);
    let answer = find(Some(&Json::parse(&data).unwrap())).unwrap();
    let entries: Vec<_> = answer.entries().map(|entry| (entry.name.is_some(), entry.tracking_link)).collect();
    assert_eq!(entries, [(true, Some("http://a/")), (false, Some("http://b/"))]);
}

/// Entries, wrapped in lists and maps as the numbers say.
fn wrapped(entries: &[String], how: &[u8]) -> String {
    let Some((way, how)) = how.split_first() else {
        return format!("[{}]", entries.join(","));
    };
    let (first, rest) = entries.split_at(entries.len() / 2);
    let map = |key: fn(usize) -> String| {
        let pairs = entries.iter().enumerate().map(|(i, entry)| format!("\"{}\":{entry}", key(i)));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
    };
    match way {
        0 => format!("[{}]", wrapped(entries, how)),
        1 => format!("{{\"7\":{}}}", wrapped(entries, how)),
        2 => format!("{{\"default\":{}}}", wrapped(entries, how)),
        3 if !first.is_empty() => format!("[{},{}]", wrapped(first, how), wrapped(rest, how)),
        4 if !first.is_empty() => {
            format!("{{\"default\":{},\"offer_url\":{}}}", wrapped(first, how), wrapped(rest, how))
        }
        5 => map(|i| i.to_string()),
        6 => map(|i| format!("a{i}")),
        _ => map(|i| if i == 0 { "0".to_owned() } else { format!("x{i}") }),
    }
}

proptest::proptest! {
    #[test]
    fn however_entries_are_wrapped_they_are_the_same(
        count in 1_usize..6,
        how in proptest::collection::vec(0_u8..8, 0..5),
        list_of_links: bool,
    ) {
        let link = |i| if list_of_links { format!("[\"http://b/{i}\"]") } else { format!("\"http://b/{i}\"") };
        let entry = |i| format!(r#"{{"name":"n{i}","tracking_link":{}}}"#, link(i));
        let entries: Vec<String> = (0..count).map(entry).collect();
        let plain: Vec<String> = (0..count).map(|i| format!("-,n{i},http://b/{i},-")).collect();
        let data = format!(r#"{{"tracking_link":{{"offer_url":{}}}}}"#, wrapped(&entries, &how));
        proptest::prop_assert_eq!(found(&data), format!("- | - | {}", plain.join(" | ")), "{}", data);
    }
}
