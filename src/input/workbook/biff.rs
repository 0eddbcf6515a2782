//! Repairs an old workbook (`.xls`) so that calamine reads it correctly.
//!
//! calamine 0.38 decodes the texts of BIFF8, which are Unicode whatever the file says, with the code page that the file
//! names (Perl's and Java's old writers name 1252); takes number formats that a file defines under the
//! numbers 9 to 62 for Excel's old built-in ones (gnumeric defines from 50 on); and reserves memory for as many cells as
//! the file claims. Owns the records; must not know what cells mean.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;

/// The workbook with these records repaired. A file that is not a workbook, or too damaged, is returned unchanged.
pub(super) fn mended(content: Vec<u8>) -> Vec<u8> {
    match mend_file(&content) {
        Ok(mended) => mended,
        Err(_) => content,
    }
}

fn mend_file(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut file = cfb::CompoundFile::open(Cursor::new(content.to_vec()))?;
    let mut book = file.open_stream("Workbook").or_else(|_| file.open_stream("Book"))?;
    let mut records = Vec::new();
    book.read_to_end(&mut records)?;
    mend(&mut records);
    book.seek(SeekFrom::Start(0))?;
    book.write_all(&records)?;
    book.flush()?;
    drop(book);
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

/// A record's number and where its data lies.
type Record = (u16, Range<usize>);

const FORMAT: u16 = 0x041E;
const XF: u16 = 0x00E0;

fn mend(stream: &mut [u8]) {
    const BOF: u16 = 0x0809;
    const CODE_PAGE: u16 = 0x0042;
    const DIMENSIONS: u16 = 0x0200;
    /// Those that hold cells begin with a row and a column.
    const CELLS: [u16; 8] = [0x0203, 0x0204, 0x00D6, 0x0205, 0x027E, 0x00FD, 0x00BD, 0x0006];
    /// The most that an old sheet has.
    const COLUMNS: u16 = 256;
    let records = records(stream);
    let is_unicode =
        records.first().is_some_and(|(number, data)| *number == BOF && get(stream, data.start) == Some(0x0600));
    for (number, data) in &records {
        match *number {
            CODE_PAGE if is_unicode => set(stream, data.start, 1200),
            DIMENSIONS => stream.get_mut(data.clone()).unwrap_or_default().fill(0),
            number if CELLS.contains(&number) && get(stream, data.start + 2).is_none_or(|column| column >= COLUMNS) => {
                // A number that nothing knows.
                set(stream, data.start - 4, 0xFFFF);
            }
            _ => {}
        }
    }
    renumber_formats(stream, &records);
}

/// Gives new numbers to formats that use those of built-in formats.
fn renumber_formats(stream: &mut [u8], records: &[Record]) {
    const OWN: std::ops::RangeInclusive<u16> = 164..=382;
    let of = |wanted: u16| records.iter().filter(move |(number, _)| *number == wanted).map(|(_, data)| data.start);
    let used: Vec<u16> = of(FORMAT).filter_map(|at| get(stream, at)).collect();
    let mut free = OWN.filter(|number| !used.contains(number));
    let is_read = |number: u16| matches!(number, 5..=8 | 23..=26 | 41..=44 | 63..=66) || OWN.contains(&number);
    let mut new = BTreeMap::new();
    for number in used.iter().copied().filter(|number| !is_read(*number)) {
        if let std::collections::btree_map::Entry::Vacant(entry) = new.entry(number)
            && let Some(own) = free.next()
        {
            entry.insert(own);
        }
    }
    for at in of(FORMAT).chain(of(XF).map(|at| at + 2)) {
        if let Some(own) = get(stream, at).and_then(|number| new.get(&number)) {
            set(stream, at, *own);
        }
    }
}

fn records(stream: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut at = 0;
    while let (Some(number), Some(length)) = (get(stream, at), get(stream, at + 2)) {
        let data = at + 4..at + 4 + usize::from(length);
        if data.end > stream.len() {
            break;
        }
        at = data.end;
        records.push((number, data));
    }
    records
}

fn get(stream: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(stream.get(at..at + 2)?.try_into().ok()?))
}

fn set(stream: &mut [u8], at: usize, value: u16) {
    if let Some(place) = stream.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(records: &[(u16, &[u8])]) -> Vec<u8> {
        let record = |(number, data): &(u16, &[u8])| {
            let length = u16::try_from(data.len()).unwrap();
            [&number.to_le_bytes(), &length.to_le_bytes(), *data].concat()
        };
        records.iter().flat_map(record).collect()
    }

    #[test]
    fn records_that_calamine_misreads_are_repaired_in_place() {
        let bof8: (u16, &[u8]) = (0x0809, &[0, 6, 5, 0]);
        let bof5: (u16, &[u8]) = (0x0809, &[0, 5, 5, 0]);
        let cases = [
            // The code page of BIFF8 is Unicode, that of BIFF5 what it says.
            (vec![bof8, (0x42, &[0xe4, 4])], vec![bof8, (0x42, &[0xb0, 4])]),
            (vec![bof5, (0x42, &[0xe4, 4])], vec![bof5, (0x42, &[0xe4, 4])]),
            (vec![bof8, (0x0200, &[1, 2, 3, 4])], vec![bof8, (0x0200, &[0, 0, 0, 0])]),
            (vec![bof8, (0x0203, &[0, 0, 255, 0])], vec![bof8, (0x0203, &[0, 0, 255, 0])]),
            (vec![bof8, (0x0203, &[0, 0, 0, 1])], vec![bof8, (0xFFFF, &[0, 0, 0, 1])]),
            (vec![bof8, (0x00FD, &[0])], vec![bof8, (0xFFFF, &[0])]),
            // 50 becomes 165, since 164 is taken.
            (
                vec![(FORMAT, &[50, 0, b'x']), (FORMAT, &[164, 0, b'y']), (FORMAT, &[44, 0]), (XF, &[9, 9, 50, 0])],
                vec![(FORMAT, &[165, 0, b'x']), (FORMAT, &[164, 0, b'y']), (FORMAT, &[44, 0]), (XF, &[9, 9, 165, 0])],
            ),
            (vec![(XF, &[9, 9, 14, 0])], vec![(XF, &[9, 9, 14, 0])]),
        ];
        for (before, after) in cases {
            let mut mended = stream(&before);
            mend(&mut mended);
            assert_eq!(mended, stream(&after), "{before:?}");
        }
    }
}
