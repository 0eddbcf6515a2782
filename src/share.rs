//! Runs on one machine that call the same network, and so have to share its limit.
//!
//! Every run holds the lock of one small file as long as it lives; the system frees it however the run ends. Who
//! counts the locked files knows how many runs there are. No times are shared, so there are no clocks to agree on, and
//! nothing has to be written while calls are made.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A run's place among those that call the same network.
#[derive(Debug)]
pub struct Share {
    folder: PathBuf,
    network: String,
    own: u32,
    _lock: File,
    runs: NonZeroU32,
    next_count: Instant,
}

impl Share {
    /// How often the runs are counted. Who comes in waits longer than that, so that the others have slowed down.
    pub const INTERVAL: Duration = Duration::from_secs(1);
    /// More runs than this are not told apart; at a hundredth of the limit each it does not matter any more.
    const MOST: u32 = 100;

    /// Takes a place among the runs that call `host`.
    ///
    /// # Errors
    /// The folder for temporary files cannot be used.
    pub fn join(host: &str, now: Instant) -> io::Result<Self> {
        Self::join_in(&std::env::temp_dir().join("offerlinks"), host, now)
    }

    fn join_in(folder: &Path, host: &str, now: Instant) -> io::Result<Self> {
        make_folder(folder)?;
        let network: String =
            host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
        for own in 0..Self::MOST {
            let file = open_or_create(&path(folder, &network, own))?;
            match file.try_lock() {
                Ok(()) => {
                    let folder = folder.to_owned();
                    let runs = NonZeroU32::MIN;
                    let mut share = Self { folder, network, own, _lock: file, runs, next_count: now };
                    share.count(now);
                    return Ok(share);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other("too many runs"))
    }

    /// How many runs there were when they were last counted, this one included.
    pub fn runs(&self) -> NonZeroU32 {
        self.runs
    }

    /// When to count again.
    pub fn next_count(&self) -> Instant {
        self.next_count
    }

    /// Counts the runs. Tells whether their number has changed.
    pub fn count(&mut self, now: Instant) -> bool {
        self.next_count = now + Self::INTERVAL;
        let mut runs = 1;
        for slot in (0..Self::MOST).filter(|slot| *slot != self.own) {
            // Slots are taken from 0 on and their files are never removed, so there is no gap.
            let Ok(file) = File::open(path(&self.folder, &self.network, slot)) else { break };
            // A shared lock, so that runs which count at the same time do not count each other's counting.
            runs += u32::from(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        }
        let runs = NonZeroU32::new(runs).unwrap_or(NonZeroU32::MIN);
        std::mem::replace(&mut self.runs, runs) != runs
    }
}

fn path(folder: &Path, network: &str, slot: u32) -> PathBuf {
    folder.join(format!("{network}.{slot}.lock"))
}

/// The limit is the machine's, not the user's, so everybody may put locks there.
fn make_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => open_to_all(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn open_to_all(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o1777))
}

#[cfg(not(unix))]
fn open_to_all(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Another user's file can be locked too, as long as it is only read.
fn open_or_create(path: &Path) -> io::Result<File> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::open(path),
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_network_see_each_other_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("locks");
        let now = Instant::now();
        let join = |host| Share::join_in(&folder, host, now).unwrap();
        let mut first = join("demo.example:8443");
        assert_eq!(first.runs().get(), 1);
        let elsewhere = join("other.example");
        assert_eq!(elsewhere.runs().get(), 1);
        let second = join("demo.example:8443");
        let mut third = join("demo.example:8443");
        assert_eq!((second.runs().get(), third.runs().get()), (2, 3));
        assert!(first.count(now));
        assert!(!first.count(now));
        assert_eq!(first.runs().get(), 3);
        drop(second);
        assert!(first.count(now) && third.count(now));
        assert_eq!((first.runs().get(), third.runs().get()), (2, 2));
        assert_eq!(join("demo.example:8443").own, 1, "a place that is free again is taken");
    }
}
