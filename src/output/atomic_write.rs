//! A small file that is written at once: old or new under its name, never half.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::output::commit::take_mode;
use crate::output::destination::OutputPath;
use crate::output::error::{Action, OutputError};
use crate::output::lock::Lock;
use crate::output::plain_file;
use crate::output::rename::{remove, rename};

/// Replaces the locked output by `bytes`.
///
/// # Errors
/// The old file is untouched.
pub(crate) fn replace(lock: &Lock, bytes: &[u8]) -> Result<(), OutputError> {
    let place = lock.place();
    let temporary = place.beside(".tmp");
    lock.check()?;
    // Left by a killed run: we hold the lock, so nobody else is writing it.
    swap(place, &temporary, bytes).map_err(OutputError::io(Action::Replace, place.out()))
}

/// Replaces the list beside the locked output by `bytes`.
///
/// # Errors
/// The old list is untouched.
pub(crate) fn replace_offers(_: &Lock, list: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let place = OutputPath::named(list);
    let temporary = place.beside(".tmp");
    remove(&temporary)?;
    swap(&place, &temporary, bytes).map_err(OutputError::io(Action::Replace, place.out()))
}

/// Replaces the file by `bytes`. If two processes do so at once, one of them wins.
///
/// # Errors
/// The old file is untouched.
pub(crate) fn replace_unlocked(place: &OutputPath, bytes: &[u8]) -> io::Result<()> {
    place.make_folder().map_err(io::Error::other)?;
    // The name must not end like the real one: node_exporter reads every *.prom.
    swap(place, &place.beside(&format!(".{}.tmp", std::process::id())), bytes)
}

/// Replaces the file by what `write` writes: completely, or not at all.
///
/// # Errors
/// The old file is untouched.
pub(crate) fn replace_streamed<E: From<OutputError>>(
    place: &OutputPath,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let temporary = place.beside(&format!(".{}.tmp", std::process::id()));
    let file = plain_file::make(&mut OpenOptions::new(), &temporary)?;
    let mut buffered = io::BufWriter::new(&file);
    let filled = write(&mut buffered).and_then(|()| {
        buffered.flush().map_err(OutputError::io(Action::Write, &temporary))?;
        file.sync_all().map_err(OutputError::io(Action::Sync, &temporary))?;
        take_mode(&file, place.out()).map_err(OutputError::io(Action::Write, &temporary))?;
        rename(&temporary, place.out()).map_err(OutputError::io(Action::Rename, place.out()))?;
        Ok(place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder()))?)
    });
    if filled.is_err() {
        // The first error says more than a failure to clean up.
        let _ = remove(&temporary);
    }
    filled
}

fn swap(place: &OutputPath, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = plain_file::make(&mut OpenOptions::new(), temporary).map_err(io::Error::other)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| take_mode(&file, place.out()));
    drop(file);
    let replaced = written.and_then(|()| rename(temporary, place.out()));
    if replaced.is_err() {
        // The first error says more than a failure to clean up.
        let _ = remove(temporary);
    }
    replaced?;
    place.sync_folder()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::destination::Destination;

    #[test]
    fn the_file_is_replaced_as_a_whole_and_nothing_is_left_but_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("offers.csv");
        let Destination::File(place) = Destination::of(&out).unwrap() else { panic!("not a file") };
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
