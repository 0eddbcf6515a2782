//! Renames and removals with retries for Windows: virus scanners, indexers and sync clients open new files for a moment,
//! and a rename that is denied then works an instant later.
//!
//! Elsewhere each is tried once.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::output::error::{Action, OutputError};

/// Renames `from` to `to`, replacing an existing file.
///
/// # Errors
/// Those of [`std::fs::rename`]; on Windows, those of the last of several tries within about two seconds.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patiently(TWO_SECONDS, || std::fs::rename(from, to))
}

/// Removes a file, if it is there.
///
/// # Errors
/// It cannot be removed.
pub(crate) fn remove(path: &Path) -> Result<(), OutputError> {
    match patiently(TWO_SECONDS, || std::fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OutputError::io(Action::Remove, path)(error)),
        _ => Ok(()),
    }
}

/// Waits of 10, 20, 40 ms and so on, 2.5 s in all.
pub(crate) const TWO_SECONDS: u32 = 8;
/// The same, 0.3 s in all: for a check that is repeated anyway.
#[cfg(windows)]
pub(crate) const A_MOMENT: u32 = 5;

/// Tries what another program may block for a moment; after this many waits the last error is returned.
pub(crate) fn patiently<T>(waits: u32, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut tries = 0;
    loop {
        let done = attempt();
        let Some(wait) =
            done.as_ref().err().filter(|_| cfg!(windows)).and_then(|error| wait_after(error, tries, waits))
        else {
            return done;
        };
        std::thread::sleep(wait);
        tries += 1;
    }
}

/// How long to wait before the next try, if one may help.
fn wait_after(error: &io::Error, tries: u32, waits: u32) -> Option<Duration> {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    let may_pass = matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION | LOCK_VIOLATION));
    (may_pass && tries < waits).then(|| Duration::from_millis(10 << tries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_in_an_instant_is_tried_for_two_seconds_and_nothing_else() {
        let wait = |code, tries| wait_after(&io::Error::from_raw_os_error(code), tries, TWO_SECONDS);
        for code in [5, 32, 33] {
            let all: Vec<_> = (0..).map_while(|tries| wait(code, tries)).collect();
            assert_eq!(all.first(), Some(&Duration::from_millis(10)));
            let sum: Duration = all.iter().sum();
            assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&sum), "{sum:?}");
        }
        // No such file, no such folder, disk full.
        for code in [2, 3, 112] {
            assert_eq!(wait(code, 0), None, "{code}");
        }
    }
}
