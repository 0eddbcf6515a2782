//! A disk that has lost what was not synced, and kills at random steps.

use proptest::prelude::*;

use super::*;

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
        let records = records(4);
        let mut partial = committed_half(folder.path(), &records);
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
