//! Mistakes when a key or an e-mail is pasted: quotes, a name before it, invisible characters.
//!
//! Says what is wrong with a text, and never repeats the text.

use std::borrow::Cow;
use std::path::Path;

use crate::text;

/// Quotation marks that no key or address has at both ends.
const QUOTES: &str = "\"'`\u{201c}\u{201d}\u{201e}\u{201f}\u{2018}\u{2019}\u{201a}\u{201b}\u{ab}\u{bb}\u{2039}\u{203a}";

/// What is wrong with a trimmed text that should be a key or an address alone.
fn dressed(text: &str) -> Option<Cow<'static, str>> {
    if text.is_empty() {
        return Some("it is empty".into());
    }
    if text.chars().any(char::is_control) {
        return Some("it has more than one line, or a control character; only this one word may be there".into());
    }
    if let Some(unseen) = text.chars().find(|c| text::shown(c.encode_utf8(&mut [0; 4])).len() > 4) {
        let code = unseen as u32;
        return Some(format!("it contains an invisible character (U+{code:04X}); type it, or copy it again").into());
    }
    let (first, last) = (text.chars().next(), text.chars().next_back());
    let quoted = |c: Option<char>| c.is_some_and(|c| QUOTES.contains(c));
    let typographic = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && QUOTES.contains(c));
    let in_quotes = text.chars().nth(1).is_some() && quoted(first) && quoted(last);
    (in_quotes || typographic(first) || typographic(last)).then(|| "it is in quotation marks; remove them".into())
}

/// What is wrong with a trimmed API key.
pub(crate) fn flaw_of_key(key: &str) -> Option<Cow<'static, str>> {
    if is_assignment(key) {
        return Some("it begins with a name, as NAME=KEY; give the key alone".into());
    }
    if let Some(flaw) = dressed(key) {
        return Some(flaw);
    }
    if key.starts_with('{') && key.ends_with('}') {
        return Some("it is JSON; give the key alone".into());
    }
    let scheme = |name: &str| key.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if scheme("basic ") || scheme("bearer ") {
        return Some("it begins with the name of a scheme; give the key alone".into());
    }
    key.chars().all(|c| matches!(c, '.' | '\u{2026}' | '*')).then(|| "it is a placeholder, not a key".into())
}

/// What is wrong with a trimmed e-mail.
pub(crate) fn flaw_of_email(email: &str) -> Option<Cow<'static, str>> {
    dressed(email).or_else(|| {
        if email.contains(':') {
            Some("it holds a colon, which HTTP Basic does not allow (RFC 7617)".into())
        } else if !email.contains('@') {
            Some("it has no @; give the address that you log in with".into())
        } else {
            None
        }
    })
}

/// `OFFERSLOOK_API_KEY=...`, as a file for a shell or for systemd has it, or `api_key: ...`.
fn is_assignment(key: &str) -> bool {
    let bare = ["export ", "set ", "$env:", "$"]
        .iter()
        .fold(key, |text, word| text.strip_prefix(word).unwrap_or(text).trim_start());
    let Some(at) = bare.find(['=', ':']) else { return false };
    let (name, value) = bare.split_at(at);
    let name = name.trim_end();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let lower = name.to_ascii_lowercase();
    let of_key = ["key", "token", "secret", "password"].iter().any(|word| lower.ends_with(word));
    let of_shell =
        name.contains('_') && lower.to_ascii_uppercase() == name && name.bytes().any(|b| b.is_ascii_alphabetic());
    let (mark, rest) = value.split_at(1);
    // `abc=` and `abc==` are ends of base64; after a colon of YAML there is a blank.
    let has_value = if mark == "=" { !rest.trim_matches('=').trim().is_empty() } else { rest.starts_with(' ') };
    is_name && (of_key || of_shell && mark == "=") && has_value
}

/// Whether the text given as the key's file may be the key itself. Then it must not be repeated.
///
/// False for an existing file, for a path below an existing folder, and for anything that looks like a file name.
pub(crate) fn may_be_a_key(path: &Path) -> bool {
    /// Most names are shorter.
    const SHORTEST: usize = 12;
    let Some(text) = path.to_str() else { return false };
    let looks_like_a_path =
        text.starts_with(['/', '.', '~', '%']) || text.get(1..3).is_some_and(|drive| drive == ":\\");
    let has_ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| ending.len() <= 5 && ending.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let in_a_folder = path.parent().is_some_and(|folder| folder != Path::new("") && folder.is_dir());
    let is_file_name = looks_like_a_path || in_a_folder || (has_ending && text.len() <= 40);
    text.chars().count() >= SHORTEST && !is_file_name && !path.exists()
}

/// Whether a text can be the name of an environment variable, rather than a key.
pub(crate) fn is_name_of_variable(text: &str) -> bool {
    /// Single-word names are shorter.
    const LONGEST: usize = 15;
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    let is_mixed = text.bytes().any(|b| b.is_ascii_lowercase()) && text.bytes().any(|b| b.is_ascii_uppercase());
    is_name && !is_mixed && text.split('_').all(|word| word.len() <= LONGEST)
}

