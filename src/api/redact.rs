//! Keeps the key out of everything that a server's words end up in: rows, logs, reports.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretBox};

use crate::api::unspell::Needles;
use crate::offer::{Answer, OfferError};
use crate::settings::known_keys::KnownKeys;
use crate::settings::network::Account;

/// The text in place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// Everything by which the key can be known.
#[derive(Debug)]
pub(crate) struct Redactor {
    /// In the spellings of servers, to the last sign.
    forms: SecretBox<Vec<String>>,
    /// In any spelling.
    needles: Needles,
    /// Spellings that are looked for in every good answer; none for a key that may be a word of its links.
    in_links: Vec<memmem::Finder<'static>>,
    /// The keys of the other networks.
    known: KnownKeys,
}

impl Redactor {
    const SHORTEST: usize = 6;

    /// The forms of an account's key.
    pub(crate) fn of(account: &Account) -> Self {
        let key = account.api_key.expose_secret();
        let both = format!("{}:{key}", account.email);
        let mut forms = Vec::new();
        for text in [key, &both] {
            spell(text, &mut forms);
            for base64 in [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                spell(&base64.encode(text), &mut forms);
            }
        }
        // No key is that short, and every text is full of its letters.
        forms.retain(|form| form.len() >= Self::SHORTEST);
        // The longest first: a short form may be a part of a longer one.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        let needles = Needles::of(&account.email, key);
        Self {
            forms: SecretBox::new(Box::new(forms)),
            needles,
            in_links: in_links(key, &both),
            known: KnownKeys::default(),
        }
    }

    /// The same, which hides the keys of other networks too.
    pub(crate) fn beside(self, known: &KnownKeys) -> Self {
        Self { known: known.clone(), ..self }
    }

    /// Whether an answer that would be written contains the key.
    ///
    /// A look at all of its texts at once, which costs next to nothing, comes before the thorough one.
    pub(crate) fn are_in(&self, answer: &Answer) -> bool {
        let thorough = |text: &str| !self.needles.find(text).is_empty();
        let all = answer.all_text().as_bytes();
        self.in_links.iter().any(|finder| finder.find(all).is_some()) && answer.texts().any(thorough)
    }

    /// The error without the key in any of its forms: some servers repeat what they were sent.
    pub(crate) fn hide_in(&self, error: OfferError) -> OfferError {
        let code = error.code.map(|code| self.hide(&code).into());
        OfferError { message: self.hide(&error.message).into(), code, ..error }
    }

    /// The text without the key in any of its forms.
    pub(crate) fn hide(&self, text: &str) -> String {
        let forms = self.forms.expose_secret().iter();
        let hide = |text: String, form: &String| if text.contains(form) { text.replace(form, HIDDEN) } else { text };
        let mut hidden = forms.fold(text.to_owned(), hide);
        for range in self.needles.find(&hidden).into_iter().rev() {
            hidden.replace_range(range, HIDDEN);
        }
        self.known.hide(hidden, HIDDEN)
    }
}

/// The spellings in which others are most likely to repeat an account's key. None of a key that is too short.
pub(crate) fn spellings(account: &Account) -> Vec<String> {
    let key = account.api_key.expose_secret();
    let mut spellings = plain_spellings(key, &format!("{}:{key}", account.email));
    spellings.retain(|spelling| spelling.len() >= Redactor::SHORTEST);
    spellings
}

/// What to look for in good answers.
fn in_links(key: &str, both: &str) -> Vec<memmem::Finder<'static>> {
    /// A shorter key, or one of letters alone that is not as long as `LONG`, may be a name.
    const SHORT: usize = 8;
    const LONG: usize = 16;
    let is_name = key.len() < SHORT || (key.len() < LONG && key.bytes().all(|byte| byte.is_ascii_alphabetic()));
    if is_name {
        return Vec::new();
    }
    let spellings = plain_spellings(key, both);
    spellings.iter().map(|spelling| memmem::Finder::new(spelling).into_owned()).collect()
}

fn plain_spellings(key: &str, both: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let url = escape(key, "%", |byte| format!("{byte:02X}"), plain);
    let spellings = [
        key.replace('/', r"\/"),
        key.to_lowercase(),
        url.to_lowercase(),
        url,
        STANDARD.encode(key),
        STANDARD.encode(both),
    ];
    let mut spellings = Vec::from(spellings);
    spellings.push(key.to_owned());
    spellings.sort();
    spellings.dedup();
    spellings
}

/// Characters that stay as they are in a URL, beside letters and digits: to forms, PHP, RFC 3986 and JavaScript.
const PLAIN_IN_URLS: [&str; 4] = ["*-._", "-._", "-._~", "-_.!~*'()"];

