//! An answer as it lies in a row of the file: two texts, the landing pages as JSON, and a hash of all of it; or the name of a
//! template, and what differs from that. Pure.
//!
//! The JSON is a list with a list of four for each landing page: type, name, tracking link, preview URL; `null` where the
//! network sent nothing. Every SQLite reads it, the views do so for people.

use std::borrow::Cow;

use rusqlite::types::Type;
use xxhash_rust::xxh3::xxh3_64;

use crate::history::template::{self, Template};
use crate::offer::{Answer, AnswerBuilder, Entry};

/// Where an answer's texts lie in the text that they were written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredAnswer {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) form: Form,
    /// What tells one answer from another; a promise of the file's version. See [`write()`].
    pub hash: i64,
}

/// What of an answer was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it, with the lengths of its link and pixel.
    Whole { url: Option<usize>, impression_pixel: Option<usize> },
    /// Its landing pages, or nothing where these are the template's, too.
    Of {
        /// The place of the template that it names.
        template: usize,
    },
}

/// Appends an answer to `out`, and says whether it may have a template.
///
/// Its hash is XXH3 of 64 bits over `url`, `impression_pixel` and the JSON, where each of the first two has a `=` before it
/// if it is there, and a NUL behind it.
pub(super) fn write(answer: &Answer, out: &mut String) -> (StoredAnswer, bool) {
    let start = out.len();
    // Hardly any text has something to escape, and that is seen at once for all of them.
    let text = answer.all_text();
    let is_plain = is_plain(text);
    out.reserve(text.len() + text.len() / 4 + 64);
    let own = [answer.url(), answer.impression_pixel()];
    push_own(own, out);
    let [url, impression_pixel] = own.map(|text| text.map(str::len));
    if is_plain {
        push_links(answer, None, out);
    } else {
        push_entries(answer, push_json, out);
    }
    let hash = hash(out.get(start..).unwrap_or_default().as_bytes());
    (StoredAnswer { start, end: out.len(), form: Form::Whole { url, impression_pixel }, hash }, is_plain)
}

/// Appends the landing pages of an answer that has nothing to escape, as they lie in a row: one that names a template where
/// `url`, the offer's own link, is given.
pub(super) fn push_links(answer: &Answer, url: Option<&str>, out: &mut String) {
    let Some(url) = url else { return push_entries(answer, push_plain, out) };
    let push = |text: Option<&str>, out: &mut String| match text.and_then(|text| text.strip_prefix(url)) {
        Some(rest) => {
            out.push('"');
            out.push_str(template::URL);
            out.push_str(rest);
            out.push('"');
        }
        None => push_plain(text, out),
    };
    push_entries(answer, push, out);
}

fn push_entries(answer: &Answer, push_text: impl Fn(Option<&str>, &mut String), out: &mut String) {
    for (at, Entry { kind, name, tracking_link, preview_url }) in answer.entries().enumerate() {
        out.push_str(if at == 0 { "[[" } else { "],[" });
        for (field, text) in [kind, name, tracking_link, preview_url].into_iter().enumerate() {
            if field > 0 {
                out.push(',');
            }
            push_text(text, out);
        }
    }
    out.push_str(if answer.entries().len() == 0 { "[]" } else { "]]" });
}

fn hash(bytes: &[u8]) -> i64 {
    let hash = xxh3_64(bytes).cast_signed();
    // 0 is the hash of what is gone.
    if hash == 0 { 1 } else { hash }
}

/// The hash of an answer that lies in a row: its link and its pixel, then its landing pages. What `buffer` holds is lost.
pub(super) fn hash_of(own: [Option<&str>; 2], links: &str, buffer: &mut String) -> i64 {
    buffer.clear();
    push_own(own, buffer);
    buffer.push_str(links);
    hash(buffer.as_bytes())
}

/// The same of a row that names a template, for the offer of that ID.
pub(super) fn hash_of_template((template, id): (&Template, &str), links: Option<&str>, buffer: &mut String) -> i64 {
    buffer.clear();
    template.push_whole(id, links, buffer);
    hash(buffer.as_bytes())
}

/// Appends the offer's own link and pixel.
fn push_own(own: [Option<&str>; 2], out: &mut String) {
    for text in own {
        if let Some(text) = text {
            out.push('=');
            out.push_str(text);
        }
        out.push('\0');
    }
}

/// Whether nothing in a text has to be escaped in JSON, or could be taken for a place in a template.
fn is_plain(text: &str) -> bool {
    // Without an early end, so that it is done for many bytes at a time.
    let is_odd =
        |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte == b'{');
    text.bytes().fold(0, |odd, byte| odd | is_odd(byte)) == 0
}

/// Appends a text as JSON.
fn push_json(text: Option<&str>, out: &mut String) {
    match text {
        Some(odd) if !is_plain(odd) => out.push_str(&serde_json::Value::from(odd).to_string()),
        text => push_plain(text, out),
    }
}

