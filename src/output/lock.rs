//! One run per output: a lock that the system frees, however the run ends.
//!
//! The lock file is never removed: a second run could lock the removed file and a third one a new file of its name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use super::error::{Action, OutputError};
use super::place::Place;

/// The right to write an output; given back when dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    place: Place,
    /// Open is locked.
    _file: File,
}

impl Lock {
    /// Makes the output's folder if it is missing, and locks the output.
    ///
    /// # Errors
    /// [`OutputError::Held`] where another run has it; else what stands in the way of the folder or the lock file.
    pub fn acquire(place: Place) -> Result<Self, OutputError> {
        place.make_folder()?;
        let path = place.lock();
        let file = open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                OutputError::FolderNotWritable { folder: place.folder().to_owned(), source }
            }
            _ => OutputError::io(Action::Open, &path)(source),
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OutputError::Held { out: place.out().to_owned(), holder: holder(&path) });
            }
            Err(TryLockError::Error(source)) => return Err(OutputError::io(Action::Lock, &path)(source)),
        }
        // Only for people to read, so a full disk is no reason to stop here.
        let _ = sign(&file);
        Ok(Self { place, _file: file })
    }

    /// The output that is locked.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn sign(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "process {} since {}", std::process::id(), jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ"))
}

fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(80).collect();
    if line.is_empty() { format!("see {}", path.display()) } else { line }
}

#[cfg(test)]
mod tests {
    use super::super::place::Target;
    use super::*;

    fn place(folder: &tempfile::TempDir) -> Place {
        let Target::File(place) = Target::of(&folder.path().join("new/x.csv")).unwrap() else { panic!("not a file") };
        place
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_output_until_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::acquire(place(&folder)).unwrap();
        let refused = Lock::acquire(place(&folder)).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} since 2", std::process::id())), "{refused}");
        assert!(refused.contains("x.csv"), "{refused}");
        drop(first);
        Lock::acquire(place(&folder)).unwrap();
        assert!(place(&folder).lock().exists(), "the lock file stays");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("new"), "a file").unwrap();
        let refused = Lock::acquire(place(&folder)).unwrap_err();
        assert!(refused.is_usage() && refused.to_string().contains("new for the output"), "{refused}");
    }
}
