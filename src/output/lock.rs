//! One run per output: a lock that the system frees, however the run ends.
//!
//! The lock file is never removed: a second run could lock the removed file, and a third one a new file of its name.
//! Only users who may write into the output's folder may lock, so nobody else can hold up a run.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::output::destination::OutputPath;
use crate::output::error::{Action, OutputError};
use crate::output::{lock_file, plain_file};

/// The right to write an output; released when dropped, or when the process ends in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    place: OutputPath,
    /// Open is locked.
    file: File,
    /// On a file system without lasting inode numbers they prove nothing.
    tells_names: bool,
}

impl Lock {
    /// Locks the output. Creates no missing folder except that of the default output.
    ///
    /// # Errors
    /// [`OutputError::Held`] where another run has it; else what stands in the way of the folder or the lock file.
    pub(crate) fn acquire(place: OutputPath) -> Result<Self, OutputError> {
        place.make_folder()?;
        let path = place.lock();
        let file = Self::lock(&place)?;
        if plain_file::has_name(&file, &path).unwrap_or(false) {
            return Ok(Self { place, file, tells_names: true });
        }
        // Removed or replaced between opening and locking; if that repeats, the file system always behaves like this.
        let file = Self::lock(&place)?;
        let tells_names = plain_file::has_name(&file, &path).unwrap_or(false);
        Ok(Self { place, file, tells_names })
    }

    fn lock(place: &OutputPath) -> Result<File, OutputError> {
        let Some(file) = lock_file::claim(place)? else {
            return Err(OutputError::Held { out: place.out().to_owned(), holder: holder(&place.lock()) });
        };
        // Only for people, so a full disk is no reason to stop here.
        let _ = sign(&file, place.folder(), None);
        Ok(file)
    }

    /// Records the `--append` that the output is made with, which the output itself does not show. If the file cannot be
    /// written, a retry looks at the links instead.
    pub(crate) fn remember(&self, append: &str) {
        let _ = sign(&self.file, self.place.folder(), Some(append));
    }

    /// The output that is locked.
    pub(crate) fn place(&self) -> &OutputPath {
        &self.place
    }

    /// Whether another run would still find this lock.
    pub(crate) fn check(&self) -> Result<(), OutputError> {
        let path = self.place.lock();
        let has_name = plain_file::has_name(&self.file, &path).map_err(OutputError::io(Action::Read, &path))?;
        if has_name || !self.tells_names {
            return Ok(());
        }
        let how = "was removed or replaced, so that another run may be writing there too";
        Err(OutputError::Changed { path, how, out: self.place.out().to_owned() })
    }
}

/// Who holds it, and below that what is remembered: `append`, or what was before. What a user keeps in a file of this
/// name stays there.
fn sign(mut file: &File, folder: &Path, append: Option<&str>) -> io::Result<()> {
    let before = text_of(file)?;
    if !lock_file::has_one_name(file) || !(before.is_empty() || is_signature(&before)) {
        return Ok(());
    }
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ");
    let mut text = format!("process {} since {now}\n", std::process::id());
    if let Some(append) = append.map(str::to_owned).or_else(|| remembered_in(&before)) {
        text += &format!("{APPEND}{}\n", serde_json::Value::from(append));
    }
    let length = text.len() as u64;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(length)?;
    lock_file::open_to_owners(file, folder);
    Ok(())
}

/// The prefix of the recorded `--append`, which is a JSON string.
const APPEND: &str = "--append ";

/// The `--append` that the output beside this lock file was made with, if recorded; empty where there was none.
pub(crate) fn remembered(lock: &Path) -> Option<String> {
    let text = text_of(&plain_file::open(lock).ok()?).ok()?;
    if is_signature(&text) { remembered_in(&text) } else { None }
}

fn remembered_in(text: &str) -> Option<String> {
    serde_json::from_str(text.lines().find_map(|line| line.strip_prefix(APPEND))?).ok()
}

