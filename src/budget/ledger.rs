//! Where a run keeps which of its calls may still count at the server, so that the next one knows of them if it is killed.
//!
//! One small file for each run and server, in the folder that all runs share; in memory on Linux. It is written before
//! calls leave, and is locked as long as its run lives: an unlocked one is what a killed run has left behind. A hint and no
//! promise: without such a folder, or after the clock was set, a run begins as if there had been none. Anybody may put
//! anything into that folder, so what stands there can slow a run down for one window and do nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::budget::inheritance::{StillCounting, noted_at_once};
use crate::settings::rate::Limit;

/// More runs that call one server at a time leave nothing behind.
const SLOTS: u32 = 32;

/// Calls without an answer are remembered for so long, as they are within a run.
const REMEMBERED: Duration = Duration::from_secs(900);

/// The file of a run.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    /// Locked as long as it is open.
    file: File,
    limit: Limit,
    /// Calls that may leave before it is written again.
    noted: u32,
}

impl Ledger {
    /// Opens a file for a run that calls `server`, and reads what runs that are no more have left behind.
    pub(super) fn open(folder: &Path, server: &str, limit: Limit) -> (Option<Self>, StillCounting) {
        let mut own = None;
        let mut left = StillCounting::default();
        for slot in 0..SLOTS {
            let path = path(folder, server, slot);
            let (file, access) = match open(&path, Access::Own) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && own.is_none() => {
                    (open(&path, Access::New), Access::New)
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    (open(&path, Access::Others), Access::Others)
                }
                opened => (opened, Access::Own),
            };
            // None, something else of this name, or the file of a run that lives.
            let Some(mut file) = file.ok().filter(|file| file.try_lock().is_ok()) else { continue };
            add(&mut left, read(&mut file, limit, SystemTime::now()));
            if access != Access::Others && own.is_none() {
                own = Some(Self { path, file, limit, noted: 0 });
            }
        }
        left.arrived.sort_by_key(|arrived| std::cmp::Reverse(arrived.ago));
        (own, left)
    }

    /// A call is about to leave, and `counting` says what counts with it. Several are noted at once before the first of them
    /// leaves: writing costs as much as a tenth of a call where a hundred networks are called in turn.
    pub(super) fn sending(&mut self, counting: impl FnOnce() -> StillCounting) {
        if self.noted > 0 {
            self.noted -= 1;
            return;
        }
        self.noted = noted_at_once(self.limit) - 1;
        let mut counting = counting();
        counting.travelling = counting.travelling.saturating_add(self.noted);
        // The run goes on without.
        let _ = self.write(&counting);
    }

    /// The run makes no more calls. Takes the file away where the next run needs to know of none; returns whether it did.
    pub(super) fn close(&mut self, counting: &StillCounting) -> bool {
        if counting.is_even(self.limit) {
            return std::fs::remove_file(&self.path).is_ok();
        }
        let _ = self.write(counting);
        false
    }

    fn write(&mut self, counting: &StillCounting) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // In one call and one page, so that no kill leaves half of it. What was longer before is behind the end of the line.
        write_at_start(&mut self.file, counting.to_line(now).as_bytes())
    }
}

/// Calls write often, so one step less counts.
#[cfg(unix)]
fn write_at_start(file: &mut File, line: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, line, 0)
}

#[cfg(not(unix))]
fn write_at_start(file: &mut File, line: &[u8]) -> io::Result<()> {
    use std::io::{Seek, Write};
    file.rewind()?;
    file.write_all(line)
}

/// What the file says that counts now.
fn read(file: &mut File, limit: Limit, now: SystemTime) -> StillCounting {
    let mut text = String::new();
    let line = match file.take(4096).read_to_string(&mut text) {
        Ok(_) => StillCounting::from_line(&text),
        Err(_) => None,
    };
    let Some((written_at, counting)) = line else { return StillCounting::default() };
    let ago = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(written_at);
    let mut counting = counting.later(ago);
    counting.arrived.retain(|arrived| arrived.ago < limit.window);
    if ago > REMEMBERED {
        counting.travelling = 0;
    }
    counting
}

fn add(all: &mut StillCounting, more: StillCounting) {
    all.travelling = all.travelling.saturating_add(more.travelling);
    all.arrived.extend(more.arrived);
}

