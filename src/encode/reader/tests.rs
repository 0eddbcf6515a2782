//! What was written is read back, byte for byte.

use std::path::Path;

use super::*;
use crate::encode::{Dialect, InputRow, KeptCell, RowFormat, Schema};
use crate::offer::{AnswerBuilder, Entry, ErrorKind, OfferError, Outcome, RowOutcome};
use proptest::prelude::*;

fn write(format: RowFormat, kept: &[&str], rows: &[(&[String], Outcome)]) -> (tempfile::NamedTempFile, Vec<u8>) {
    let encoder = format.encoder(&Schema::default(), kept.iter().copied());
    let mut bytes = encoder.header().to_vec();
    for (cells, outcome) in rows {
        let mut kept = cells.iter().map(|cell| KeptCell::from(cell.as_str()));
        let row = InputRow { offer_id: "16", network: "", kept: &mut kept, query: "" };
        encoder.encode(row, RowOutcome::live(outcome), &mut bytes);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    (file, bytes)
}

fn open(path: &Path) -> Result<OutputReader, PreviousError> {
    OutputReader::open(path, Dialect::Plain, &Schema::default()).map(|(previous, _)| previous)
}

fn outcome(text: &str, entries: usize) -> Outcome {
    let mut answer = AnswerBuilder::new(Some(text), None);
    for _ in 0..entries {
        answer.entry(Entry { name: Some(text), ..Entry::default() });
    }
    match entries {
        0 => Err(OfferError::local(ErrorKind::Timeout, text)),
        _ => Ok(answer.build()),
    }
}

fn formats() -> impl Strategy<Value = RowFormat> {
    prop::sample::select(vec![RowFormat::Csv(Dialect::Plain), RowFormat::Csv(Dialect::Excel), RowFormat::Jsonl])
}

fn header() -> String {
    Schema::default().header([].into_iter()).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn rows_come_back_byte_for_byte_also_after_a_seek(
        format in formats(),
        rows in prop::collection::vec(("[a,\"\r\n=é{]{0,6}", "[a,\"\r\n=é{]{0,6}", 0_usize..3), 0..6),
        resume_at in 0_usize..8,
    ) {
        let cells: Vec<_> = rows.iter().map(|(a, b, _)| [a.clone(), b.clone()]).collect();
        let given: Vec<_> = rows.iter().zip(&cells).map(|((a, _, n), cells)| (&cells[..], outcome(a, *n))).collect();
        let (file, bytes) = write(format, &["k", "l,\"m"], &given);
        let mut previous = open(file.path()).unwrap();
        prop_assert_eq!(previous.format(), format);
        if !(format == RowFormat::Jsonl && rows.is_empty()) {
            prop_assert_eq!(previous.kept(), ["k", "l,\"m"]);
        }
        let mut read = previous.header().to_vec();
        let mut failed = Vec::new();
        for row in 0.. {
            if row == resume_at {
                let (offset, lines) = previous.position();
                previous = open(file.path()).unwrap();
                previous.seek(offset, lines).unwrap();
            }
            match previous.next_row().unwrap() {
                None => break,
                Some(PreviousRow::Good(bytes)) => read.extend_from_slice(bytes),
                Some(PreviousRow::Failed(row)) => {
                    read.extend_from_slice(row.bytes);
                    prop_assert_eq!((row.offer_id.as_str(), row.kind), ("16", ErrorKind::Timeout));
                    failed.push(row.kept);
                }
            }
        }
        prop_assert_eq!(read, bytes);
        let expected: Vec<_> = rows.iter().zip(&cells).filter(|((_, _, n), _)| *n == 0).map(|(_, c)| c.to_vec()).collect();
        prop_assert_eq!(failed, expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), with_header in any::<bool>()) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let header = if with_header { header() + "\n" } else { String::new() };
        std::fs::write(file.path(), [header.as_bytes(), &bytes].concat()).unwrap();
        if let Ok(mut previous) = open(file.path()) {
            while let Ok(Some(_)) = previous.next_row() {}
        }
    }
}

#[test]
fn a_file_that_is_not_ours_is_named_with_the_line() {
    let header = header();
    for (text, expected) in [
        ("id,name\n1,a\n", "line 1: these are not the columns of an output"),
        (&format!("{header}\n1,2\n"), "line 2: the status is empty"),
        (&format!("{header}\n1,,,,,,,ok,,,,\n\"2,,\n"), "line 1: a quote is opened somewhere in it and not closed"),
        (&format!("{header}\n1,,,,,,,fine,,,,\n"), "line 2: the status is \"fine\", neither ok nor error"),
        (&format!("{header}\n1,,,,,,,error,bad,,,\n"), "line 2: \"bad\" in error_kind is not a known"),
        ("{\"offer_id\":\"1\",\"status\":\"ok\"}\n{\"a\":1}\n", "line 2: other keys than in the first line"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let read = open(file.path()).and_then(|mut previous| {
            while previous.next_row()?.is_some() {}
            Ok(())
        });
        let message = read.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}