/// A little more than the holder's line needs.
fn text_of(mut file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(64 << 10).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_signature(text: &str) -> bool {
    let (first, more) = text.split_once('\n').unwrap_or_default();
    let is_ours = more.is_empty() || (more.starts_with(APPEND) && more.ends_with('\n') && more.lines().count() == 1);
    let numbers = first.strip_prefix("process ").and_then(|rest| rest.strip_suffix('Z')).filter(|_| is_ours);
    numbers.and_then(|rest| rest.split_once(" since ")).is_some_and(|(process, time)| {
        process.bytes().all(|byte| byte.is_ascii_digit()) && time.bytes().all(|byte| b"0123456789-: ".contains(&byte))
    })
}

fn holder(path: &Path) -> String {
    let text = plain_file::open(path).and_then(|file| text_of(&file)).unwrap_or_default();
    let line = crate::text::one_line(text.lines().next().unwrap_or_default(), 80).into_owned();
    if line.is_empty() { format!("see {}", path.display()) } else { line }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::destination::Destination;
    use crate::output::lock_file::is_locked;

    fn place(folder: &tempfile::TempDir) -> OutputPath {
        let _ = fs::create_dir(folder.path().join("new"));
        let Destination::File(place) = Destination::of(&folder.path().join("new/x.csv")).unwrap() else {
            panic!("not a file")
        };
        place
    }

    #[test]
    fn a_second_run_names_the_holder_of_the_output_until_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::acquire(place(&folder)).unwrap();
        assert!(is_locked(&place(&folder)));
        let refused = Lock::acquire(place(&folder)).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} since 2", std::process::id())), "{refused}");
        assert!(refused.contains("x.csv"), "{refused}");
        assert_eq!(place(&folder).remembered_append(), None);
        first.remember("s={m}\n");
        drop(first);
        assert!(!is_locked(&place(&folder)));
        drop(Lock::acquire(place(&folder)).unwrap());
        assert_eq!(place(&folder).remembered_append().as_deref(), Some("s={m}\n"));
        assert!(place(&folder).lock().exists(), "the lock file stays");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a_file"), "").unwrap();
        for (out, words) in [("a_file/x.csv", "a_file for"), ("missing/a/x.csv", "missing/a for")] {
            let Destination::File(place) = Destination::of(&folder.path().join(out)).unwrap() else {
                panic!("not a file")
            };
            let refused = Lock::acquire(place).unwrap_err();
            assert!(refused.is_usage() && refused.to_string().contains(words), "{refused}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no folder is made");
    }

    #[test]
    fn a_users_own_file_of_that_name_is_locked_and_stays_as_it_is() {
        for text in ["my notes\n", "process 1 since I came here\n", &"process 1 since 2026\n".repeat(50)] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("new")).unwrap();
            fs::write(place(&folder).lock(), text).unwrap();
            let first = Lock::acquire(place(&folder)).unwrap();
            assert!(matches!(Lock::acquire(place(&folder)), Err(OutputError::Held { .. })));
            drop(first);
            assert_eq!(fs::read_to_string(place(&folder).lock()).unwrap(), text);
        }
    }

    #[test]
    fn a_lock_that_was_removed_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(place(&folder)).unwrap();
        lock.check().unwrap();
        fs::remove_file(place(&folder).lock()).unwrap();
        assert!(lock.check().unwrap_err().to_string().contains("x.csv.lock was removed"));
        let other = Lock::acquire(place(&folder)).unwrap();
        assert!(lock.check().is_err() && other.check().is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_file_with_two_names_keeps_its_owner() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "").unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(&elsewhere, place(&folder).lock()).unwrap();
        drop(Lock::acquire(place(&folder)).unwrap());
        let found = fs::metadata(&elsewhere).unwrap();
        assert_eq!((found.len(), found.mode() & 0o777), (0, 0o640));
    }

    #[cfg(unix)]
    #[test]
    fn only_users_who_may_write_into_the_folder_may_lock() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        for (of_folder, of_lock) in [(0o755, 0o600), (0o775, 0o660), (0o1777, 0o666), (0o700, 0o600)] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("new")).unwrap();
            fs::set_permissions(folder.path().join("new"), fs::Permissions::from_mode(of_folder)).unwrap();
            drop(Lock::acquire(place(&folder)).unwrap());
            assert_eq!(fs::metadata(place(&folder).lock()).unwrap().mode() & 0o777, of_lock, "{of_folder:o}");
        }
    }
}