/// What pages write for characters that mean something in HTML, beside `&`, `<` and `>`: each dialect has its own.
const HTML: [&[(char, &str)]; 6] = [
    &[('"', "&quot;"), ('\'', "&#039;")],
    &[('"', "&quot;"), ('\'', "&apos;")],
    &[('"', "&quot;"), ('\'', "&#x27;")],
    &[('"', "&#34;"), ('\'', "&#39;"), ('+', "&#43;")],
    &[('"', "&#34;"), ('\'', "&#39;"), ('+', "&#43;"), ('=', "&#61;")],
    &[('"', "&quot;"), ('\'', "&#39;"), ('/', "&#x2F;"), ('=', "&#x3D;"), ('`', "&#x60;")],
];

/// Adds the ways in which servers write a text: in JSON, in URLs, in HTML and in hexadecimal digits.
fn spell(text: &str, forms: &mut Vec<String>) {
    forms.extend([text.to_owned(), text.replace('/', r"\/")]);
    if let Ok(json) = serde_json::to_string(text) {
        let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json);
        forms.extend([json.to_owned(), json.replace('/', r"\/")]);
    }
    for digits in [|byte| format!("{byte:02X}"), |byte| format!("{byte:02x}")] {
        for plain in PLAIN_IN_URLS {
            let in_name = |c: char| c.is_ascii_alphanumeric() || plain.contains(c);
            for escaped in [escape(text, "%", digits, in_name), escape(text, "%", digits, |c| c == '/' || in_name(c))] {
                forms.extend([escaped.replace("%20", "+"), escaped]);
            }
        }
        forms.extend(["%", ""].map(|mark| escape(text, mark, digits, |_| false)));
    }
    for dialect in HTML {
        let basic = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        forms.push(dialect.iter().fold(basic, |text, (c, entity)| text.replace(*c, entity)));
    }
}

/// The text with a mark and hexadecimal digits for all bytes but those of plain characters.
fn escape(text: &str, mark: &str, digits: fn(u8) -> String, plain: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if plain(c) {
            escaped.push(c);
        } else {
            c.to_string().bytes().for_each(|byte| escaped.extend([mark, &digits(byte)]));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a&<k3y>/w+\"s='";

    fn secrets() -> Redactor {
        let base_url = "https://x.example".parse().unwrap();
        Redactor::of(&Account { base_url, email: "me@a.example".into(), api_key: KEY.into() })
    }

    #[test]
    fn a_key_is_hidden_in_every_spelling() {
        for (what, spelled) in [
            ("plain", KEY),
            ("JSON", r#"a&<k3y>/w+\"s='"#),
            ("JSON of PHP", r#"a&<k3y>\/w+\"s='"#),
            ("a form", "a%26%3Ck3y%3E%2Fw%2B%22s%3D%27"),
            ("a form in lower case", "a%26%3ck3y%3e%2fw%2b%22s%3d%27"),
            ("a path", "a%26%3Ck3y%3E/w%2B%22s%3D%27"),
            ("a path in lower case", "a%26%3ck3y%3e/w%2b%22s%3d%27"),
            ("JavaScript", "a%26%3Ck3y%3E%2Fw%2B%22s%3D'"),
            ("every byte", "%61%26%3C%6B%33%79%3E%2F%77%2B%22%73%3D%27"),
            ("every byte in lower case", "%61%26%3c%6b%33%79%3e%2f%77%2b%22%73%3d%27"),
            ("hexadecimal", "61263C6B33793E2F772B22733D27"),
            ("hexadecimal in lower case", "61263c6b33793e2f772b22733d27"),
            ("HTML of PHP", "a&amp;&lt;k3y&gt;/w+&quot;s=&#039;"),
            ("XML", "a&amp;&lt;k3y&gt;/w+&quot;s=&apos;"),
            ("HTML of Python", "a&amp;&lt;k3y&gt;/w+&quot;s=&#x27;"),
            ("HTML of Go", "a&amp;&lt;k3y&gt;/w&#43;&#34;s=&#39;"),
            ("HTML in numbers", "a&amp;&lt;k3y&gt;/w&#43;&#34;s&#61;&#39;"),
            ("HTML of Mustache", "a&amp;&lt;k3y&gt;&#x2F;w+&quot;s&#x3D;&#39;"),
            ("HTTP Basic", "bWVAYS5leGFtcGxlOmEmPGszeT4vdysicz0n"),
        ] {
            assert_eq!(secrets().hide(&format!("<{spelled}>")), format!("<{HIDDEN}>"), "{what}");
        }
    }

    #[test]
    fn what_is_too_short_to_be_a_key_is_not_hidden() {
        let base_url = "https://x.example".parse().unwrap();
        let secrets = Redactor::of(&Account { base_url, email: "me@a.example".into(), api_key: "ok".into() });
        assert_eq!(secrets.hide("ok me@a.example:ok"), format!("ok {HIDDEN}"));
    }
}
