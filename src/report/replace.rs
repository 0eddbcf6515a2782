//! Small files that a program may read at any moment: replaced as a whole, or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::output::Target;

/// Writes `text` to `path`; makes its folder if that is missing.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    match Target::of(path).map_err(io::Error::other)? {
        Target::File(place) => replace_file(place.out(), text),
        // What is no file cannot be replaced.
        Target::Device(device) => OpenOptions::new().write(true).open(device)?.write_all(text.as_bytes()),
        Target::Stdout => Err(io::Error::new(io::ErrorKind::InvalidInput, "stdout is for rows; name a file")),
    }
}

fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Not a name that ends like the real one: node_exporter reads whatever is called *.prom.
    let temporary = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Ok(old) = fs::metadata(path) {
        // A file that others may read stays so; where that is not ours to give, the new one is as good as any.
        let _ = file.set_permissions(old.permissions());
    }
    drop(file);
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/x.json");
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
