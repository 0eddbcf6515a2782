//! Small files that a program may read at any moment: replaced as a whole, or not at all.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::output::{Target, replace_unlocked};

/// Writes `text` to `path`.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    match Target::of(path).map_err(io::Error::other)? {
        Target::File(place) => replace_unlocked(&place, text.as_bytes()),
        // What is no file cannot be replaced.
        Target::Device(device) => OpenOptions::new().write(true).open(device)?.write_all(text.as_bytes()),
        Target::Stdout => Err(io::Error::new(io::ErrorKind::InvalidInput, "stdout is for rows; name a file")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
