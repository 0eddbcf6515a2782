//! Keeps the key out of what is printed, whatever a server sends back, and terminals out of danger.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretBox};
use url::form_urlencoded::byte_serialize;

use crate::api::RawReply;
use crate::settings::network::Account;
use crate::text;

/// How much of a body is shown, in bytes.
const SHOWN: usize = 4096;
/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// Headers whose values are never shown.
const PRIVATE: [&str; 5] = ["authorization", "proxy-authorization", "set-cookie", "cookie", "proxy-authenticate"];

/// Everything by which the key can be known.
#[derive(Debug)]
pub(super) struct Secrets(SecretBox<Vec<String>>);

impl Secrets {
    pub(super) fn of(account: &Account) -> Self {
        let key = account.api_key.expose_secret();
        let both = format!("{}:{key}", account.email);
        let mut forms =
            vec![key.to_owned(), both.clone(), byte_serialize(key.as_bytes()).collect(), key.replace('/', r"\/")];
        if let Ok(json) = serde_json::to_string(key) {
            let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json);
            forms.extend([json.to_owned(), json.replace('/', r"\/")]);
        }
        for text in [key, &both] {
            forms.extend([STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)]);
        }
        forms.retain(|form| !form.is_empty());
        // The longest first: a short form may be a part of a longer one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(SecretBox::new(Box::new(forms)))
    }

    /// The text without the key in any of its forms.
    pub(super) fn hide(&self, text: &str) -> String {
        self.0.expose_secret().iter().fold(text.to_owned(), |text, form| text.replace(form, HIDDEN))
    }
}

/// A reply as it came, without secrets and without what a terminal would obey.
pub(super) fn show(reply: &RawReply, secrets: &Secrets) -> String {
    let mut shown = format!("reply: HTTP {}\n", reply.status);
    for (name, value) in &reply.headers {
        let value = text::decode(value.as_bytes());
        let value = if PRIVATE.contains(&name.as_str()) { HIDDEN.into() } else { secrets.hide(&value) };
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "  {name}: {}", escape(&value));
    }
    // Before it is cut, so that no half of a key is left over.
    let body = secrets.hide(&reply.text());
    let cut = (0..=SHOWN.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap_or_default();
    let (beginning, rest) = body.split_at(cut);
    shown.push('\n');
    for line in beginning.split('\n') {
        let _ = writeln!(shown, "  {}", escape(line.strip_suffix('\r').unwrap_or(line)));
    }
    if !rest.is_empty() {
        let _ = writeln!(shown, "  ... and {} bytes more", rest.len());
    }
    shown
}

/// Control characters, and those that turn the direction of text, as escapes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c != '\t' && (c.is_control() || turns) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    const KEY: &str = "k3y/with+all\"sorts";

    fn secrets() -> Secrets {
        Secrets::of(&Account {
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
        let shown = show(&reply(&body), &secrets());
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
        let shown = show(&reply(&body), &secrets());
        assert!(!shown.contains("k3y") && shown.len() < SHOWN + 300, "{}", shown.len());
        assert!(shown.ends_with("bytes more\n"), "{shown}");
    }
}
