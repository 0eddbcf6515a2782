//! Small files that a program may read at any moment: replaced as a whole, or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::output::{Destination, replace_unlocked};

/// How long to wait for a slow or missing reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes `text` to `path`.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(standard) = Standard::named(path) {
        return in_time(text, move |bytes| standard.write(bytes));
    }
    match Destination::of(path).map_err(io::Error::other)? {
        Destination::File(place) => replace_unlocked(&place, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                io::Error::new(error.kind(), "what should be its folder is a file")
            }
            _ => error,
        }),
        // What is no file cannot be replaced. A pipe without a reader cannot even be opened.
        Destination::Device(device) => {
            in_time(text, move |bytes| OpenOptions::new().append(true).open(device)?.write_all(bytes))
        }
        Destination::Stdout => Err(io::Error::new(io::ErrorKind::InvalidInput, "stdout is for rows; name a file")),
    }
}

/// The content at `path` before it is replaced. Only of a file: reading a pipe would take data from other readers, and
/// might never end.
pub(crate) fn before(path: &Path) -> String {
    let is_file = Standard::named(path).is_none() && matches!(Destination::look(path), Ok(Destination::File(_)));
    let read = || fs::read_to_string(path).unwrap_or_default();
    if is_file && fs::metadata(path).is_ok_and(|found| found.is_file()) { read() } else { String::new() }
}

/// A descriptor that the program was started with. Opening it by name would start at the beginning of its file, and
/// overwrite a log.
#[derive(Clone, Copy)]
enum Standard {
    Out,
    Err,
}

impl Standard {
    fn named(path: &Path) -> Option<Self> {
        match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(Self::Out),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(Self::Err),
            _ => None,
        }
    }

    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Out => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
            Self::Err => io::stderr().write_all(bytes),
        }
    }
}

/// Writes on its own thread, which ends with the program at the latest: a finished run waits for no reader.
fn in_time(text: &str, write: impl FnOnce(&[u8]) -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let bytes = text.as_bytes().to_vec();
    let (tell, written) = mpsc::channel();
    std::thread::Builder::new().spawn(move || drop(tell.send(write(&bytes))))?;
    let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads it"));
    written.recv_timeout(PATIENCE).unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(replace(&folder.path().join("new/x.json"), "").is_err(), "no folder is made");
        let path = folder.path().join("x.json");
        replace(&path, "old").unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(replace(folder.path(), "").is_err() && replace(Path::new("-"), "").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_device_stays_one() {
        replace(Path::new("/dev/null"), "x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
