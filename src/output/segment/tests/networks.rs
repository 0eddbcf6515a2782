//! A run over two networks: its log is merged into the output, and set aside like one.

use super::*;
use crate::output::merge::{Merge, frame, log_header};

/// One network after the other in the input; in the log as the last line says.
const LANES: [u32; 6] = [0, 0, 0, 1, 1, 1];

const LOGGED: [usize; 6] = [3, 0, 4, 1, 2, 5];

/// A run over two networks that is killed after this many steps; true if it ended before.
fn run_over_networks(folder: &Path, mut steps_left: usize) -> bool {
    let records = records(LANES.len());
    let mut killed = || match steps_left.checked_sub(1) {
        Some(left) => {
            steps_left = left;
            false
        }
        None => true,
    };
    let lock = lock(folder);
    let found = find::<u64, String>(lock.place()).unwrap();
    let header = log_header(HEADER);
    let (mut segment, done, rows_in) = match found {
        Found::Nothing => (Segment::create(lock, (RowsIn::Log, &header), &checkpoint(0)).unwrap(), 0, RowsIn::Log),
        Found::Interrupted(found) => {
            let done = usize::try_from(found.checkpoint.offers).unwrap();
            (Segment::resume(lock, &found).unwrap(), done, found.rows_in)
        }
        Found::Finished(_, finish) => {
            tidy_up(&lock, finish).unwrap();
            return true;
        }
        Found::Damaged { why } => panic!("no kill may leave this: {why}"),
    };
    let all = LANES.len() as u64;
    if rows_in == RowsIn::Log {
        for (n, record) in LOGGED.iter().enumerate().skip(done) {
            if killed() {
                return false;
            }
            let mut group = Vec::new();
            frame(LANES[*record], &records[*record], &mut group).unwrap();
            segment.append(&group).unwrap();
            if n % 2 == 1 {
                commit(&mut segment, n as u64 + 1);
            }
        }
        match merge_log(segment, &records, &mut killed) {
            Some(output) => segment = output,
            None => return false,
        }
    }
    let lock = segment.lock();
    let commit = segment.prepare(&checkpoint(all), State::Finished).unwrap();
    for step in COMMIT.iter().chain(&FINISH) {
        if killed() {
            return false;
        }
        commit.perform(*step).unwrap();
    }
    if killed() {
        return false;
    }
    tidy_up(&lock, Finish::Replace).unwrap();
    true
}

/// Merges the log into the output's rows, unless that is killed.
fn merge_log(log: Segment, records: &[Vec<u8>], killed: &mut impl FnMut() -> bool) -> Option<Segment> {
    let (path, bytes) = log.rows();
    let good = (log_header(HEADER).len() as u64, bytes);
    let mut merge = Merge::open(path, good, 2, path.parent().unwrap()).unwrap();
    let mut output = log.begin_output(HEADER).unwrap();
    for (lane, record) in LANES.iter().zip(records) {
        if killed() {
            return None;
        }
        let mut rows = Vec::new();
        merge.next(*lane as usize, &mut rows).unwrap();
        assert_eq!(rows, *record);
        output.append(&rows).unwrap();
        output.flush().unwrap();
    }
    assert!(merge.is_done(2).unwrap());
    Some(output)
}

#[test]
fn a_run_over_networks_killed_anywhere_resumes_into_the_inputs_order() {
    let golden = [HEADER, &records(LANES.len()).concat()].concat();
    for first in 0..30 {
        for second in [0, 1, 5, 12, 17, 100] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("x.csv"), OLD).unwrap();
            let is_over = run_over_networks(folder.path(), first) || run_over_networks(folder.path(), second);
            let out = fs::read(folder.path().join("x.csv")).unwrap();
            assert!(out == golden || (out == OLD && !is_over), "{first} {second}");
            assert!(is_over || run_over_networks(folder.path(), 100));
            assert_eq!(fs::read(folder.path().join("x.csv")).unwrap(), golden, "{first} {second}");
            assert_eq!(names(folder.path()), ["x.csv", "x.csv.lock"], "{first} {second}");
        }
    }
}

#[test]
fn a_log_is_set_aside_with_its_checkpoint_and_what_was_merged_of_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    run_over_networks(folder.path(), 9);
    assert!(folder.path().join("x.csv.partial").exists());
    let lock = lock(folder.path());
    let moved = set_aside(&lock, None).unwrap();
    let moved: Vec<_> = moved.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(moved, ["x.csv.networks.old", "x.csv.checkpoint.old"]);
    assert_eq!(names(folder.path()), ["x.csv.checkpoint.old", "x.csv.lock", "x.csv.networks.old"]);
    drop(lock);
    // One is kept: a run of one network that is set aside takes its place.
    let (mut partial, _) = open(folder.path()).unwrap();
    partial.append(b"record 0\n").unwrap();
    commit(&mut partial, 1);
    drop(partial);
    set_aside(&self::lock(folder.path()), None).unwrap();
    assert_eq!(names(folder.path()), ["x.csv.checkpoint.old", "x.csv.lock", "x.csv.partial.old"]);
}
