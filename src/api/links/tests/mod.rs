//! Every shape of `data` that the documentation or PHP can give.

mod wrapped;

use super::*;

/// `url | pixel | kind,name,link,preview | ...`, `-` where absent; or what came instead.
pub(crate) fn found(data: &str) -> String {
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

pub(crate) fn table(shapes: &[&str]) -> String {
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
fn thousands_of_entries_are_all_kept_in_order() {
    let entries: Vec<String> = (0..5000).map(|i| format!(r#"{{"name":{i},"tracking_link":"http://b/{i}"}}"#)).collect();
    let data = format!(r#"{{"tracking_link":{{"offer_url":[{}]}}}}"#, entries.join(","));
    let answer = find(Some(&Json::parse(&data).unwrap())).unwrap();
    assert_eq!(answer.entries().len(), 5000);
    assert!(answer.entries().enumerate().all(|(i, entry)| entry.name == Some(i.to_string().as_str())));
}
