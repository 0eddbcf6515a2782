//! Tests of reading from a pipe.

use std::io::{self, Read};

use super::*;

/// Gives its parts one by one, and then an end or an error.
struct Pipe {
    parts: Vec<Vec<u8>>,
    breaks: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(part) = self.parts.first_mut() else {
            return if self.breaks { Err(io::Error::other("broken")) } else { Ok(0) };
        };
        let read = part.as_slice().read(buffer)?;
        part.drain(..read);
        if part.is_empty() {
            self.parts.remove(0);
        }
        Ok(read)
    }
}

fn open(parts: &[&[u8]], breaks: bool) -> Result<Input, InputError> {
    let pipe = Pipe { parts: parts.iter().map(|part| part.to_vec()).collect(), breaks };
    open::start(
        source::open_stream(&Source::Stdin, pipe, |head| open::is_enough(head, &options()))?,
        Source::Stdin.to_string(),
        &options(),
    )
}

#[test]
fn a_pipe_is_read_as_it_comes_and_cannot_be_resumed() {
    let content = b"offer_id;a\n16;x\n17;y\n";
    let mut input = open(&content.chunks(1).collect::<Vec<_>>(), false).unwrap();
    assert_eq!((input.total(), input.kept_columns()), (Total::Unknown, &["a".to_owned()][..]));
    let rows = rows(&mut input);
    assert_eq!((rows.len(), input.total()), (2, Total::Exact(2)));
    assert_eq!(input.mark(rows[0].next).unwrap(), None);
    let mark = InputFingerprint { position: rows[0].next, size: 0, crc: 0 };
    assert!(matches!(input.resume(&mark), Err(NotTheSameInput::Stream)));
}

#[test]
fn the_first_rows_are_there_before_the_rest_has_come() {
    let mut input = open(&[b"offer_id\n16\n", b"17\n"], true).unwrap();
    for id in ["16", "17"] {
        assert_eq!(input.next_row().unwrap().unwrap().offer.unwrap().as_str(), id);
    }
    let error = input.next_row().unwrap_err();
    assert_eq!(error.to_string(), "standard input, line 4: reading failed");
    assert!(!error.is_usage());
}

#[test]
fn utf16_and_workbooks_come_through_a_pipe_too() {
    let text = utf16("id\tx\r\n16\té\r\n", u16::to_be_bytes);
    let mut input = open(&text.chunks(3).collect::<Vec<_>>(), false).unwrap();
    assert_eq!(rows(&mut input)[0].cells.get(0), "é");
    let mut input = open(&workbook::xlsx().chunks(1000).collect::<Vec<_>>(), false).unwrap();
    assert_eq!(input.total(), Total::Exact(3));
    assert_eq!(rows(&mut input).len(), 3);
}
