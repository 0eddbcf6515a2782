//! The law of the output: whatever is killed or cut off wherever, going on gives the bytes of an undisturbed run.

use std::fs;

use super::*;
use crate::output::commit::{COMMIT, FINISH, Step};
use crate::output::merge::{Merge, frame, log_header};
use crate::output::{Destination, Found, OutputPath, find};
use proptest::prelude::*;

type Run = Checkpoint<u64, String>;
type Tamper = fn(&Path);

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
        fs::write(folder.path().join("x.csv"), OLD).unwrap();
        let records = records(4);
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(&records[..2].concat()).unwrap();
        commit(&mut partial, 2);
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

/// What a disk holds for certain, and the changes of names that it may or may not have made yet.
struct Disk {
    safe: tempfile::TempDir,
    pending: Vec<Step>,
}

impl Disk {
    fn copy(folder: &Path) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for name in names(folder) {
            fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
        }
        copy
    }

    fn rename(folder: &Path, step: Step) {
        let at = |name: &str| folder.join(name);
        match step {
            Step::RenameCheckpoint => fs::rename(at("x.csv.checkpoint.tmp"), at("x.csv.checkpoint")).unwrap(),
            _ => fs::rename(at("x.csv.partial"), at("x.csv")).unwrap(),
        }
    }

    fn follow(&mut self, step: Step, folder: &Path) {
        let save = |name: &str| fs::copy(folder.join(name), self.safe.path().join(name)).map(drop);
        match step {
            Step::SyncRows => save("x.csv.partial").unwrap(),
            Step::WriteCheckpoint => save("x.csv.checkpoint.tmp").unwrap(),
            Step::SyncFolder | Step::SyncName => {
                self.pending.drain(..).for_each(|step| Self::rename(self.safe.path(), step));
            }
            Step::RenameCheckpoint | Step::RenameRows => self.pending.push(step),
            Step::TakeMode => {}
        }
    }

    /// Every state that a power cut may leave.
    fn after_power_cut(&self) -> impl Iterator<Item = tempfile::TempDir> {
        (0..1 << self.pending.len()).map(|made: u32| {
            let copy = Self::copy(self.safe.path());
            let is_made = |(n, _): &(usize, &Step)| made & (1 << n) != 0;
            self.pending.iter().enumerate().filter(is_made).for_each(|(_, &step)| Self::rename(copy.path(), step));
            copy
        })
    }
}