/// The text without its words that may be keys: those with letters and digits, of mixed case, or very long ones.
pub(crate) fn hide_what_may_be_a_key(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(hide_word).collect()
}

fn hide_word(word: &str) -> String {
    const SHORTEST: usize = 8;
    const LONG: usize = 24;
    let bare = word.trim();
    let any = |is: fn(&char) -> bool| bare.chars().any(|c| is(&c));
    let has_case = |c: &char| c.is_ascii_uppercase();
    let is_mixed = any(char::is_ascii_lowercase) && bare.chars().skip(1).any(|c| has_case(&c));
    let is_path = bare.trim_start_matches(['"', '\'', '(']).starts_with(['/', '.', '~']) && !bare.ends_with('=');
    let looks_random = any(char::is_ascii_digit) && any(char::is_ascii_alphabetic) || is_mixed || bare.len() >= LONG;
    if bare.len() < SHORTEST || is_path || !looks_random {
        return word.to_owned();
    }
    word.replace(bare, "[hidden]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_pasted_with_more_is_refused_and_one_that_is_strange_is_not() {
        for (key, part) in [
            ("", "empty"),
            ("two\nlines", "more than one line"),
            ("\"k3y\"", "quotation marks"),
            ("'k3y'", "quotation marks"),
            ("\u{201c}k3y\u{201d}", "quotation marks"),
            ("\u{ab}k3y\u{bb}", "quotation marks"),
            ("k3y\u{2019}", "quotation marks"),
            ("\u{200b}k3y", "U+200B"),
            ("k3\u{feff}y", "U+FEFF"),
            ("k3y\u{202e}", "U+202E"),
            ("OFFERSLOOK_API_KEY=k3y", "a name"),
            ("export OFFERSLOOK_API_KEY='k3y'", "a name"),
            ("OFFERSLOOK_API_KEY = k3y", "a name"),
            ("$env:OFFERSLOOK_API_KEY=\"k3y\"", "a name"),
            ("api_key: k3y", "a name"),
            ("apikey=k3y", "a name"),
            ("{\"api_key\": \"k3y\"}", "JSON"),
            ("Basic bWU6azN5", "scheme"),
            ("...", "placeholder"),
        ] {
            let flaw = flaw_of_key(key).unwrap_or_default();
            assert!(flaw.contains(part) && !flaw.contains("k3y"), "{key:?}: {flaw}");
        }
        for key in [
            "k3y",
            "a&<k3y>/w+\"s='",
            "bWU6azN5==",
            "KEY_AB==",
            "it's",
            "a:b:c",
            "s3cr3t-key:with:colons",
            "api key",
            "k=v",
        ] {
            assert_eq!(flaw_of_key(key), None, "{key}");
        }
    }

    #[test]
    fn an_address_has_an_at_and_nothing_else() {
        for (email, part) in [
            ("notmail", "no @"),
            ("\"me@a.example\"", "quotation marks"),
            ("me@a.example\u{200b}", "U+200B"),
            ("a:b@c", "colon"),
            ("", "empty"),
        ] {
            let flaw = flaw_of_email(email).unwrap_or_default();
            assert!(flaw.contains(part), "{email:?}: {flaw}");
        }
        assert_eq!(flaw_of_email("me+x@a.example"), None);
    }

    #[test]
    fn possible_keys_differ_from_file_names() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("sJ3kd92kdjf8s7dfkj3");
        std::fs::write(&there, "").unwrap();
        for (path, is_key) in [
            ("s3cr3t-key:with:colons", true),
            ("9f86d081884c7d659a2feaa0c55ad015", true),
            ("Zm9v/YmFyYmF6cXV4+w==", true),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", true),
            ("key.txt", false),
            ("no-such-key", false),
            ("/run/secrets/offerslook-api-key", false),
            ("./offerslook-api-key", false),
            ("offerslook-key.txt", false),
            ("src/no-such-file-here", false),
            (there.to_str().unwrap(), false),
        ] {
            assert_eq!(may_be_a_key(Path::new(path)), is_key, "{path}");
        }
    }

    #[test]
    fn a_variable_has_a_name_that_no_key_has() {
        for name in ["ACME_KEY", "KEY", "acme_key", "OFFERSLOOK_API_KEY_2", "_K"] {
            assert!(is_name_of_variable(name), "{name}");
        }
        for text in
            ["", "2KEY", "a-b", "$KEY", "K=V", "a8f5f167f44f4964e6c998dee827110c", "QhGtYuIoPl", "AKIA1234567890ABCD"]
        {
            assert!(!is_name_of_variable(text), "{text}");
        }
    }

    #[test]
    fn words_that_may_be_keys_are_hidden() {
        for (text, shown) in [
            ("gpg: decryption failed: No secret key", "gpg: decryption failed: No secret key"),
            ("Error: demo is not in the password store.", "Error: demo is not in the password store."),
            ("key is 9f86d081884c7d65, sorry", "key is [hidden] sorry"),
            ("key=QhGtYuIoPl\nnext", "[hidden]\nnext"),
            ("cannot open /home/me2/.password-store", "cannot open /home/me2/.password-store"),
        ] {
            assert_eq!(hide_what_may_be_a_key(text), shown);
        }
    }
}
