//! The law of the output: whatever is killed or cut off wherever, going on gives the bytes of an undisturbed run.

use std::fs;

use super::*;
use crate::output::commit::{COMMIT, FINISH, Step};
use crate::output::{Destination, Found, OutputPath, find, set_aside, tidy_up};

mod damage;
mod networks;
mod power_cut;

type Run = Checkpoint<u64, String>;

const HEADER: &[u8] = b"header\n";
const OLD: &[u8] = b"the old output\n";

fn place(folder: &Path) -> OutputPath {
    let Ok(Destination::File(place)) = Destination::of(&folder.join("x.csv")) else { panic!("not a file") };
    place
}

fn lock(folder: &Path) -> Lock {
    Lock::acquire(place(folder)).unwrap()
}

fn checkpoint(offers: u64) -> Run {
    Checkpoint {
        job: "job".into(),
        started_at: jiff::Timestamp::from_second(1_700_000_000).ok(),
        saved_at: jiff::Timestamp::from_second(1_700_000_000).ok(),
        input: Some(offers),
        offers,
        rows: offers,
        counts: format!("{offers} ok"),
        calls: None,
        lanes: serde_json::Value::Null,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

/// Opens as `--resume` does; `None` if the output is finished already.
fn open(folder: &Path) -> Option<(Segment, usize)> {
    let lock = lock(folder);
    match find::<u64, String>(lock.place()).unwrap() {
        Found::Nothing => Some((Segment::create(lock, (RowsIn::Output, HEADER), &checkpoint(0)).unwrap(), 0)),
        Found::Interrupted(found) => {
            assert_eq!(found.checkpoint, checkpoint(found.checkpoint.offers));
            let done = usize::try_from(found.checkpoint.offers).unwrap();
            Some((Segment::resume(lock, &found).unwrap(), done))
        }
        Found::Finished(_, finish) => {
            tidy_up(&lock, finish).unwrap();
            None
        }
        Found::Damaged { why } => panic!("no kill may leave this: {why}"),
    }
}

/// Goes on to the end and checks what is then there.
fn finish(folder: &Path, records: &[Vec<u8>]) {
    if let Some((mut partial, done)) = open(folder) {
        for record in &records[done..] {
            partial.append(record).unwrap();
        }
        let lock = partial.lock();
        partial.begin_finish(&checkpoint(records.len() as u64), Finish::Replace).unwrap().complete().unwrap();
        tidy_up(&lock, Finish::Replace).unwrap();
    }
    assert_eq!(fs::read(folder.join("x.csv")).unwrap(), [HEADER, &records.concat()].concat());
    assert_eq!(names(folder), ["x.csv", "x.csv.lock"]);
}

fn commit(partial: &mut Segment, offers: u64) {
    partial.begin_commit(&checkpoint(offers)).unwrap().complete().unwrap();
}

/// A run beside an old output that has committed the first two of these records.
fn committed_half(folder: &Path, records: &[Vec<u8>]) -> Segment {
    fs::write(folder.join("x.csv"), OLD).unwrap();
    let (mut partial, _) = open(folder).unwrap();
    partial.append(&records[..2].concat()).unwrap();
    commit(&mut partial, 2);
    partial
}

fn records(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("record {n}\n").into_bytes()).collect()
}

#[test]
fn an_undisturbed_run_leaves_the_output_and_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    finish(folder.path(), &records(3));
    finish(folder.path(), &[]);
}

#[test]
fn a_kill_after_any_step_is_continued() {
    let steps = COMMIT.iter().chain(&FINISH);
    for killed_after in 0..=COMMIT.len() + FINISH.len() {
        let folder = tempfile::tempdir().unwrap();
        let records = records(4);
        let mut partial = committed_half(folder.path(), &records);
        partial.append(&records[2..].concat()).unwrap();
        let commit = partial.prepare(&checkpoint(4), State::Finished).unwrap();
        for &step in steps.clone().take(killed_after) {
            assert_eq!(fs::read(folder.path().join("x.csv")).unwrap(), OLD, "before {step:?}");
            commit.perform(step).unwrap();
            if step == Step::RenameRows {
                break;
            }
        }
        drop(commit);
        drop(partial);
        finish(folder.path(), &records);
    }
}

