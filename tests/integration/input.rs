//! The input as people have it: columns, dialects, and whatever bytes there are.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{called, export, network, records};

/// Columns of the output that come from the input, with the first cells below them.
fn kept(csv: impl AsRef<[u8]>, arguments: &[&str]) -> Vec<(String, String)> {
    let network = network();
    let ran = export().csv(csv).args(arguments).on(&network).run().expect(0);
    assert_eq!(called(&network), ["17"], "{arguments:?}");
    let records = ran.records();
    let ours = records[0].iter().position(|name| name == "offer_url_type").unwrap();
    std::iter::zip(records[0].clone(), records[1].clone()).take(ours).collect()
}

#[track_caller]
fn assert_kept(csv: impl AsRef<[u8]>, arguments: &[&str], expected: &[(&str, &str)]) {
    let kept = kept(csv, arguments);
    let kept: Vec<_> = kept.iter().map(|(name, cell)| (name.as_str(), cell.as_str())).collect();
    assert_eq!(kept, expected, "{arguments:?}");
}

#[test]
fn other_columns_are_kept_as_asked() {
    let csv = "campaign,offer_id,status,note\nspring,17,hot,\"a, b\"\n";
    let all = [("offer_id", "17"), ("campaign", "spring"), ("input_status", "hot"), ("note", "a, b")];
    assert_kept(csv, &[], &all);
    assert_kept(csv, &["--keep", "all"], &all);
    assert_kept(csv, &["--keep", "none"], &all[..1]);
    assert_kept(csv, &["--keep", "note,campaign"], &[all[0], all[1], all[3]]);
}

#[test]
fn the_id_column_is_found_or_given() {
    let named = [("offer_id", "17"), ("name", "x")];
    for header in ["Offer ID", "OFFERID", "id", "offer_id"] {
        assert_kept(format!("name,{header}\nx,17\n"), &[], &named);
    }
    assert_kept("name,angebot\nx,17\n", &["--column", "angebot"], &named);
    assert_kept("name,angebot\nx,17\n", &["--column", "2"], &named);
    assert_kept("angebot\n17\n", &[], &named[..1]);
    assert_kept("17\n", &[], &named[..1]);
    assert_kept("17\n", &["--no-headers"], &named[..1]);
    let unnamed = kept("x,17\n", &["-n", "--column", "2"]);
    assert_eq!((unnamed.len(), unnamed[1].1.as_str()), (2, "x"), "{unnamed:?}");
}

#[test]
fn the_same_offers_in_every_dialect_give_the_same_rows() {
    let utf16 = |text: &str| {
        let bytes = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(bytes).collect::<Vec<u8>>()
    };
    let expected = [("offer_id", "17"), ("name", "café")];
    for csv in [
        b"offer_id,name\n17,caf\xc3\xa9\n".to_vec(),
        b"\xef\xbb\xbfoffer_id,name\r\n\"17\",\"caf\xc3\xa9\"\r\n\r\n".to_vec(),
        b"offer_id;name\r17.0;caf\xc3\xa9\r".to_vec(),
        b"sep=;\r\noffer_id;name\r\n17;caf\xc3\xa9\r\n".to_vec(),
        b"offer_id\tname\n 17 \tcaf\xe9\n".to_vec(),
        b"offer_id|name\n'17|caf\xc3\xa9".to_vec(),
        utf16("offer_id\tname\r\n17\tcafé\r\n"),
    ] {
        assert_kept(&csv, &[], &expected);
    }
    assert_kept("offer_id;na,me\n17;x\n", &["-d", ";"], &[("offer_id", "17"), ("na,me", "x")]);
    assert_kept("offer_id\tname\n17\tx\n", &["-d", "tab"], &[("offer_id", "17"), ("name", "x")]);
}

#[test]
fn what_is_not_an_id_is_never_called() {
    let network = network();
    let cells = ["abc", "1.6E+1", "1 7", "-17", "17/../18", "%31%37", "17?x", "123456789012345678901", "１７", "17.5"];
    let csv = format!("offer_id,note\n\"{}\",x\n,empty\n", cells.join("\",x\n\""));
    // Without any ID nothing is done at all.
    export().csv(&csv).on(&network).run().expect(2).says(&["no line holds an offer ID"]);
    assert_eq!(network.calls(), []);
    let ran = export().csv(csv + "17,good\n").on(&network).run().expect(3);
    assert_eq!(called(&network), ["17"]);
    let mut rows = ran.cells(["offer_id", "status", "error_kind", "error_message"]);
    assert_eq!(rows.len(), cells.len() + 2);
    rows.pop();
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row[0], cells.get(index).copied().unwrap_or_default());
        assert_eq!(row[1..3], ["error", "invalid_offer_id"]);
        assert!(row[3].starts_with(&format!("line {}: ", index + 2)), "{row:?}");
    }
}

#[test]
fn no_bytes_whatever_make_it_panic_or_lose_a_row() {
    let network = network();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let anything = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[\"',;\t|\r\n 0-9a\u{feff}=.]{0,80}".prop_map(String::into_bytes),
        "(offer_id|id)[,;\t|]x\r?\n([0-9\"' ,;.\n]{0,10}\n){0,5}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| [b"PK\x03\x04".to_vec(), bytes].concat()),
    ];
    let outcome = runner.run(&anything, |bytes| {
        // What holds of every run is checked by each run itself.
        let ran = export().csv(&bytes).args(&["-q", "--retries", "0"]).on(&network).run();
        prop_assert!([0, 1, 2, 3].contains(&ran.code), "{ran:?}");
        prop_assert_eq!(ran.output.is_some(), [0, 3].contains(&ran.code));
        prop_assert!(ran.output.is_none_or(|output| records(&output)[0][0] == "offer_id"));
        prop_assert!(ran.code == 0 || !ran.stderr.is_empty());
        Ok(())
    });
    outcome.unwrap();
}
