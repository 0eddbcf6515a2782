//! Every shape of `data` that the documentation or PHP can give.

use super::*;

/// `url | pixel | kind,name,link,preview | ...`, `-` where absent; or what came instead.
fn found(data: &str) -> String {
    let json = Json::parse(data).unwrap();
    match find(Some(&json)) {
        Err(words) => format!("! {words}"),
        Ok(answer) => {
            let text = |field: Option<&str>| field.unwrap_or("-").to_owned();
            let mut parts = vec![text(answer.url()), text(answer.impression_pixel())];
            parts.extend(
                answer
                    .entries()
                    .map(|entry| [entry.kind, entry.name, entry.tracking_link, entry.preview_url].map(text).join(",")),
            );
            parts.join(" | ")
        }
    }
}

fn table(shapes: &[&str]) -> String {
    shapes.iter().map(|data| format!("{data}\n  {}", found(data))).collect::<Vec<_>>().join("\n")
}

const WITH_LINK: &[&str] = &[
    r#"{"tracking_link":{"url":"http://a/","impression_pixel":"<i>","offer_url":[{"type":"Default","tracking_link":"http://b/","preview_url":"http://p/"}]}}"#,
    r#"{"tracking_link":{"url":"http://a/"}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":null}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":false,"impression_pixel":false}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":[]}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":{}}}"#,
    r#"{"tracking_link":{"url":null,"offer_url":[{"tracking_link":"https://b"}]}}"#,
    r#"{"tracking_link":{"url":"http:\/\/a\/","offer_url":{"0":{"name":1},"2":{"name":"x"}}}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":{"type":"Random","tracking_link":"http://b/"}}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":"http://b/"}}"#,
    r#"{"tracking_link":{"url":"http://a/","offer_url":["http://b/",[],null,false,7,{"name":360.50,"type":true,"preview_url":null}]}}"#,
    r#"{"tracking_link":{"url":"Need to apply","offer_url":[{"tracking_link":"Need to apply"},{"tracking_link":"http://b/"}]}}"#,
    r#"{"tracking_link":[{"url":"http://a/","offer_url":[{"name":"n"}]}]}"#,
    r#"{"tracking_link":[{"url":"http://a/","impression_pixel":"<i>"},{"url":"http://b/","impression_pixel":"<j>"},{"url":"http://a/"}]}"#,
    r#"{"tracking_link":{"1":{"url":"http://a/"}}}"#,
    r#"{"tracking_link":"http://a/"}"#,
    r#"{"tracking_link":["http://a/"]}"#,
    r#"[{"tracking_link":{"url":"http://a/"}}]"#,
    r#"{"0":{"tracking_link":{"url":"http://a/"}}}"#,
    r#"{"url":"http://a/","offer_url":[]}"#,
    r#""http://a/""#,
    r#"{"tracking_link":{"url":"x","url":"http://a/"},"more":{"deep":[1,2]}}"#,
    r#"{"tracking_link":{"url":{"href":"http://a/"},"offer_url":[{"tracking_link":"http://b/","name":["a"]}]}}"#,
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
];

const WITHOUT_LINK: &[&str] = &[
    "null",
    "false",
    "[]",
    "{}",
    "7",
    r#""Need to apply""#,
    r#"[{"x":1}]"#,
    r#"{"x":1}"#,
    r#"{"tracking_link":null}"#,
    r#"{"tracking_link":false}"#,
    r#"{"tracking_link":[]}"#,
    r#"{"tracking_link":{}}"#,
    r#"{"tracking_link":"Need to apply"}"#,
    r#"{"tracking_link":{"offer_url":[]}}"#,
    r#"{"tracking_link":{"url":"","offer_url":{}}}"#,
    r#"{"tracking_link":{"url":"ftp://a/","offer_url":[{"tracking_link":"Need to apply"}]}}"#,
    r#"{"tracking_link":{"url":null,"preview_url":"http://p/"}}"#,
    r#"{"offer":{"preview_url":"http://p/","pictures":["http://p/"]}}"#,
];

