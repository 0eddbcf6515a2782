//! How files beside the output are opened: follows no link, waits for no pipe, and uses only plain files. Others may
//! write into the output's folder, so a file with one of our names need not be ours.
//!
//! Knows nothing of what the files hold.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::output::error::{Action, OutputError};
use crate::output::rename::remove;

/// Opens a file that is there, to read it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Opens a file as the options say. Anything but a plain file is refused with [`io::ErrorKind::InvalidInput`].
pub(crate) fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
    let no_file = || io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file");
    match options.open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => Err(no_file()),
        // The system has a different error for each kind.
        Err(error) => match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => Err(no_file()),
            _ => Err(error),
        },
    }
}

/// Creates a new file. An existing file of that name is removed, never written to.
pub(crate) fn make(options: &mut OpenOptions, path: &Path) -> Result<File, OutputError> {
    /// A file that keeps coming back is put there on purpose.
    const TRIES: u32 = 3;
    options.read(true).write(true).create_new(true);
    for _ in 1..TRIES {
        remove(path)?;
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(OutputError::io(Action::Open, path)),
        }
    }
    remove(path)?;
    options.open(path).map_err(OutputError::io(Action::Open, path))
}

/// Whether the name still leads to this file. On other systems than Unix an open file keeps its name.
#[cfg(unix)]
pub(crate) fn has_name(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
pub(crate) fn has_name(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_a_plain_file_is_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        assert!(open(&at("file")).is_ok());
        for name in ["link", "dangling", "folder", "pipe"] {
            for options in [OpenOptions::new().read(true), OpenOptions::new().read(true).write(true)] {
                let refused = open_with(options, &at(name)).unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{name}: {refused}");
            }
        }
        assert_eq!(open(&at("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
        for name in ["link", "dangling", "pipe", "file"] {
            assert!(make(&mut OpenOptions::new(), &at(name)).unwrap().metadata().unwrap().is_file());
        }
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_file_that_was_replaced_has_lost_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let file = make(&mut OpenOptions::new(), &path).unwrap();
        assert!(has_name(&file, &path).unwrap());
        fs::write(folder.path().join("y"), "y").unwrap();
        fs::rename(folder.path().join("y"), &path).unwrap();
        assert!(!has_name(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!has_name(&file, &path).unwrap());
    }
}
