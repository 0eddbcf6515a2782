//! Tests of `link_template`.

use super::*;
use proptest::prelude::*;

fn expand(template: &str, cells: &[&str]) -> String {
    let mut query = String::new();
    Template::parse(template).unwrap().expand(|i| cells[i], &mut query);
    query
}

fn added(link: &str, query: &str) -> String {
    let mut out = String::new();
    add_query(link, query, &mut out);
    out
}

#[test]
fn macros_stay_and_cells_are_encoded() {
    for (template, cells, query) in [
        (
            "aff_sub1={clickid}&source_id={row.campaign}",
            &["Käse & Brot"][..],
            "aff_sub1={clickid}&source_id=K%C3%A4se%20%26%20Brot",
        ),
        ("?a={row.x}&b={row.y}&", &["{1}", "50%"], "a=%7B1%7D&b=50%25"),
        ("a={{m}}&b=[m]&c=%20&d=100%&e=%zz", &[], "a={{m}}&b=[m]&c=%20&d=100%25&e=%25zz"),
        ("a=x y\"'é#f", &[], "a=x%20y%22%27%C3%A9%23f"),
        ("a={row.empty}", &[""], "a="),
        ("", &[], ""),
    ] {
        assert_eq!(expand(template, cells), query, "{template}");
    }
}

#[test]
fn columns_are_named_once_for_each_place() {
    let template = Template::parse("a={row.x}&b={row.My Column}&c={row.x}").unwrap();
    assert_eq!(template.columns().collect::<Vec<_>>(), ["x", "My Column", "x"]);
}

#[test]
fn it_is_written_as_it_may_be_typed_again() {
    for text in ["", "a={m}&b={row.x y}", "a=100%&b=%20", "?a=é&"] {
        let template = Template::parse(text).unwrap();
        assert_eq!(Template::parse(&template.to_string()).unwrap(), template, "{text}");
    }
}

#[test]
fn links_are_known_by_what_was_added_to_them() {
    for link in ["http://h/p", "http://h/p?b=2", "http://h/p?b=2#f", "http://h/p?"] {
        assert!(has_query(&added(link, "a={m}"), "a={m}"), "{link}");
        assert!(!has_query(link, "a={m}"), "{link}");
    }
    assert!(!has_query("http://h/p?xa=1", "a=1"));
    let template = Template::parse("s=1&aff_id=2").unwrap();
    assert_eq!(template.clash("http://h/p?offer_id=1&aff_id=7#s=1").as_deref(), Some("aff_id"));
    assert_eq!(template.clash("http://h/p?offer_id=1"), None);
}

#[test]
fn a_template_that_cannot_be_read_is_refused() {
    assert_eq!(Template::parse("a={row.}"), Err(BadTemplate::NoColumn));
    let unclosed = Template::parse("a={row.x").unwrap_err();
    assert_eq!(unclosed.to_string(), "--append: `{row.x` has no closing brace: write {row.COLUMN}");
}

#[test]
fn the_query_goes_where_a_query_goes() {
    for (link, with_query) in [
        ("http://h/p?offer_id=16", "http://h/p?offer_id=16&a=1"),
        ("http://h/p", "http://h/p?a=1"),
        ("http://h", "http://h?a=1"),
        ("HTTPS://h/p?", "HTTPS://h/p?a=1"),
        ("http://h/p?b=2&", "http://h/p?b=2&a=1"),
        ("http://h/p#f?x", "http://h/p?a=1#f?x"),
        ("http://h/p?b=2#f", "http://h/p?b=2&a=1#f"),
        ("Need to apply", "Need to apply"),
        ("ftp://h/p", "ftp://h/p"),
        ("", ""),
        ("httpé://", "httpé://"),
    ] {
        assert_eq!(added(link, "a=1"), with_query);
        assert_eq!(added(link, ""), link);
    }
}

proptest! {
    #[test]
    fn a_link_keeps_every_byte_and_a_query_is_always_url_safe(
        link in "https?://[^\\r\\n]{0,20}", template in "[^{}]{0,20}", cell in ".{0,8}"
    ) {
        let query = expand(&format!("{template}a={{row.c}}"), &[&cell]);
        prop_assert!(query.bytes().all(|b| b.is_ascii_graphic() && b != b'#' && b != b'"'));
        let out = added(&link, &query);
        let at = out.find(&query).unwrap();
        let without = format!("{}{}", &out[..at], &out[at + query.len()..]);
        prop_assert!(without == link || without.replacen(['?', '&'], "", without.len()) == link.replacen(['?', '&'], "", link.len()));
    }
}