/// Rows that are withheld go beside the output, and a kill after any step is continued to the same end.
#[test]
fn withheld_rows_leave_the_output_as_it_is_after_a_kill_at_any_step() {
    for killed_after in 0..=COMMIT.len() + FINISH.len() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        fs::write(folder.path().join("x.csv"), OLD).unwrap();
        fs::write(folder.path().join("x.csv.failed"), "withheld before").unwrap();
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(b"record 0\n").unwrap();
        let commit = partial.prepare(&checkpoint(1), State::Withheld).unwrap();
        COMMIT.iter().chain(&FINISH).take(killed_after).for_each(|&step| commit.perform(step).unwrap());
        drop(commit);
        drop(partial);
        let lock = lock(folder.path());
        match find::<u64, String>(lock.place()).unwrap() {
            Found::Finished(_, finish) => {
                assert_eq!(finish, Finish::Withhold);
                tidy_up(&lock, finish).unwrap();
                drop(lock);
            }
            found => {
                let partial = if let Found::Interrupted(found) = found {
                    Segment::resume(lock, &found).unwrap()
                } else {
                    let mut partial = Segment::create(lock, (RowsIn::Output, HEADER), &checkpoint(0)).unwrap();
                    partial.append(b"record 0\n").unwrap();
                    partial
                };
                let lock = partial.lock();
                partial.begin_finish(&checkpoint(1), Finish::Withhold).unwrap().complete().unwrap();
                tidy_up(&lock, Finish::Withhold).unwrap();
            }
        }
        assert_eq!((read("x.csv"), read("x.csv.failed")), (OLD.to_vec(), b"header\nrecord 0\n".to_vec()));
        assert_eq!(names(folder.path()), ["x.csv", "x.csv.failed", "x.csv.lock"]);
        // And what replaces the output later makes them out of date.
        finish(folder.path(), &records(2));
    }
}

#[test]
fn after_a_failure_nothing_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut partial, _) = open(folder.path()).unwrap();
    partial.append(b"record 0\n").unwrap();
    commit(&mut partial, 1);
    partial.ours = Arc::new(Ours::new(fs::File::open(&partial.path).unwrap(), None));
    partial.append(b"record 1\n").unwrap();
    let failed = partial.begin_commit(&checkpoint(2)).unwrap_err();
    assert!(failed.to_string().contains("x.csv.partial"), "{failed}");
    assert!(matches!(partial.begin_commit(&checkpoint(2)), Err(OutputError::FailedBefore(_))));
    drop(partial);

    let (mut partial, _) = open(folder.path()).unwrap();
    partial.append(b"record 1\n").unwrap();
    let in_the_way = folder.path().join("x.csv.checkpoint.tmp");
    fs::create_dir(&in_the_way).unwrap();
    assert!(partial.begin_commit(&checkpoint(2)).unwrap().complete().is_err());
    fs::remove_dir(&in_the_way).unwrap();
    assert!(matches!(partial.begin_commit(&checkpoint(2)), Err(OutputError::FailedBefore(_))));
    drop(partial);
    finish(folder.path(), &records(2));
}

#[test]
#[cfg(unix)]
fn the_new_output_has_the_mode_of_the_old_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.csv");
    fs::write(&out, OLD).unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    for old in [0o600, 0o640, 0o444, 0o666] {
        fs::set_permissions(&out, fs::Permissions::from_mode(old)).unwrap();
        let (partial, _) = open(folder.path()).unwrap();
        assert_eq!(mode("x.csv.partial") & !(old | 0o200), 0, "the rows are no more open than {old:o}");
        let lock = partial.lock();
        partial.begin_finish(&checkpoint(0), Finish::Replace).unwrap().complete().unwrap();
        tidy_up(&lock, Finish::Replace).unwrap();
        assert_eq!(mode("x.csv"), old);
    }
}

#[test]
#[cfg(unix)]
fn a_kill_when_the_rows_are_read_only_already_is_continued() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (mut partial, _) = open(folder.path()).unwrap();
    commit(&mut partial, 0);
    let path = partial.path.clone();
    drop(partial);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let (partial, _) = open(folder.path()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    drop(partial);
    finish(folder.path(), &records(1));
}
