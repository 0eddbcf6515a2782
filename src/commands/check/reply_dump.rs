//! Shows a reply to a person: without the key, whatever the server sends back, and without danger for the terminal.

use std::fmt::Write as _;

use crate::api::RawReply;
use crate::api::body::beginning;
use crate::api::redact::HIDDEN;
use crate::text;

/// How much of a body is shown, in bytes.
const SHOWN: usize = 4096;
/// Headers whose values are never shown.
const PRIVATE: [&str; 5] = ["authorization", "proxy-authorization", "set-cookie", "cookie", "proxy-authenticate"];

/// A reply as it came, without secrets and control characters.
pub(crate) fn show(reply: &RawReply, hide: impl Fn(&str) -> String) -> String {
    let mut shown = format!("reply: HTTP {}\n", reply.status);
    for (name, value) in &reply.headers {
        let value = text::decode(value.as_bytes());
        let value = if PRIVATE.contains(&name.as_str()) { HIDDEN.into() } else { hide(&value) };
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "  {name}: {}", text::shown(&value));
    }
    // Before it is cut, so that no part of a key remains.
    let body = hide(&reply.text());
    let start = beginning(&body, SHOWN);
    let rest = body.len() - start.len();
    shown.push('\n');
    for line in start.split('\n') {
        let _ = writeln!(shown, "  {}", text::shown(line.strip_suffix('\r').unwrap_or(line)));
    }
    if rest > 0 {
        let _ = writeln!(shown, "  ... and {rest} bytes more");
    }
    shown
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;
    use crate::api::redact::Redactor;
    use crate::settings::network::Account;

    const KEY: &str = "k3y/with+all\"sorts";

    fn secrets() -> Redactor {
        Redactor::of(&Account {
            base_url: "https://x.example".parse().unwrap(),
            email: "me@a.example".into(),
            api_key: KEY.into(),
        })
    }

    fn reply(body: &str) -> RawReply {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_static("session=1"));
        headers.insert("x-echo", HeaderValue::from_str(&STANDARD.encode(format!("me@a.example:{KEY}"))).unwrap());
        headers.insert("x-caf\u{65}", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        RawReply { status: 401, headers, body: body.to_owned().into(), location: None, certificate: None }
    }

    #[test]
    fn the_key_is_hidden_in_every_form_and_the_terminal_obeys_nothing() {
        let body = format!(
            "{{\"raw\":\"{KEY}\",\"url\":\"k3y%2Fwith%2Ball%22sorts\",\r\n\"json\":\"k3y\\/with+all\\\"sorts\"}}\u{1b}[31m\u{202e}"
        );
        let shown = show(&reply(&body), |text| secrets().hide(text));
        insta::assert_snapshot!(shown, @r#"
        reply: HTTP 401
          set-cookie: [hidden]
          x-echo: [hidden]
          x-cafe: café

          {"raw":"[hidden]","url":"[hidden]",
          "json":"[hidden]"}\u{1b}[31m\u{202e}
        "#);
        assert!(!format!("{:?}", secrets()).contains("k3y"));
    }

    #[test]
    fn a_long_body_is_cut_but_never_through_the_key() {
        let body = format!("{}{KEY}{}", "é".repeat(SHOWN / 2 - 1), "x".repeat(10_000));
        let shown = show(&reply(&body), |text| secrets().hide(text));
        assert!(!shown.contains("k3y") && shown.len() < SHOWN + 300, "{}", shown.len());
        assert!(shown.ends_with("bytes more\n"), "{shown}");
    }
}
