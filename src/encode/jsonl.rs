//! JSON lines: one object for each input row, with the offer's `offer_url` list as received.
//!
//! Keys are the CSV's columns, except that the entries are a list; what the network did not send is left out.

use super::{Encoder, InputRow, Links, message_cell};
use crate::encode::schema::{ENTRIES_KEY, Field, Part, Schema};
use crate::offer::{Answer, Entry, OfferError, RowOutcome};

/// Writes JSON lines.
#[derive(Clone, Debug)]
pub(crate) struct JsonlEncoder {
    schema: Schema,
    /// `,"name":` for each kept column.
    kept: Vec<Vec<u8>>,
    /// The keys of each part, in order.
    offer: Vec<(Field, &'static str)>,
    entry: Vec<(Field, &'static str)>,
    outcome: Vec<(Field, &'static str)>,
}

impl JsonlEncoder {
    /// Makes every key unique, since a reader keeps only one of two equal ones: a clash with `offer_url` gets the
    /// prefix `input_` as clashes with columns do, and the second `a` becomes `a_2`.
    pub(crate) fn new<'k>(schema: &Schema, kept: impl Iterator<Item = &'k str>) -> Self {
        let mut taken: Vec<String> = Vec::new();
        for name in kept {
            let name = if schema.has_key(name) { format!("input_{name}") } else { name.to_owned() };
            let mut key = name.clone();
            let mut number = 1_u64;
            while schema.has_key(&key) || taken.contains(&key) {
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
        let keys = |part| schema.of_part(part).map(|column| (column.field, column.key)).collect();
        Self {
            kept: taken.iter().map(encode).collect(),
            offer: keys(Part::Offer),
            entry: keys(Part::Entry),
            outcome: keys(Part::Outcome),
            schema: schema.clone(),
        }
    }

    fn answer(&self, answer: &Answer, links: &mut Links<'_>, out: &mut Vec<u8>) {
        for (of, key) in &self.offer {
            match of {
                Field::Url => field(key, answer.url().map(|link| links.extend(link)), out),
                _ => field(key, answer.impression_pixel(), out),
            }
        }
        out.extend_from_slice(b",\"");
        out.extend_from_slice(ENTRIES_KEY.as_bytes());
        out.extend_from_slice(b"\":[");
        for (at, entry) in answer.entries().enumerate() {
            out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
            let start = out.len();
            self.entry(entry, links, out);
            if out.len() > start {
                // Every field brings its comma; the first of an object has none.
                out.remove(start);
            }
            out.push(b'}');
        }
        out.push(b']');
    }

    fn entry(&self, entry: Entry<'_>, links: &mut Links<'_>, out: &mut Vec<u8>) {
        for (of, key) in &self.entry {
            let text = match of {
                Field::EntryType => entry.kind,
                Field::EntryName => entry.name,
                Field::EntryTrackingLink => entry.tracking_link.map(|link| links.extend(link)),
                _ => entry.preview_url,
            };
            field(key, text, out);
        }
    }

    fn outcome(&self, outcome: RowOutcome<'_>, out: &mut Vec<u8>) {
        let error = outcome.error();
        for (of, key) in &self.outcome {
            match of {
                Field::Status => field(key, Some(outcome.status()), out),
                Field::ErrorKind => field(key, error.map(|error| error.kind.as_str()), out),
                Field::ErrorHttpStatus => {
                    if let Some(OfferError { http_status: Some(status), .. }) = error {
                        out.extend_from_slice(b",\"");
                        out.extend_from_slice(key.as_bytes());
                        out.extend_from_slice(b"\":");
                        out.extend_from_slice(status.to_string().as_bytes());
                    }
                }
                Field::ErrorCode => field(key, error.and_then(|error| error.code.as_deref()), out),
                Field::ErrorMessage => field(key, error.map(|error| message_cell(&error.message)).as_deref(), out),
                _ => field(key, outcome.last_good_at().map(|at| at.to_string()).as_deref(), out),
            }
        }
    }
}

impl Encoder for JsonlEncoder {
    fn header(&self) -> &[u8] {
        &[]
    }

    fn encode(&self, row: InputRow<'_, '_>, outcome: RowOutcome<'_>, out: &mut Vec<u8>) -> u64 {
        out.extend_from_slice(b"{\"offer_id\":");
        string(row.offer_id, out);
        if self.schema.has(Field::Network) {
            field("network", Some(row.network), out);
        }
        for (key, cell) in self.kept.iter().zip(row.kept) {
            out.extend_from_slice(key);
            string(cell.text, out);
        }
        if let Some(answer) = outcome.answer() {
            self.answer(answer, &mut Links::new(row.query), out);
        }
        self.outcome(outcome, out);
        out.extend_from_slice(b"}\n");
        1
    }
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
    use crate::encode::KeptCell;
    use crate::offer::{AnswerBuilder, ErrorKind, Outcome};

    fn line(kept: &[&str], cells: &[&str], query: &str, outcome: &Outcome) -> String {
        let mut out = Vec::new();
        let encoder = JsonlEncoder::new(&Schema::default(), kept.iter().copied());
        let mut kept = cells.iter().map(|cell| KeptCell::from(*cell));
        let row = InputRow { offer_id: "16", network: "", kept: &mut kept, query };
        encoder.encode(row, RowOutcome::live(outcome), &mut out);
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
