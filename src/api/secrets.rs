//! Keeps the key out of everything that a server's words end up in: rows, logs, reports.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretBox};
use url::form_urlencoded::byte_serialize;

use crate::offer::OfferError;
use crate::settings::network::Account;

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// Everything by which the key can be known.
#[derive(Debug)]
pub(crate) struct Secrets(SecretBox<Vec<String>>);

impl Secrets {
    const SHORTEST: usize = 6;

    /// The forms of an account's key.
    pub(crate) fn of(account: &Account) -> Self {
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
        // No key is that short, and every text is full of its letters.
        forms.retain(|form| form.len() >= Self::SHORTEST);
        // The longest first: a short form may be a part of a longer one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(SecretBox::new(Box::new(forms)))
    }

    /// The error without the key in any of its forms: some servers repeat what they were sent.
    pub(crate) fn hide_in(&self, error: OfferError) -> OfferError {
        let code = error.code.map(|code| self.hide(&code).into());
        OfferError { message: self.hide(&error.message).into(), code, ..error }
    }

    /// The text without the key in any of its forms.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.expose_secret().iter().fold(text.to_owned(), |text, form| text.replace(form, HIDDEN))
    }
}
