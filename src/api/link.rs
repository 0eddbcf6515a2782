//! Whether a text is a link.

use url::Url;

/// A URL with http or https and a host; anything else, such as `Need to apply`, is no link.
pub(crate) fn is_link(text: &str) -> bool {
    let text = text.trim_start();
    // Most texts that are no link end here, before the parser.
    let after = |scheme: &str| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let Some(rest) = after("http://").or_else(|| after("https://")) else { return false };
    // And most that are one end before the parser, which is an eighth of all the work on an answer. After a third slash
    // it would take the path for the host.
    has_ordinary_host(rest)
        || !rest.starts_with(['/', '\\', '\t', '\n', '\r']) && Url::parse(text).is_ok_and(|url| url.has_host())
}

/// Whether a text begins with a host in which nothing is left to ask the parser about: lower-case labels, the last of
/// which is no number, and none with an encoded name, a port or a password.
fn has_ordinary_host(text: &str) -> bool {
    let is_host = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|byte| !is_host(byte)).unwrap_or(bytes.len());
    let (host, rest) = bytes.split_at(end);
    let last = host.iter().rposition(|&byte| byte == b'.').map_or(0, |dot| dot + 1);
    matches!(rest.first(), None | Some(b'/' | b'?' | b'#'))
        && host.get(last).is_some_and(u8::is_ascii_lowercase)
        && !host.windows(4).any(|start| start == b"xn--")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    proptest::proptest! {
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
}
