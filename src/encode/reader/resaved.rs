//! Converts an output that another program has saved to this program's form, or says exactly what differs.
//!
//! Pure. A spreadsheet changes the character set, the delimiter and the quotes; people move, add and delete columns.
//! The content of the cells is kept.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::encode::schema::{COLUMNS, Column, Field, IfMissing, Schema};
use crate::encode::{Dialect, RowFormat, csv_record};
use crate::offer::ErrorKind;

/// An output in this program's form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resaved {
    pub(crate) bytes: Vec<u8>,
    /// What was different.
    pub(crate) how: String,
}

/// A line of the file, and what is wrong with it.
pub(crate) type NotOurs = (u64, String);

const DELIMITERS: [(u8, &str); 4] = [(b',', "`,`"), (b';', "`;`"), (b'\t', "tabs"), (b'|', "`|`")];

/// Converts an output that another program has saved.
pub(crate) fn read(bytes: &[u8], dialect: Dialect, schema: &Schema) -> Result<Resaved, NotOurs> {
    let (text, encoding) = decode(bytes);
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 != 0 {
        return Err((1, "a quote is opened somewhere in it and not closed".to_owned()));
    }
    let mut how: Vec<String> = encoding.iter().map(|name| format!("in {name}")).collect();
    let (delimiter, name) = delimiter(&text);
    if delimiter != b',' {
        how.push(format!("{name} between cells"));
    }
    let mut records = csv::ReaderBuilder::new();
    let mut records = records.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = records.records().map(|record| record.map_err(|error| (1, error.to_string())));
    let Some(header) = records.find(|record| !record.as_ref().is_ok_and(is_head_of_nothing)).transpose()? else {
        return Err((1, "there is nothing in it".to_owned()));
    };
    let layout = Layout::of(&header, schema, &mut how)?;
    let kept = layout.kept.iter().map(|at| header.get(*at).unwrap_or_default().trim());
    let mut out = RowFormat::Csv(dialect).encoder(&layout.schema, kept).header().to_vec();
    for record in records {
        let record = record?;
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            layout.row(&record, dialect, &mut out)?;
        }
    }
    if how.is_empty() {
        how.push("with changed rows".to_owned());
    }
    Ok(Resaved { bytes: out, how: how.join(", ") })
}

/// The text, and its character set where that is not UTF-8.
fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default());
        return (text, Some(encoding.name()).filter(|name| *name != "UTF-8"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, Some("Windows-1252")),
    }
}

/// The delimiter that finds the most columns of an output in one line.
fn delimiter(text: &str) -> (u8, &'static str) {
    let columns_found = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let records = reader.records().take(10).filter_map(Result::ok);
        records.map(|record| record.iter().filter(|cell| is_column(cell.trim())).count()).max()
    };
    // Of equal ones the last is taken: a comma.
    DELIMITERS.into_iter().rev().max_by_key(|(delimiter, _)| columns_found(*delimiter)).unwrap_or((b',', "`,`"))
}

fn is_column(name: &str) -> bool {
    COLUMNS.iter().any(|column| column.name == name)
}

/// Empty lines, and the `sep=` line in which a program names its delimiter.
fn is_head_of_nothing(record: &csv::StringRecord) -> bool {
    let mut cells = record.iter().filter(|cell| !cell.trim().is_empty());
    let first = cells.next().unwrap_or_default();
    cells.next().is_none() && (first.is_empty() || first.to_ascii_lowercase().starts_with("sep="))
}

