//! Tests of `checkpoint`.

use super::*;

type Run = Checkpoint<(u64, String), Vec<u32>>;

fn checkpoint() -> Run {
    Checkpoint {
        job: "j\",\"crc32\":\"".into(),
        started_at: None,
        saved_at: Timestamp::from_second(1_700_000_000).ok(),
        input: Some((7, "é".into())),
        offers: 3,
        rows: 5,
        counts: vec![1, 2],
        calls: None,
        lanes: Value::Null,
    }
}

fn written() -> Written {
    let mut written = Written::nothing();
    written.add(&mut b"123456789\n".to_vec());
    written
}

#[test]
fn a_checkpoint_is_json_and_reads_back() {
    let text = encode(&checkpoint(), (State::Running, RowsIn::Output), &written()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["checkpoint"]["run"]["offers"], 3);
    let body: Body<Run> = decode(&text).unwrap();
    assert_eq!((body.run, body.output_bytes, body.tail_crc32), (checkpoint(), 10, crc32fast::hash(b"123456789\n")));
}

#[test]
fn every_changed_or_missing_byte_is_seen() {
    let text = encode(&checkpoint(), (State::Running, RowsIn::Output), &written()).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        assert!(decode::<Run>(&String::from_utf8_lossy(&changed)).is_err(), "byte {at}");
        assert!(decode::<Run>(&String::from_utf8_lossy(&text.as_bytes()[..at])).is_err(), "cut at {at}");
    }
}

#[test]
fn another_version_is_named() {
    let body = r#"{"format":9,"tool":"offerlinks 9.0","new":1}"#;
    let text = format!("{BEFORE_BODY}{body}{BEFORE_CRC}{:08x}{END}", crc32fast::hash(body.as_bytes()));
    let why = decode::<Checkpoint<(), ()>>(&text).err();
    assert_eq!(why.as_deref(), Some("was written by another version (offerlinks 9.0)"));
}