#[test]
fn links_are_found_in_every_shape() {
    insta::assert_snapshot!(table(WITH_LINK), @r#"
{"tracking_link":{"url":"http://a/","impression_pixel":"<i>","offer_url":[{"type":"Default","tracking_link":"http://b/","preview_url":"http://p/"}]}}
  http://a/ | <i> | Default,-,http://b/,http://p/
{"tracking_link":{"url":"http://a/"}}
  http://a/ | -
{"tracking_link":{"url":"http://a/","offer_url":null}}
  http://a/ | -
{"tracking_link":{"url":"http://a/","offer_url":false,"impression_pixel":false}}
  http://a/ | -
{"tracking_link":{"url":"http://a/","offer_url":[]}}
  http://a/ | -
{"tracking_link":{"url":"http://a/","offer_url":{}}}
  http://a/ | -
{"tracking_link":{"url":null,"offer_url":[{"tracking_link":"https://b"}]}}
  - | - | -,-,https://b,-
{"tracking_link":{"url":"http:\/\/a\/","offer_url":{"0":{"name":1},"2":{"name":"x"}}}}
  http://a/ | - | -,1,-,- | -,x,-,-
{"tracking_link":{"url":"http://a/","offer_url":{"type":"Random","tracking_link":"http://b/"}}}
  http://a/ | - | Random,-,http://b/,-
{"tracking_link":{"url":"http://a/","offer_url":"http://b/"}}
  http://a/ | - | -,-,http://b/,-
{"tracking_link":{"url":"http://a/","offer_url":["http://b/",[],null,false,7,{"name":360.50,"type":true,"preview_url":null}]}}
  http://a/ | - | -,-,http://b/,- | -,-,-,- | -,-,7,- | true,360.50,-,-
{"tracking_link":{"url":"Need to apply","offer_url":[{"tracking_link":"Need to apply"},{"tracking_link":"http://b/"}]}}
  Need to apply | - | -,-,Need to apply,- | -,-,http://b/,-
{"tracking_link":[{"url":"http://a/","offer_url":[{"name":"n"}]}]}
  http://a/ | - | -,n,-,-
{"tracking_link":[{"url":"http://a/","impression_pixel":"<i>"},{"url":"http://b/","impression_pixel":"<j>"},{"url":"http://a/"}]}
  http://a/ | <i><j> | -,-,http://b/,-
{"tracking_link":{"1":{"url":"http://a/"}}}
  http://a/ | -
{"tracking_link":"http://a/"}
  http://a/ | -
{"tracking_link":["http://a/"]}
  http://a/ | -
[{"tracking_link":{"url":"http://a/"}}]
  http://a/ | -
{"0":{"tracking_link":{"url":"http://a/"}}}
  http://a/ | -
{"url":"http://a/","offer_url":[]}
  http://a/ | -
"http://a/"
  http://a/ | -
{"tracking_link":{"url":"x","url":"http://a/"},"more":{"deep":[1,2]}}
  http://a/ | -
{"tracking_link":{"url":{"href":"http://a/"},"offer_url":[{"tracking_link":"http://b/","name":["a"]}]}}
  http://a/ | - | -,a,http://b/,-
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
"#);
}

#[test]
fn without_a_link_the_words_say_what_came_instead() {
    assert_eq!(find(None), Err("the answer has no data".to_owned()));
    insta::assert_snapshot!(table(WITHOUT_LINK), @r#"
null
  ! data is null
false
  ! data is false
[]
  ! data is an empty list
{}
  ! data is an empty object
7
  ! data is the number 7
"Need to apply"
  ! data is the text "Need to apply"
[{"x":1}]
  ! data is a list without a link: [{"x":1}]
{"x":1}
  ! data has no tracking_link: {"x":1}
{"tracking_link":null}
  ! tracking_link is null
{"tracking_link":false}
  ! tracking_link is false
{"tracking_link":[]}
  ! tracking_link is an empty list
{"tracking_link":{}}
  ! tracking_link is an empty object
{"tracking_link":"Need to apply"}
  ! tracking_link is the text "Need to apply"
{"tracking_link":{"offer_url":[]}}
  ! tracking_link has no url, and offer_url is an empty list
{"tracking_link":{"url":"","offer_url":{}}}
  ! url is the text "", and offer_url is an empty object
{"tracking_link":{"url":"ftp://a/","offer_url":[{"tracking_link":"Need to apply"}]}}
  ! url is the text "ftp://a/", and offer_url is a list without a link: [{"tracking_link":"Need to apply"}]
{"tracking_link":{"url":null,"preview_url":"http://p/"}}
  ! url is null, and there is no offer_url
{"offer":{"preview_url":"http://p/","pictures":["http://p/"]}}
  ! data has no tracking_link: {"offer":{"preview_url":"http://p/","pictures":["http://p/"]}}
"#);
}

#[test]
fn a_link_is_an_http_url_with_a_host() {
    for (text, expected) in [
        ("http://a", true),
        ("HTTPS://A/b?c={clickid}", true),
        (" http://a/", true),
        ("http://münchen.example/", true),
        ("http://", false),
        ("http:///", false),
        ("http:///x", false),
        ("https:////x", false),
        ("http://\\x", false),
        ("http://\t/x", false),
        ("https://:80/", false),
        ("http://a b/", false),
        ("ftp://a/", false),
        ("//a/", false),
        ("a.example/x", false),
        ("javascript:alert(1)", false),
        ("Need to apply", false),
        ("", false),
        ("httpé//", false),
    ] {
        assert_eq!(is_link(text), expected, "{text:?}");
    }
}

#[test]
fn thousands_of_entries_are_all_kept_in_order() {
    let entries: Vec<String> = (0..5000).map(|i| format!(r#"{{"name":{i},"tracking_link":"http://b/{i}"}}"#)).collect();
    let data = format!(r#"{{"tracking_link":{{"offer_url":[{}]}}}}"#, entries.join(","));
    let answer = find(Some(&Json::parse(&data).unwrap())).unwrap();
    assert_eq!(answer.entries().len(), 5000);
    assert!(answer.entries().enumerate().all(|(i, entry)| entry.name == Some(i.to_string().as_str())));
}

#[test]
fn an_answer_does_not_become_many_times_its_own_size() {
    let name = "x".repeat(REPEATED);
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
        let plain: String = (0..count).map(|i| format!(" | -,n{i},http://b/{i},-")).collect();
        let data = format!(r#"{{"tracking_link":{{"offer_url":{}}}}}"#, wrapped(&entries, &how));
        proptest::prop_assert_eq!(found(&data), format!("- | -{plain}"), "{}", data);
    }

    #[test]
    fn the_short_way_to_a_link_says_what_the_parser_says(
        scheme in "http://|https://|HTTPS://",
        host in "[a-z0-9.-]{0,12}|[a-zA-Z0-9.:@%é -]{0,9}|xn--[a-z0-9]{0,4}|[0-9]{1,3}(\\.[0-9x]{1,3}){0,4}",
        rest in "|[/?#].{0,6}",
    ) {
        let text = format!("{scheme}{host}{rest}");
        let has_authority = !text[scheme.len()..].starts_with('/');
        let parsed = has_authority && Url::parse(&text).is_ok_and(|url| url.has_host());
        proptest::prop_assert_eq!(is_link(&text), parsed, "{}", text);
    }
}
