//! A table of texts and their layouts. To add a case, add a line.

use super::*;
use crate::input::dialect::Opening;
use crate::input::layout::delimiter::choose;
use crate::input::{ColumnChoice, Options};

/// What the user says besides the text.
#[derive(Clone, Copy, Debug)]
enum Said {
    Nothing,
    Column(&'static str),
    Number(usize),
    NoHeaders,
    Delimiter(u8),
}

impl Said {
    fn options(self) -> Options {
        let mut options = Options::default();
        match self {
            Self::Nothing => {}
            Self::Column(name) => options.column = Some(ColumnChoice::Name(name.to_owned())),
            Self::Number(number) => options.column = Some(ColumnChoice::Number(number)),
            Self::NoHeaders => options.no_headers = true,
            Self::Delimiter(delimiter) => options.delimiter = Some(delimiter),
        }
        options
    }
}

/// What is read in a whole text: delimiter, number of the ID column, line of the header, of the first row, and the IDs.
fn read(text: &str, said: Said) -> String {
    let options = &said.options();
    let opening = Opening::new(text.as_bytes(), options.delimiter, 0, true);
    let (cut, layout) = choose(&opening.cuts, Asked::of(options, true));
    match layout {
        Ok(Layout { id, header, first, ids, .. }) => {
            let delimiter = char::from(cut.unwrap().delimiter);
            let header = header.map_or_else(|| "-".to_owned(), |header| header.line.to_string());
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            format!("{delimiter} {} {header} {first}: {}", id + 1, ids.join(" ")).trim_end().to_owned()
        }
        Err(refusal) => format!("{refusal:?}").split([' ', '{', '(']).next().unwrap_or_default().to_owned(),
    }
}

use Said::{Column as Name, Delimiter, NoHeaders, Nothing, Number};

const CASES: &[(&str, Said, &str)] = &[
    // One column.
    ("16\n17", Nothing, ", 1 - 1: 16 17"),
    ("offer_id\n16\n17\n", Nothing, ", 1 1 2: 16 17"),
    ("angebote\n16\n17\n", Nothing, ", 1 1 2: 16 17"),
    ("angebote\n16\n17\n", NoHeaders, ", 1 - 1: 16 17"),
    ("\u{200b}16\n17\n", Nothing, ", 1 - 1: 16 17"),
    ("16 (paused)\n17\n", Nothing, ", 1 - 1: 17"),
    ("16 - Shoes\n17\n", Nothing, ", 1 - 1: 17"),
    ("16-17\n18\n", Nothing, ", 1 - 1: 18"),
    ("#16\n17\n", Nothing, ", 1 - 1: 17"),
    ("+16\n17\n", Nothing, ", 1 - 1: 17"),
    ("offer:16\n17\n", Nothing, ", 1 - 1: 17"),
    ("=\"16\"\n17\n", Nothing, ", 1 - 1: 16 17"),
    ("\u{ff11}\u{ff16}\n17\n", Nothing, ", 1 - 1: 17"),
    ("1.6E+1\n17", Nothing, ", 1 - 1: 17"),
    ("16, first\n17\n18\n19\n", Nothing, ", 1 - 1: 17 18 19"),
    ("offer_id\n1,234\n1,235\n", Nothing, ", 1 1 2:"),
    ("Access denied\n", Nothing, "OnlyText"),
    ("Access denied\n", NoHeaders, ", 1 - 1:"),
    ("offer_id\n", Nothing, "HeaderOnly"),
    ("", Nothing, "Blank"),
    ("\n \n,,\n", Nothing, "Blank"),
    ("offer_id\u{2028} 16\u{2028} 17\n", Nothing, ", 1 - 1:"),
    // The delimiter.
    ("16;1,50\n17;2,75\n", Nothing, "; 1 - 1: 16 17"),
    ("16\t1,50\n17\t2,75\n", Nothing, "\t 1 - 1: 16 17"),
    ("16|1,50\n17|2,75\n", Nothing, "| 1 - 1: 16 17"),
    ("16;1,50;2,5\n17;2,75;3,5\n", Nothing, "; 1 - 1: 16 17"),
    ("16;1,000\n17;2,000\n", Nothing, "; 1 - 1: 16 17"),
    ("16;17,5\n17;18,5\n", Nothing, "; 1 - 1: 16 17"),
    ("16;a, 5\n17;b, 6\n", Nothing, "; 1 - 1: 16 17"),
    ("16|EU,250\n17|US,300\n", Nothing, "| 1 - 1: 16 17"),
    ("16|EU,250\n", Nothing, "| 1 - 1: 16"),
    ("1,50;16\n2,75;17\n", Nothing, "; 2 - 1: 16 17"),
    ("1,a;16\n2,b;17\n", Nothing, "WhichDelimiter"),
    ("1,a;16\n2,b;17\n", Delimiter(b';'), "; 2 - 1: 16 17"),
    ("16;a,b\n17;c,d\n", Nothing, "; 1 - 1: 16 17"),
    ("offer_id;payout\n16;1,5\n17;2,5\n", Nothing, "; 1 1 2: 16 17"),
    ("offer_id\tname\n16\ta,b;c|d\n", Nothing, "\t 1 1 2: 16"),
    ("name, long;offer_id\na, b;16\n", Nothing, "; 2 1 2: 16"),
    ("\"a,b,c\";offer_id\n1;16\n", Nothing, "; 2 1 2: 16"),
    ("campaign;network\nx;16\n", Nothing, "; 2 1 2: 16"),
    ("x;a,b\n1;2,3\n", Name("X"), "; 1 1 2: 1"),
    ("offer_id;a;b;c\n16\n17;x\n", Nothing, "; 1 1 2: 16 17"),
    // The column.
    ("x,16\ny,17\n", Nothing, ", 2 - 1: 16 17"),
    ("Shoes 24,16\nHats 25,17\n", Nothing, ", 2 - 1: 16 17"),
    ("Summer campaign,16\nWinter campaign,17\n", Nothing, ", 2 - 1: 16 17"),
    ("16,ID\n17,US\n", Nothing, ", 1 - 1: 16 17"),
    ("ID,16\nUS,17\n", Nothing, ", 2 - 1: 16 17"),
    ("16,NO\n17,SE\n", Nothing, ", 1 - 1: 16 17"),
    ("ID,Offer ID\n1,16\n", Nothing, ", 2 1 2: 16"),
    ("ID,Name,2024\n16,a,5\n17,b,6\n", Nothing, ", 1 1 2: 16 17"),
    ("Offer ID,Name,2024\n16,a,5\n17,b,6\n", Nothing, ", 1 1 2: 16 17"),
    ("Offer,Name,2024\n16,a,5\n17,b,6\n", Nothing, "WhichColumn"),
    ("Offer,Name,2024\n16,a,5\n17,b,6\n", Number(1), ", 1 1 2: 16 17"),
    ("Offer,Name,2024\n16,a,5\n17,b,6\n", Name("offer"), ", 1 1 2: 16 17"),
    ("Name,Nr,2024\nx,16,a\ny,17,b\n", Nothing, ", 2 1 2: 16 17"),
    ("Campaign;1;2;3\nx;16;17;18\n", Nothing, "WhichColumn"),
    ("ID campaign,500\n16,5\n17,6\n", Nothing, "WhichColumn"),
    ("ID campaign,500\nx,5\ny,6\n", Nothing, "HeaderOrRow"),
    ("ID campaign,500\n", Nothing, "HeaderOrRow"),
    ("offer,1\n16,5\n", Nothing, "WhichColumn"),
    ("offer,1\n", Nothing, "HeaderOrRow"),
    ("offer,1\n", Number(2), ", 2 - 1: 1"),
    ("Offer,Name,2024\n", Nothing, "HeaderOrRow"),
    ("\u{200b}16,1200\n17,1300\n", Nothing, "SeveralOnALine"),
    ("\u{200b}16,1200\n17,1300\n", Number(1), ", 1 - 1: 16 17"),
    ("=\"16\",a5\n=\"17\",a6\n", Nothing, ", 1 - 1: 16 17"),
    ("#16,5\n#17,6\n", Nothing, "WhichColumn"),
    ("16 paused,1200\n17,1300\n", Nothing, "WhichColumn"),
    ("16 (paused),a\n17,b\n", Nothing, ", 1 - 1: 17"),
    ("16,5\n17,\n18,7\n", Nothing, "SeveralOnALine"),
    ("16,a,5\n17,b,\n18,c,7\n", Nothing, ", 1 - 1: 16 17 18"),
    ("16,a\nx,b\n", Nothing, ", 1 - 1: 16"),
    ("16,a\n17,b\nTotal,2\n", Nothing, ", 1 - 1: 16 17"),
    ("a,b\nx,y\n", Nothing, "NoIdColumn"),
    ("offer_id: 16, 17, 18\n", Nothing, "WhichColumn"),
    ("Offers: 16, 17, 18\n", Nothing, "WhichColumn"),
    ("Offers: 16, 17\n", Nothing, "WhichColumn"),
    ("16,17,400001\n", Nothing, "SeveralOnALine"),
    ("16; 17; 400001\n", Nothing, "SeveralOnALine"),
    ("16\t17\n", Nothing, "SeveralOnALine"),
    ("16,17,18\n19,20,21\n", Nothing, "SeveralOnALine"),
    ("16,17,400001\n18\n", Nothing, "SeveralOnALine"),
    ("offer_id,16,17,400001\n", Nothing, "HeaderHoldsIds"),
    ("offer_id,\"offer id\"\n16,5\n17,6\n", Nothing, "WhichColumn"),
    ("offer_id,\"offer id\"\n16,16\n17,17\n", Nothing, ", 1 1 2: 16 17"),
    ("\"offer_id\",\"name\"\n\"1\",16,\"x\"\n\"2\",17,\"y\"\n", Nothing, "Shifted"),
    ("\"offer_id\",\"name\"\n\"1\",16,\"x\"\n\"2\",17,\"y\"\n", Number(1), ", 1 1 2: 1 2"),
    ("name,offer_id\n\"19\\\" TV, 55\",16\nx,17\n", Nothing, ", 2 1 2: 17"),
    ("a,b\n1,16\n", Nothing, "SeveralOnALine"),
    ("a,b\n1,16\n", Name("c"), "UnknownColumn"),
    ("a,b\n1,16\n", Number(3), "UnknownColumn"),
    ("a,b\n1,16\n", Name("B"), ", 2 1 2: 16"),
    ("1,16\n2,17", Number(2), ", 2 - 1: 16 17"),
    // What stands above.
    ("Report 2024\n\nid;name\n16;x\n", Nothing, "; 1 3 4: 16"),
    ("Mine\nid\n16\n", Nothing, ", 1 2 3: 16"),
    ("Report\nOffer ID,Name,2024\n16,a,5\n", Nothing, ", 1 2 3: 16"),
    ("Report, all\n\noffer_id;name\n16;x\n17;y\n", Nothing, "; 1 3 4: 16 17"),
    ("#TYPE System.Data.DataRow\n\"Offer ID\",\"Name\"\n\"16\",\"x\"\n", Nothing, ", 1 2 3: 16"),
    ("Table 1\nOffer ID,Name\n16,a\n", Nothing, ", 1 2 3: 16"),
    ("Table 1\nOffer;Campaign\n16;x\n17;y\n", Nothing, "; 1 2 3: 16 17"),
    ("# one\n# two: 5\noffer_id\n16\n", Nothing, ", 1 3 4: 16"),
    ("My report\nOffer,Campaign\n16,x\n17,y\n", Nothing, ", 1 2 3: 16 17"),
    ("My report\nOffer,Campaign\n16,x\n17,y\n", Name("Offer"), ", 1 2 3: 16 17"),
    ("My offers\n16,a\n17,b\n", Nothing, ", 1 - 2: 16 17"),
    ("16 (paused)\n17,a\n18,b\n", Nothing, ", 1 - 1: 17 18"),
    ("Report:,All\nDate: 20261127\n\nOffer ID,Name,Clicks\n16,a,5\n", Nothing, ", 1 4 5: 16"),
    ("2024\nID,Name\n16,a\n", Nothing, "AboveHeader"),
    ("16\n17\noffer_id\n18\n", Nothing, "AboveHeader"),
    ("16\nname,offer_id\nx,17\n", Nothing, "AboveHeader"),
    ("offer_id\n16\noffer_id\n17\n", Nothing, ", 1 1 2: 16 17"),
    (" offer_id | name \n----------+------\n       16 | x\n(1 row)\n", Nothing, "| 1 1 3: 16"),
    ("| offer_id | name |\n|---|---|\n| 16 | x |\n", Nothing, "| 2 1 3: 16"),
    ("+----+------+\n| id | name |\n+----+------+\n| 16 | x |\n+----+------+\n", Nothing, "| 2 2 4: 16"),
    ("Offer 2024,Name\n16,a\n17,b\n", Nothing, "HeaderOrRow"),
    (",name\n16,a\n17,b\n", Nothing, ", 1 1 2: 16 17"),
];

#[test]
fn the_intended_reading_is_found_or_refused_as_ambiguous() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter(|(text, said, expected)| read(text, *said) != *expected)
        .map(|(text, said, expected)| format!("{text:?} {said:?}: {:?}, expected {expected:?}", read(text, *said)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
