//! Runs of one machine, known by locks on small files, where there are no abstract sockets.
//!
//! A folder that everybody may write to is used as it is. Anybody may put anything into it, so a link is not followed,
//! a pipe is not waited for, and what is no plain file is no slot.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::budget::parts::Peer;

/// More runs are not distinguished.
const SLOTS: u32 = 64;

/// A place among the runs that call one server.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    server: String,
    own: u32,
    /// Open is locked; the system frees it however the run ends.
    _lock: File,
}

/// The folder that is the same for every run on this machine, whatever its environment says.
pub(super) fn folder() -> PathBuf {
    if cfg!(not(unix)) {
        return std::env::temp_dir();
    }
    // In memory, and systemd's private folders leave it alone.
    let shared = Path::new("/dev/shm");
    if cfg!(target_os = "linux") && shared.is_dir() { shared.to_owned() } else { PathBuf::from("/tmp") }
}

impl Files {
    /// Takes a place among the runs that call `server`.
    pub(super) fn join(folder: &Path, server: &str) -> io::Result<Self> {
        for own in 0..SLOTS {
            let path = path(folder, server, own);
            let opened = match open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path).and_then(|()| open(&path))?,
                // Something else of this name, or a file of somebody who keeps others out.
                Err(_) => continue,
                Ok(file) => file,
            };
            let Some(file) = opened else { continue };
            match file.try_lock() {
                Ok(()) => return Ok(Self { folder: folder.to_owned(), server: server.to_owned(), own, _lock: file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other(format!("all places in {} are taken", folder.display())))
    }

    /// The other runs. A lock does not show whose it is.
    pub(super) fn peers(&self) -> Vec<Peer> {
        let others = (0..SLOTS).filter(|slot| *slot != self.own);
        let is_locked = |slot: &u32| match open(&path(&self.folder, &self.server, *slot)) {
            // A shared lock, so that runs which count at the same time do not count each other's counting.
            Ok(Some(file)) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
            _ => false,
        };
        others.filter(is_locked).map(|_| Peer::Unnamed).collect()
    }
}

fn path(folder: &Path, server: &str, slot: u32) -> PathBuf {
    folder.join(format!("offerlinks-{server}.{slot}.lock"))
}

/// `None` is for what is no plain file. To read is enough to lock.
fn open(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
    let file = options.open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Makes a file that everybody may lock, whatever the umask. It has its name only when it is so: a kill leaves no file
/// that keeps others out.
#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let temporary = path.with_extension(format!("{:x}.tmp", fastrand::u64(..)));
    let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let made = file
        .set_permissions(std::fs::Permissions::from_mode(0o666))
        .and_then(|()| std::fs::hard_link(&temporary, path))
        .or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) });
    std::fs::remove_file(&temporary)?;
    made
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path).map(drop);
    made.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn runs_of_one_server_see_each_other_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let join = |server| Files::join(folder.path(), server).unwrap();
        let first = join("demo");
        assert_eq!(first.peers(), []);
        let _elsewhere = join("other");
        let second = join("demo");
        let third = join("demo");
        assert_eq!((first.peers().len(), third.peers().len()), (2, 2));
        drop(second);
        assert_eq!((first.peers().len(), third.peers().len()), (1, 1));
        assert_eq!(join("demo").own, 1, "a place that is free again is taken");
        assert!(
            !fs::read_dir(folder.path())
                .unwrap()
                .any(|entry| { entry.unwrap().file_name().to_string_lossy().ends_with(".tmp") })
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_is_passed_over_and_followed_nowhere() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |slot| path(folder.path(), "demo", slot);
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        nix::unistd::mkfifo(&at(0), nix::sys::stat::Mode::from_bits_truncate(0o666)).unwrap();
        symlink(&victim, at(1)).unwrap();
        symlink(folder.path().join("nowhere"), at(2)).unwrap();
        fs::create_dir(at(3)).unwrap();
        let first = Files::join(folder.path(), "demo").unwrap();
        assert_eq!((first.own, first.peers().len()), (4, 0));
        let second = Files::join(folder.path(), "demo").unwrap();
        assert_eq!((second.own, second.peers().len(), first.peers().len()), (5, 1, 1));
        assert_eq!(fs::metadata(at(4)).unwrap().mode() & 0o777, 0o666);
        assert!(!folder.path().join("nowhere").exists());
        assert_eq!(fs::read_to_string(victim).unwrap(), "mine");
    }
}