/// Where the columns of an output are in another program's file.
struct Layout {
    schema: Schema,
    /// Those of the input, in their order.
    kept: Vec<usize>,
    /// This program's own columns; `None` for a deleted one.
    own: Vec<(&'static Column, Option<usize>)>,
    columns: usize,
}

impl Layout {
    fn of(header: &csv::StringRecord, schema: &Schema, how: &mut Vec<String>) -> Result<Self, NotOurs> {
        let names: Vec<_> = header.iter().map(str::trim).collect();
        let schema = with_last_good_at(schema, &names);
        let find = |column: &'static Column| (column, names.iter().position(|name| *name == column.name));
        let own: Vec<_> = schema.columns().map(find).collect();
        let missing: Vec<_> = own.iter().filter(|(_, at)| at.is_none()).map(|(column, _)| *column).collect();
        if missing.len() > schema.len() / 2 {
            let found = crate::text::one_line(&names.join(", "), 200).into_owned();
            return Err((1, format!("these are not the columns of an output: {found}")));
        }
        if let Some(needed) = missing.iter().find(|column| column.if_missing == IfMissing::Refused) {
            let name = needed.name;
            return Err((1, format!("the column {name} is missing, and --retry-failed cannot do without it")));
        }
        let is_twice = |column: &&Column| names.iter().filter(|name| **name == column.name).count() > 1;
        if let Some(twice) = schema.columns().find(is_twice) {
            return Err((1, format!("two columns are named {}", twice.name)));
        }
        // Empty columns at the right, which spreadsheets leave behind, do not count.
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let is_own = |at: &usize| own.iter().any(|(_, own)| *own == Some(*at));
        let kept: Vec<_> = (0..width).filter(|at| !is_own(at)).collect();
        if !missing.is_empty() {
            let missing: Vec<_> = missing.iter().map(|column| column.name).collect();
            how.push(format!("without {}, which is left empty", missing.join(", ")));
        }
        let (lead, rest) = own.split_at(schema.lead());
        let places =
            |own: &'_ [(&'static Column, Option<usize>)]| own.iter().filter_map(|(_, at)| *at).collect::<Vec<_>>();
        if ![places(lead), kept.clone(), places(rest)].concat().is_sorted() {
            how.push("with columns moved".to_owned());
        }
        Ok(Self { schema, kept, own, columns: width })
    }

    fn row(&self, record: &csv::StringRecord, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), NotOurs> {
        let line = record.position().map_or(1, csv::Position::line);
        if record.iter().skip(self.columns).any(|cell| !cell.trim().is_empty()) {
            return Err((line, format!("there are cells beyond the {} columns of the header", self.columns)));
        }
        let cell = |field: Field| {
            let at = self.own.iter().find(|(column, _)| column.field == field).and_then(|(_, at)| *at);
            at.and_then(|at| record.get(at)).unwrap_or_default().trim()
        };
        let has_link = !cell(Field::Url).is_empty() || !cell(Field::EntryTrackingLink).is_empty();
        let kind = cell(Field::ErrorKind);
        let status = match cell(Field::Status).to_ascii_lowercase().as_str() {
            "ok" => "ok",
            "error" => "error",
            "stale" => "stale",
            // The status was emptied, but the rest of the row shows it.
            "" if !kind.is_empty() => "error",
            "" if has_link => "ok",
            "" => {
                return Err((line, "the status is empty, and the row has neither a link nor an error_kind".to_owned()));
            }
            other => return Err((line, format!("the status is \"{other}\", neither ok nor error"))),
        };
        if status != "ok" && ErrorKind::from_word(kind).is_none() {
            return Err((line, format!("\"{kind}\" in error_kind is not a known error kind")));
        }
        let own = self.own.iter().map(|(column, at)| match column.field {
            Field::Status => status,
            _ => at.and_then(|at| record.get(at)).unwrap_or_default(),
        });
        let lead = self.schema.lead();
        let kept = self.kept.iter().map(|at| record.get(*at).unwrap_or_default());
        csv_record(own.clone().take(lead).chain(kept).chain(own.skip(lead)), out);
        if dialect == Dialect::Excel {
            out.pop();
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

/// The schema with `last_good_at`, if the file has that column. A kept column of the same name is before `status`.
fn with_last_good_at(schema: &Schema, names: &[&str]) -> Schema {
    let at = |name: &str| names.iter().rposition(|found| *found == name);
    let has_it = at("last_good_at").is_some_and(|found| at("status").is_some_and(|status| status < found));
    if has_it { schema.clone().with(Field::LastGoodAt) } else { schema.clone().without(Field::LastGoodAt) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "offer_id,c,offer_url_type,offer_url_name,offer_url_tracking_link,offer_url_preview_url,url,\
        impression_pixel,status,error_kind,error_http_status,error_code,error_message";

    /// One good row and one that failed.
    fn ours() -> String {
        format!("{HEADER}\n1,\"a, b\",,n;x,http://t/1,,http://u/1,,ok,,,,\n2,é,,,,,,,error,timeout,,,no answer\n")
    }

    fn resave(rewrite: impl Fn(Vec<Vec<String>>) -> Vec<Vec<String>>, delimiter: u8) -> String {
        let ours = ours();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(ours.as_bytes());
        let rows = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
        for row in rewrite(rows) {
            writer.write_record(row).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    fn each(rows: Vec<Vec<String>>, change: impl Fn(&mut Vec<String>)) -> Vec<Vec<String>> {
        let mut rows = rows;
        rows.iter_mut().for_each(change);
        rows
    }

    #[test]
    fn what_a_spreadsheet_saves_comes_back_as_it_was() {
        let utf_16 =
            |text: &str| [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        let semicolons = resave(|rows| rows, b';');
        for (saved, how) in [
            (semicolons.clone().into_bytes(), "`;` between cells"),
            (format!("sep=;\r\n{semicolons}").replace('\n', "\r\n").into_bytes(), "`;` between cells"),
            (format!("\u{feff}{semicolons}").into_bytes(), "`;` between cells"),
            (utf_16(&resave(|rows| rows, b'\t')), "in UTF-16LE, tabs between cells"),
            (WINDOWS_1252.encode(&semicolons).0.into_owned(), "in Windows-1252, `;` between cells"),
            (resave(|rows| each(rows, |row| row.rotate_left(1)), b',').into_bytes(), "with columns moved"),
            (ours().replace("\n2,", "\n\n,,,,\n2,").into_bytes(), "with changed rows"),
            (ours().replace("ok,,,,", ",,,,").replace("error,timeout", ",timeout").into_bytes(), "with changed rows"),
            (resave(|rows| each(rows, |row| row.push(String::new())), b',').into_bytes(), "with changed rows"),
        ] {
            let read = read(&saved, Dialect::Plain, &Schema::default()).unwrap();
            assert_eq!((String::from_utf8(read.bytes).unwrap().as_str(), read.how.as_str()), (ours().as_str(), how));
        }
    }

    #[test]
    fn columns_may_be_added_and_those_that_nothing_hangs_on_deleted() {
        let added = resave(|rows| each(rows, |row| row.insert(1, row[1].clone())).into_iter().collect(), b',');
        let added = added.replacen(",c,c,", ",d,c,", 1);
        let added =
            String::from_utf8(read(added.as_bytes(), Dialect::Plain, &Schema::default()).unwrap().bytes).unwrap();
        assert!(added.starts_with("offer_id,d,c,") && added.contains("\n2,é,é,"), "{added}");
        let deleted = resave(|rows| each(rows, |row| drop(row.remove(7))), b';');
        let deleted = read(deleted.as_bytes(), Dialect::Excel, &Schema::default()).unwrap();
        let text = String::from_utf8(deleted.bytes).unwrap();
        assert_eq!(text, format!("\u{feff}{}", ours().replace('\n', "\r\n")));
        assert_eq!(deleted.how, "`;` between cells, without impression_pixel, which is left empty");
    }

    #[test]
    fn an_unreadable_output_is_refused_with_its_line_and_reason() {
        let without = |at: usize| resave(|rows| each(rows, |row| drop(row.remove(at))), b';');
        for (saved, line, why) in [
            (without(0), 1, "the column offer_id is missing"),
            (without(6), 1, "the column url is missing"),
            (without(9), 1, "the column error_kind is missing"),
            ("offer_id;name\n1;a\n".to_owned(), 1, "these are not the columns of an output: offer_id, name"),
            (String::new(), 1, "there is nothing in it"),
            (ours().replace("timeout", "late"), 3, "\"late\" in error_kind is not a known error kind"),
            (ours().replace("ok", "fine"), 2, "the status is \"fine\", neither ok nor error"),
            (ours().replace("error,timeout", ","), 3, "the status is empty, and the row has neither"),
            (ours().replace("no answer", "no answer,x"), 3, "there are cells beyond the 13 columns"),
            (ours().replace("no answer", "no \"answer"), 1, "a quote is opened"),
            (ours().replacen(",c,", ",url,", 1), 1, "two columns are named url"),
        ] {
            let (at, words) = read(saved.as_bytes(), Dialect::Plain, &Schema::default()).unwrap_err();
            assert!(at == line && words.contains(why), "{why}: line {at}: {words}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), with: bool) {
            let header = if with { HEADER.replace(',', ";") + "\n" } else { String::new() };
            let _ = read(&[header.as_bytes(), &bytes].concat(), Dialect::Plain, &Schema::default());
        }
    }
}