/// Appends a text as JSON that has nothing to escape.
fn push_plain(text: Option<&str>, out: &mut String) {
    let Some(text) = text else { return out.push_str("null") };
    out.push('"');
    out.push_str(text);
    out.push('"');
}

impl StoredAnswer {
    /// The offer's own link and pixel, where all of it was written to `of`.
    pub(super) fn own(self, of: &str) -> [Option<&str>; 2] {
        let Form::Whole { url, impression_pixel } = self.form else { return [None; 2] };
        let at_url = self.start + 1;
        let at_pixel = self.start + url.map_or(0, |len| len + 1) + 2;
        [(at_url, url), (at_pixel, impression_pixel)].map(|(at, len)| len.and_then(|len| of.get(at..at + len)))
    }

    /// Its landing pages, where all of it was written to `of`.
    pub(super) fn links(self, of: &str) -> &str {
        let Form::Whole { url, impression_pixel } = self.form else { return "" };
        let own = [url, impression_pixel].into_iter().flatten().map(|len| len + 1).sum::<usize>();
        of.get(self.start + own + 2..self.end).unwrap_or_default()
    }
}

/// The answer that a row holds in its first three columns: `url`, `impression_pixel`, `links`; or what the template that it
/// names makes of these for an offer.
///
/// # Errors
/// It holds none.
pub(super) fn read(row: &rusqlite::Row<'_>, template: Option<(&Template, &str)>) -> rusqlite::Result<Answer> {
    let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
    let (url, pixel, json) = match template {
        None => (text(0)?.map(Cow::Borrowed), text(1)?.map(Cow::Borrowed), Cow::Borrowed(row.get_ref(2)?.as_str()?)),
        Some((template, id)) => {
            let (url, mut json) = (template.url(id), String::new());
            template.push_links(&url, text(2)?, &mut json);
            (Some(Cow::Owned(url)), template.impression_pixel(id).map(Cow::Owned), Cow::Owned(json))
        }
    };
    let entries: Vec<[Option<String>; 4]> = serde_json::from_str(&json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error)))?;
    let mut answer = AnswerBuilder::with_room((url.as_deref(), pixel.as_deref()), entries.len(), json.len());
    for [kind, name, tracking_link, preview_url] in &entries {
        let (kind, name) = (kind.as_deref(), name.as_deref());
        answer.entry(Entry {
            kind,
            name,
            tracking_link: tracking_link.as_deref(),
            preview_url: preview_url.as_deref(),
        });
    }
    Ok(answer.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(own: [Option<&str>; 2], entries: &[[Option<&str>; 4]]) -> Answer {
        let mut builder = AnswerBuilder::new(own[0], own[1]);
        for [kind, name, tracking_link, preview_url] in entries.iter().copied() {
            builder.entry(Entry { kind, name, tracking_link, preview_url });
        }
        builder.build()
    }

    #[test]
    fn what_is_stored_is_what_is_read_and_each_difference_is_another_hash() {
        let (no, e) = (None, Some(""));
        let odd = Some("a\"b\\c\u{0}\n\u{1f}\u{7f}é\u{2028}💾");
        let answers = [
            answer([no, no], &[]),
            answer([e, no], &[]),
            answer([no, e], &[]),
            answer([Some("u"), Some("p")], &[]),
            answer([Some("up"), no], &[]),
            answer([Some("u"), Some("p")], &[[no; 4]]),
            answer([Some("u"), Some("p")], &[[e, no, no, no]]),
            answer([Some("u"), Some("p")], &[[no, e, no, no]]),
            answer([Some("u"), Some("p")], &[[no; 4], [no; 4]]),
            answer([odd, odd], &[[odd; 4], [Some("null"), no, odd, Some("]]")]]),
        ];
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut hashes = std::collections::BTreeSet::new();
        let mut text = "what was before".to_owned();
        for answer in &answers {
            let (stored, _) = write(answer, &mut text);
            let [url, pixel] = stored.own(&text);
            assert_eq!(url, answer.url());
            let values = (url, pixel, stored.links(&text));
            let back = connection.query_row("SELECT ?1, ?2, ?3", values, |row| read(row, None)).unwrap();
            assert_eq!(&back, answer);
            hashes.insert(stored.hash);
        }
        assert_eq!(hashes.len(), answers.len());
        // A promise: the same in every build.
        assert_eq!(write(&answers[3], &mut String::new()).0.hash, xxh3_64(b"=u\0=p\0[]").cast_signed());
        assert_eq!(
            hash_of([Some("u"), Some("p")], "[]", &mut "7".to_owned()),
            write(&answers[3], &mut String::new()).0.hash
        );
    }

    #[test]
    fn links_that_somebody_has_written_are_an_error_and_no_answer() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for links in ["", "{}", "[[1,2,3,4]]", "[[null,null]]", "[\"a\"]"] {
            let read = connection.query_row("SELECT NULL, NULL, ?1", [links], |row| read(row, None));
            assert!(read.is_err(), "{links}");
        }
    }
}
