//! New offers that come one after the other: what is written together is what would be written one by one.

use super::{Error, File, Links, RunKey, Told};
use crate::history::runs::{Begin, RunRecord};
use crate::offer::ErrorKind;

/// Offers of the batch; more than are written at a time, so that there are a first group, a second, and a rest.
const OFFERS: usize = 100;

/// Together they have a template, one by one they have none.
const LINKS: &str = "u?o=# a=u?o=#&1";

/// A file that knows some of the offers, and in which the newest version was undone.
fn file(known: &[usize]) -> (File, RunRecord) {
    let mut file = File::new();
    let known: Vec<_> = known.iter().map(usize::to_string).collect();
    let mut told: Vec<(&str, Told)> = known.iter().map(|offer| (offer.as_str(), Links("v"))).collect();
    told.push(("1000", Links("v")));
    file.run(&told);
    let run = file.begin("o.csv");
    file.record(&run, &[("1000", Links("w"))], false);
    let again = RunKey { started_at: run.started_at, ..file.key("o.csv", &["demo"]) };
    let run = file.database.begin_run(&again, Begin::Resumed).unwrap();
    file.record(&run, &[("1000", Links("v"))], false);
    (file, run)
}

#[test]
fn offers_that_are_written_together_are_as_those_that_come_alone() {
    for known in [&[][..], &[1], &[20], &[5, 6, 40], &[36], &[99], &[7, 45, 80, 81, 82]] {
        let ids: Vec<_> = (1..=OFFERS).map(|offer| offer.to_string()).collect();
        let mut told: Vec<(&str, Told)> = ids.iter().map(|id| (id.as_str(), Links(LINKS))).collect();
        // One that is gone has a version, too: a number that none of its neighbours may have got before.
        told.insert(8, ("1000", Error(ErrorKind::NotFound)));

        let (mut together, run) = file(known);
        together.record(&run, &told, false);
        together.record(&run, &[], true);
        let (mut alone, run_alone) = file(known);
        for (row, one) in (0..).zip(&told) {
            alone.record_from(&run_alone, (row, std::slice::from_ref(one)), false);
        }
        alone.record(&run_alone, &[], true);

        assert_eq!(together.facts(), alone.facts(), "{known:?}");
        assert_eq!(together.changes(&run), alone.changes(&run_alone), "{known:?}");
        assert!(together.is_sound() && alone.is_sound(), "{known:?}");
        // No number is given twice, not even that of a version that was undone.
        let newest = |file: &File| {
            let sql = "SELECT max(id), count(*), (SELECT last_version FROM run ORDER BY id DESC) FROM offer_version";
            let read = |row: &rusqlite::Row<'_>| Ok::<(i64, i64, i64), _>((row.get(0)?, row.get(1)?, row.get(2)?));
            file.database.connection().query_row(sql, [], read).unwrap()
        };
        assert_eq!(newest(&together), newest(&alone), "{known:?}");
        assert!(newest(&together).0 > newest(&together).1, "the undone one has left a gap");
    }
}
