//! How a lock file is opened and locked: by `flock` and the like on Unix, on Windows by how it is opened.
//!
//! On Windows a locked file cannot be read, so nobody could see who holds it. A file that is opened for writing and shared
//! only for reading is just as safe, and can be read. Knows nothing of its content.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::output::destination::OutputPath;
use crate::output::error::{Action, OutputError};
use crate::output::plain_file;

/// The lock file of an output, locked until it is closed; nothing where another run has it.
///
/// # Errors
/// It cannot be opened, made or locked.
pub(super) fn claim(place: &OutputPath) -> Result<Option<File>, OutputError> {
    let path = place.lock();
    let opened = system::open(&path).map_err(|source| match (is_denied(&source), fs::symlink_metadata(&path)) {
        (true, Ok(_)) => OutputError::LockDenied { path: path.clone(), source },
        (true, Err(_)) => OutputError::FolderNotWritable { folder: place.folder().to_owned(), source },
        (false, _) => OutputError::io(Action::Open, &path)(source),
    });
    match opened? {
        Some(file) if system::lock(&file).map_err(OutputError::io(Action::Lock, &path))? => Ok(Some(file)),
        _ => Ok(None),
    }
}

/// Whether a run has the lock of this output. Does not take it, or only for an instant.
pub(crate) fn is_locked(place: &OutputPath) -> bool {
    let path = place.lock();
    fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && system::is_locked(&path, &found))
}

fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Opens the file, or creates it, as `to_write` says; where that is denied, as `to_read` says.
fn open_or_make(path: &Path, to_write: &mut OpenOptions, to_read: &mut OpenOptions) -> io::Result<File> {
    match plain_file::open_with(to_write.read(true).write(true), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match to_write.create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                plain_file::open_with(to_read.read(true), path)
            }
            made => made,
        },
        // That of another user. To read is enough to lock.
        Err(error) if is_denied(&error) && fs::symlink_metadata(path).is_ok() => {
            plain_file::open_with(to_read.read(true), path)
        }
        opened => opened,
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{File, Metadata, OpenOptions, TryLockError};
    use std::io;
    use std::path::Path;

    pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
        super::open_or_make(path, &mut OpenOptions::new(), &mut OpenOptions::new()).map(Some)
    }

    /// Whether nobody else has it.
    pub(super) fn lock(file: &File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(source),
        }
    }

    /// Linux lists every lock.
    #[cfg(target_os = "linux")]
    pub(super) fn is_locked(_: &Path, found: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        let inode = format!(":{}", found.ino());
        let is_it = |line: &str| line.contains("FLOCK") && line.split_whitespace().any(|word| word.ends_with(&inode));
        locks.lines().any(is_it)
    }

    /// Elsewhere the lock is tried for an instant; only one who comes in that instant sees it.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_locked(path: &Path, _: &Metadata) -> bool {
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::os::windows::fs::OpenOptionsExt;
    use std::path::Path;

    use crate::output::rename::{A_MOMENT, patiently};

    const SHARE_NOTHING: u32 = 0;
    const SHARE_READ: u32 = 1;
    const SHARE_READ_AND_DELETE: u32 = 5;

    /// `None` where another run has it. Tries for a moment, since `status` opens the file for an instant.
    pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
        let opened = patiently(A_MOMENT, || {
            // Two that may only read would not keep each other out by sharing it.
            let (mut to_write, mut to_read) = (OpenOptions::new(), OpenOptions::new());
            super::open_or_make(path, to_write.share_mode(SHARE_READ), to_read.share_mode(SHARE_NOTHING))
        });
        match opened {
            Err(error) if is_open_elsewhere(&error) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// What is open is locked.
    pub(super) fn lock(_: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// Opened by one who would not share it with a run.
    pub(super) fn is_locked(path: &Path, _: &Metadata) -> bool {
        let opened = OpenOptions::new().read(true).share_mode(SHARE_READ_AND_DELETE).open(path);
        opened.is_err_and(|error| is_open_elsewhere(&error))
    }

    fn is_open_elsewhere(error: &io::Error) -> bool {
        const SHARING_VIOLATION: i32 = 32;
        error.raw_os_error() == Some(SHARING_VIOLATION)
    }
}

/// Whether the file is not somebody's from elsewhere that was given this name too: root would hand it over.
#[cfg(unix)]
pub(super) fn has_one_name(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|found| found.nlink() == 1)
}

#[cfg(not(unix))]
pub(super) fn has_one_name(_: &File) -> bool {
    true
}

/// Gives the lock the folder's owner and permissions: a run of root locks no user out, and users who may only read cannot
/// hold up a run. Where that is not allowed, nothing changes.
#[cfg(unix)]
pub(super) fn open_to_owners(file: &File, folder: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let (Ok(folder), Ok(lock)) = (fs::metadata(folder), file.metadata()) else { return };
    let mode =
        0o600 | if folder.mode() & 0o020 == 0 { 0 } else { 0o060 } | if folder.mode() & 0o002 == 0 { 0 } else { 0o006 };
    if (lock.uid(), lock.gid()) != (folder.uid(), folder.gid())
        && fchown(file, Some(folder.uid()), Some(folder.gid())).is_err()
    {
        let _ = fchown(file, None, Some(folder.gid()));
    }
    if lock.mode() & 0o7777 != mode {
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
}

#[cfg(not(unix))]
pub(super) fn open_to_owners(_: &File, _: &Path) {}