fn path(folder: &Path, server: &str, slot: u32) -> PathBuf {
    folder.join(format!("offerlinks-{server}.{slot}.calls"))
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// One of this user's.
    Own,
    /// The same, which is not there yet.
    New,
    /// Another user's, which can only be read.
    Others,
}

/// Only a plain file: a link is not followed, and a pipe is not waited for.
fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(access != Access::Others).create_new(access == Access::New);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("no plain file")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::inheritance::Arrived;

    const SERVER: &str = "demo_443";

    fn counting(travelling: u32, ago: u64) -> StillCounting {
        StillCounting { travelling, arrived: vec![Arrived { ago: Duration::from_millis(ago), calls: 2 }] }
    }

    fn open_in(folder: &tempfile::TempDir) -> (Ledger, StillCounting) {
        let (own, left) = Ledger::open(folder.path(), SERVER, Limit::PUBLISHED);
        (own.unwrap(), left)
    }

    #[test]
    fn a_run_that_was_killed_leaves_its_calls_to_the_next_ones_and_a_living_one_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut killed, nothing) = open_in(&folder);
        assert!(nothing.is_empty());
        killed.sending(|| counting(3, 500));
        let (mut second, nothing) = open_in(&folder);
        assert!(nothing.is_empty(), "it lives: {nothing:?}");
        second.sending(|| counting(2, 100));
        drop((killed, second));
        let (_own, left) = open_in(&folder);
        assert_eq!(left.travelling, 5 + 2 * 4, "each has noted four more that have not left");
        let ago: Vec<_> = left.arrived.iter().map(|arrived| (arrived.ago.as_millis() / 100, arrived.calls)).collect();
        assert_eq!(ago, [(5, 2), (1, 2)]);
        let (_other, left) = Ledger::open(folder.path(), "other", Limit::PUBLISHED);
        assert!(left.is_empty());
    }

    #[test]
    fn a_run_that_ends_well_leaves_no_file_unless_calls_are_on_their_way() {
        for (calls, stays) in [(StillCounting::default(), false), (counting(1, 0), true), (counting(0, 5000), true)] {
            let folder = tempfile::tempdir().unwrap();
            let (mut ledger, _) = open_in(&folder);
            ledger.sending(|| counting(7, 0));
            assert_eq!(ledger.close(&calls), !stays);
            drop(ledger);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), usize::from(stays), "{calls:?}");
            let (_own, left) = open_in(&folder);
            assert_eq!((left.travelling, left.arrived.len()), (calls.travelling, calls.arrived.len()));
        }
    }

    #[test]
    fn at_high_rates_several_calls_are_noted_at_once_before_they_leave() {
        let folder = tempfile::tempdir().unwrap();
        let limit = "5000/10s".parse::<crate::settings::rate::Rate>().unwrap().limit().unwrap();
        let (ledger, _) = Ledger::open(folder.path(), SERVER, limit);
        let mut ledger = ledger.unwrap();
        let mut asked = 0;
        for _ in 0..200 {
            ledger.sending(|| {
                asked += 1;
                StillCounting { travelling: 1, arrived: Vec::new() }
            });
        }
        assert_eq!(asked, 3);
        drop(ledger);
        assert_eq!(Ledger::open(folder.path(), SERVER, limit).1.travelling, 79);
    }

    #[test]
    fn what_is_old_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path(), SERVER, 0);
        let now = SystemTime::now();
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap();
        for (written, expected) in [(0, (3, 1)), (8, (3, 1)), (11, (3, 0)), (899, (3, 0)), (901, (0, 0))] {
            let written_at = since_1970.saturating_sub(Duration::from_secs(written));
            std::fs::write(&path, counting(3, 0).to_line(written_at)).unwrap();
            let left = read(&mut open(&path, Access::Own).unwrap(), Limit::PUBLISHED, now);
            assert_eq!((left.travelling, left.arrived.len()), expected, "{written} s");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_is_passed_over_and_followed_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let at = |slot| path(folder.path(), SERVER, slot);
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "mine").unwrap();
        nix::unistd::mkfifo(&at(0), nix::sys::stat::Mode::from_bits_truncate(0o666)).unwrap();
        std::os::unix::fs::symlink(&victim, at(1)).unwrap();
        std::fs::create_dir(at(2)).unwrap();
        let (mut ledger, left) = open_in(&folder);
        ledger.sending(|| counting(1, 0));
        assert!(left.is_empty() && ledger.path == at(3));
        assert_eq!(std::fs::read_to_string(victim).unwrap(), "mine");
    }
}