#[test]
fn a_power_cut_after_any_step_is_continued() {
    for state in [State::Running, State::Finished] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.csv"), OLD).unwrap();
        let records = records(4);
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(&records[..2].concat()).unwrap();
        commit(&mut partial, 2);
        let mut disk = Disk { safe: Disk::copy(folder.path()), pending: Vec::new() };
        partial.append(&records[2..].concat()).unwrap();
        let finish_steps = if state == State::Finished { &FINISH[..] } else { &[] };
        let commit = partial.prepare(&checkpoint(4), state).unwrap();
        for &step in COMMIT.iter().chain(finish_steps) {
            if state == State::Running {
                // No checkpoint speaks of these yet, wherever the commit stands.
                partial.append(b"a later record\n").unwrap();
                partial.flush().unwrap();
            }
            commit.perform(step).unwrap();
            disk.follow(step, folder.path());
            disk.after_power_cut().for_each(|left| finish(left.path(), &records));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_number_of_kills_anywhere_gives_the_bytes_of_an_undisturbed_run(
        lengths in prop::collection::vec(prop_oneof![8 => 0_usize..40, 1 => Just(BUFFER)], 0..12),
        kills in prop::collection::vec((0_usize..6, 0..=COMMIT.len() + 3, any::<prop::sample::Index>()), 0..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let records: Vec<_> = lengths.iter().zip(b'a'..).map(|(&length, letter)| [vec![letter; length], vec![b'\n']].concat()).collect();
        for (offers, steps, cut) in kills {
            let Some((mut partial, done)) = open(folder.path()) else { break };
            let until = records.len().min(done + offers);
            for record in &records[done..until] {
                partial.append(record).unwrap();
            }
            let all = until == records.len();
            let state = if all { State::Finished } else { State::Running };
            let allowed = if all { COMMIT.len() + 2 } else { COMMIT.len() };
            if steps > 0 {
                let commit = partial.prepare(&checkpoint(until as u64), state).unwrap();
                for &step in COMMIT.iter().chain(&FINISH).take((steps - 1).min(allowed)) {
                    commit.perform(step).unwrap();
                    if state == State::Running {
                        partial.append(b"a later record\n").unwrap();
                        partial.flush().unwrap();
                    }
                }
            }
            drop(partial);
            tear(folder.path(), cut);
        }
        finish(folder.path(), &records);
    }
}

/// A kill in the middle of a write: any part of what no checkpoint speaks of may be missing.
fn tear(folder: &Path, cut: prop::sample::Index) {
    let Ok(partial) = OpenOptions::new().write(true).open(folder.join("x.csv.partial")) else { return };
    let safe = match find::<u64, String>(&place(folder)).unwrap() {
        Found::Interrupted(found) => found.output_bytes,
        _ => 0,
    };
    let loose = partial.metadata().unwrap().len() - safe;
    partial.set_len(safe + cut.index(usize::try_from(loose).unwrap() + 1) as u64).unwrap();
    let temporary = folder.join("x.csv.checkpoint.tmp");
    if let Ok(text) = fs::read(&temporary) {
        fs::write(temporary, &text[..cut.index(text.len() + 1)]).unwrap();
    }
}

#[test]
fn tampering_is_seen_and_set_aside_and_one_is_kept() {
    let cut = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(9).unwrap();
    let edit = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[3] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let cases: [(&str, Tamper, &str); 6] = [
        ("partial", cut, "x.csv.partial is shorter than its checkpoint says"),
        ("partial", edit, "x.csv.partial does not match the checksum in its checkpoint"),
        ("partial", remove, "x.csv.partial is missing"),
        ("checkpoint", cut, "x.csv.checkpoint is not whole"),
        ("checkpoint", edit, "x.csv.checkpoint is not whole"),
        ("checkpoint", remove, "x.csv.partial has no checkpoint"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (file, tamper, expected) in cases {
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(b"record\n").unwrap();
        commit(&mut partial, 1);
        drop(partial);
        tamper(&folder.path().join(format!("x.csv.{file}")));
        let lock = lock(folder.path());
        let found = find::<u64, String>(lock.place()).unwrap();
        assert!(matches!(&found, Found::Damaged { why } if why.ends_with(expected)), "{found:?}");
        let there = ["partial", "checkpoint"].map(|name| fs::read(folder.path().join(format!("x.csv.{name}"))).ok());
        let moved = set_aside(&lock, None).unwrap();
        assert_eq!(moved.len(), there.iter().flatten().count());
        for (name, content) in ["partial", "checkpoint"].into_iter().zip(there) {
            let aside = fs::read(folder.path().join(format!("x.csv.{name}.old"))).ok();
            // Rows that are missing leave those in place that were set aside before.
            assert!(aside == content || (name == "partial" && content.is_none()), "{name}: {expected}");
        }
        assert_eq!(find::<u64, String>(lock.place()).unwrap(), Found::Nothing);
    }
    assert_eq!(names(folder.path()).iter().filter(|name| name.contains(".old")).count(), 1, "one is kept");
}

/// What a kill or a power cut between the two renames leaves is set aside as a pair by the next run.
#[test]
fn a_kill_between_the_renames_of_setting_aside_parts_no_pair() {
    for earlier in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(format!("x.csv.{name}"));
        if earlier {
            fs::write(at("partial.old"), "older rows").unwrap();
            fs::write(at("checkpoint.old"), "older checkpoint").unwrap();
        }
        let (mut partial, _) = open(folder.path()).unwrap();
        partial.append(b"record 0\n").unwrap();
        commit(&mut partial, 1);
        drop(partial);
        let pair = ["partial", "checkpoint"].map(|name| fs::read(at(name)).unwrap());
        fs::rename(at("partial"), at("partial.old")).unwrap();

        let lock = lock(folder.path());
        let found = find::<u64, String>(lock.place()).unwrap();
        assert!(matches!(&found, Found::Damaged { why } if why.ends_with("x.csv.partial is missing")), "{found:?}");
        set_aside(&lock, None).unwrap();
        assert_eq!(["partial.old", "checkpoint.old"].map(|name| fs::read(at(name)).unwrap()), pair);
        assert_eq!(names(folder.path()), ["x.csv.checkpoint.old", "x.csv.lock", "x.csv.partial.old"]);
    }
}

#[test]
fn rows_longer_than_their_checkpoint_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (mut partial, _) = open(folder.path()).unwrap();
    partial.append(&records(1).concat()).unwrap();
    commit(&mut partial, 1);
    // Longer than all that follows: answers may be shorter the second time.
    partial.append(&[b'x'; 1000]).unwrap();
    partial.flush().unwrap();
    drop(partial);
    finish(folder.path(), &records(2));
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

/// One network after the other in the input; in the log as the last line says.
const LANES: [u32; 6] = [0, 0, 0, 1, 1, 1];
const LOGGED: [usize; 6] = [3, 0, 4, 1, 2, 5];

/// A run over two networks that is killed after so many steps; true if it was over before.
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
fn a_run_over_networks_that_is_killed_anywhere_goes_on_to_the_inputs_order() {
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
