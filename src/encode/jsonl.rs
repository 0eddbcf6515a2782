//! JSON lines: one object for each input row, with the offer's `offer_url` list as received.
//!
//! Keys are the CSV's columns, except that the entries are a list; what the network did not send is left out.

use super::{KeptCell, Links, Source, message_cell};
use crate::offer::{Answer, OfferError, Outcome};

/// The program's own keys. No kept column has one of these; `offer_url` is the list of entries.
pub const KEYS: [&str; 9] = [
    "offer_id",
    "url",
    "impression_pixel",
    "offer_url",
    "status",
    "error_kind",
    "error_http_status",
    "error_code",
    "error_message",
];

/// The kept columns' keys, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// `,"name":` for each kept column.
    kept: Vec<Vec<u8>>,
}

impl Keys {
    /// Makes every key unique, since a reader keeps only one of two equal ones: a clash with `offer_url` gets the
    /// prefix `input_` as clashes with columns do, and the second `a` becomes `a_2`.
    pub(crate) fn new<'k>(kept: impl Iterator<Item = &'k str>) -> Self {
        let mut taken: Vec<String> = KEYS.iter().map(|&name| name.to_owned()).collect();
        let own = taken.len();
        for name in kept {
            let name = if KEYS.contains(&name) { format!("input_{name}") } else { name.to_owned() };
            let mut key = name.clone();
            let mut number = 1_u64;
            while taken.contains(&key) {
                number += 1;
                key = format!("{name}_{number}");
            }
            taken.push(key);
        }
        let encode = |name: &String| {
            let mut key = vec![b','];
            string(name, &mut key);
            key.push(b':');
            key
        };
        Self { kept: taken.iter().skip(own).map(encode).collect() }
    }

    /// Appends the object of one input row.
    pub(crate) fn row<'k>(
        &self,
        source: Source<'_, impl Iterator<Item: Into<KeptCell<'k>>>>,
        outcome: &Outcome,
        out: &mut Vec<u8>,
    ) -> u64 {
        out.extend_from_slice(b"{\"offer_id\":");
        string(source.offer_id, out);
        for (key, cell) in self.kept.iter().zip(source.kept) {
            out.extend_from_slice(key);
            string(cell.into().text, out);
        }
        match outcome {
            Ok(answer) => answer_fields(answer, &mut Links::new(source.query), out),
            Err(error) => error_fields(error, out),
        }
        out.extend_from_slice(b"}\n");
        1
    }
}

fn answer_fields(answer: &Answer, links: &mut Links<'_>, out: &mut Vec<u8>) {
    field("url", answer.url().map(|link| links.extend(link)), out);
    field("impression_pixel", answer.impression_pixel(), out);
    out.extend_from_slice(b",\"offer_url\":[");
    for (at, entry) in answer.entries().enumerate() {
        out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
        let start = out.len();
        field("type", entry.kind, out);
        field("name", entry.name, out);
        field("tracking_link", entry.tracking_link.map(|link| links.extend(link)), out);
        field("preview_url", entry.preview_url, out);
        if out.len() > start {
            // Every field brings its comma; the first of an object has none.
            out.remove(start);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"status\":\"ok\"");
}

fn error_fields(error: &OfferError, out: &mut Vec<u8>) {
    field("status", Some("error"), out);
    field("error_kind", Some(error.kind.as_str()), out);
    if let Some(status) = error.http_status {
        out.extend_from_slice(b",\"error_http_status\":");
        out.extend_from_slice(status.to_string().as_bytes());
    }
    field("error_code", error.code.as_deref(), out);
    field("error_message", Some(&message_cell(&error.message)), out);
}

/// A comma, a key and a text; nothing where the network sent nothing.
fn field(key: &str, text: Option<&str>, out: &mut Vec<u8>) {
    if let Some(text) = text {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        string(text, out);
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(&mut *out, text);
    debug_assert!(written.is_ok(), "a text always fits into a buffer");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offer::{AnswerBuilder, Entry, ErrorKind};

    fn line(kept: &[&str], cells: &[&str], query: &str, outcome: &Outcome) -> String {
        let mut out = Vec::new();
        let keys = Keys::new(kept.iter().copied());
        keys.row(Source { offer_id: "16", kept: cells.iter().copied(), query }, outcome, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_answer_is_one_object_with_its_entries_as_received() {
        let mut answer = AnswerBuilder::new(Some("http://h/u"), None);
        answer.entry(Entry { kind: Some("Default"), tracking_link: Some("http://h/t#f"), ..Entry::default() });
        answer.entry(Entry { name: Some("=\"é\n"), preview_url: Some(""), ..Entry::default() });
        answer.entry(Entry::default());
        insta::assert_snapshot!(
            line(&["campaign"], &["a\"b"], "s=1", &Ok(answer.build())),
            @r##"{"offer_id":"16","campaign":"a\"b","url":"http://h/u?s=1","offer_url":[{"type":"Default","tracking_link":"http://h/t?s=1#f"},{"name":"=\"é\n","preview_url":""},{}],"status":"ok"}"##
        );
    }

    #[test]
    fn an_error_is_one_object_with_what_is_known() {
        let error = OfferError {
            kind: ErrorKind::NotFound,
            http_status: Some(404),
            code: Some("31".into()),
            message: "not\tfound".into(),
        };
        insta::assert_snapshot!(
            line(&[], &[], "", &Err(error)),
            @r#"{"offer_id":"16","status":"error","error_kind":"not_found","error_http_status":404,"error_code":"31","error_message":"not found"}"#
        );
    }

    #[test]
    fn no_kept_cell_is_lost_to_an_equal_key() {
        let error = OfferError::local(ErrorKind::Timeout, "");
        insta::assert_snapshot!(
            line(&["a", "a", "a_2", "offer_url", "status"], &["1", "2", "3", "4", "5"], "", &Err(error)),
            @r#"{"offer_id":"16","a":"1","a_2":"2","a_2_2":"3","input_offer_url":"4","input_status":"5","status":"error","error_kind":"timeout","error_message":""}"#
        );
    }
}
