//! A small file that is written at once: old or new under its name, never half.

use std::fs::File;
use std::io::Write;

use super::error::{Action, OutputError};
use super::lock::Lock;
use super::partial::{remove, take_mode};

/// Puts `bytes` in the place of what is there.
///
/// # Errors
/// The old file is untouched.
pub fn replace(lock: &Lock, bytes: &[u8]) -> Result<(), OutputError> {
    let place = lock.place();
    let temporary = place.beside(".tmp");
    remove(&temporary)?;
    let written = (|| {
        let mut file = File::create_new(&temporary).map_err(OutputError::io(Action::Open, &temporary))?;
        file.write_all(bytes).map_err(OutputError::io(Action::Write, &temporary))?;
        file.sync_all().map_err(OutputError::io(Action::Sync, &temporary))?;
        take_mode(&file, place.out()).map_err(OutputError::io(Action::Write, &temporary))?;
        drop(file);
        std::fs::rename(&temporary, place.out()).map_err(OutputError::io(Action::Rename, place.out()))
    })();
    if written.is_err() {
        // The error that is under way says more than a failure to tidy up.
        let _ = remove(&temporary);
    }
    written?;
    place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder()))
}

#[cfg(test)]
mod tests {
    use super::super::place::Target;
    use super::*;

    #[test]
    fn the_file_is_replaced_as_a_whole_and_nothing_is_left_but_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("offers.csv");
        let Target::File(place) = Target::of(&out).unwrap() else { panic!("not a file") };
        let lock = Lock::acquire(place).unwrap();
        for bytes in [b"old".as_slice(), b"new"] {
            replace(&lock, bytes).unwrap();
            assert_eq!(std::fs::read(&out).unwrap(), bytes);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        std::fs::remove_file(&out).unwrap();
        std::fs::create_dir(&out).unwrap();
        assert!(replace(&lock, b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }
}
