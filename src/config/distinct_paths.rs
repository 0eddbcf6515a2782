//! A run must not overwrite one of its files with another.
//!
//! Only looks at names and at what is there; opens nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::AboutArgs;
use crate::config::error::JobError;
use crate::encode::xlsx;
use crate::output::Destination;

/// Refuses two names of the same file. Each path comes with the argument that names it.
///
/// # Errors
/// Two of the paths lead to the same file. Streams and devices may be named several times.
pub(crate) fn refuse_same(files: &[(&'static str, PathBuf)]) -> Result<(), JobError> {
    let mut seen: Vec<(&'static str, PathBuf)> = Vec::new();
    for (argument, path) in files {
        let Some(real) = real_file(path) else { continue };
        if let Some((first, _)) = seen.iter().find(|(_, other)| *other == real) {
            return Err(JobError::SameFile { first, second: argument, path: path.clone() });
        }
        seen.push((argument, real));
    }
    Ok(())
}

/// Refuses files about the run that have no folder, or a name that no file can have, before hours of work end without them.
///
/// # Errors
/// Names the flag and the folder.
pub(crate) fn refuse_missing_folders(about: &AboutArgs) -> Result<(), JobError> {
    for (flag, path) in [("--report", &about.report), ("--metrics", &about.metrics)] {
        let found = match path.as_deref().map(Destination::of) {
            Some(Ok(Destination::File(place))) => place.check_folder(),
            Some(Err(error)) if error.is_usage() => Err(error),
            _ => Ok(()),
        };
        found.map_err(|error| JobError::NoFolder { flag, error })?;
    }
    Ok(())
}

/// The files that a run makes and removes beside its rows and its workbook. A user who salvages an interrupted run may
/// name one of them as the input.
pub(crate) fn beside(rows: &Path, workbook: Option<&Path>) -> Vec<PathBuf> {
    let place =
        |path: &Path| if let Ok(Destination::File(place)) = Destination::look(path) { Some(place) } else { None };
    let mut files = place(rows).map_or_else(Vec::new, |place| place.working_files().to_vec());
    files.extend(workbook.and_then(place).map(|place| xlsx::temporary(&place)));
    files
}

/// The file that a path leads to, whether or not it exists; `None` for streams and devices.
fn real_file(path: &Path) -> Option<PathBuf> {
    if path == Path::new("-") {
        return None;
    }
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => None,
        Ok(_) => fs::canonicalize(path).ok(),
        Err(_) => {
            let path = std::path::absolute(path).ok()?;
            let folder = fs::canonicalize(path.parent()?).ok();
            Some(folder.map_or_else(|| path.clone(), |folder| folder.join(path.file_name().unwrap_or_default())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_file_are_refused_and_streams_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("offers.csv");
        fs::write(&there, "offer_id\n").unwrap();
        let same = folder.path().join(".").join("offers.csv");
        let new = folder.path().join("links.csv");
        let refused = |files: &[(&'static str, &Path)]| {
            refuse_same(&files.iter().map(|(name, path)| (*name, path.to_path_buf())).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
                .err()
        };
        let message = refused(&[("INPUT", &there), ("-o", &new), ("--report", &same)]).unwrap();
        assert!(message.starts_with("INPUT and --report both name "), "{message}");
        assert!(refused(&[("-o", &new), ("--metrics", &folder.path().join("./links.csv"))]).is_some());
        assert_eq!(refused(&[("INPUT", &there), ("-o", &new)]), None);
        assert_eq!(refused(&[("INPUT", Path::new("-")), ("-o", Path::new("-"))]), None);
        #[cfg(unix)]
        assert_eq!(refused(&[("--report", Path::new("/dev/null")), ("-o", Path::new("/dev/null"))]), None);
    }
}
