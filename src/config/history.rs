//! `--history` and what needs it, as plain values.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::KeepArgs;
use crate::config::endings;
use crate::config::error::JobError;
use crate::output::{Destination, OutputPath};

/// How a job uses the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryUse {
    /// The file.
    pub file: PathBuf,
    /// What is written for an offer that fails for now.
    pub on_failure: OnFailure,
    /// Where the changes are written.
    pub changes: Option<PathBuf>,
    /// Offers confirmed within this time are not called.
    pub max_age: Option<Duration>,
    /// The most calls that are made.
    pub max_calls: Option<u64>,
}

/// What is written for an offer that fails for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// An error row.
    ErrorRow,
    /// Its last good rows, if it has any (`--keep-last-good`).
    LastGoodRows,
}

impl HistoryUse {
    /// Checks the arguments. `of_file` is the history that the config file names, used where `--history` names none.
    ///
    /// # Errors
    /// One of them needs `--history`, or cannot be used.
    pub(crate) fn of(arguments: KeepArgs, of_file: Option<PathBuf>) -> Result<Option<Self>, JobError> {
        let KeepArgs { history, keep_last_good, changes, max_age, max_calls } = arguments;
        let Some(file) = history.filter(|file| !file.as_os_str().is_empty()).or(of_file) else {
            let needs = [
                ("--keep-last-good", keep_last_good),
                ("--changes", changes.is_some()),
                ("--max-age", max_age.is_some()),
                ("--max-calls", max_calls.is_some()),
            ];
            let needing = needs.into_iter().find(|(_, is_given)| *is_given);
            return needing.map_or(Ok(None), |(flag, _)| Err(JobError::NeedsHistory(flag)));
        };
        if file == Path::new("-") {
            return Err(JobError::HistoryToStream);
        }
        changes.as_deref().map(file_of_changes).transpose()?;
        let on_failure = if keep_last_good { OnFailure::LastGoodRows } else { OnFailure::ErrorRow };
        Ok(Some(Self { file, on_failure, changes, max_age, max_calls }))
    }

    /// The files that it names, with their flags.
    pub(crate) fn named_files(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let changes = self.changes.iter().map(|file| ("--changes", file.clone()));
        files_of_history(&self.file).into_iter().chain(changes)
    }

    /// Where the changes are written.
    pub(crate) fn changes_file(&self) -> Result<Option<OutputPath>, JobError> {
        self.changes.as_deref().map(file_of_changes).transpose()
    }
}

/// A history and the files that SQLite makes and removes beside it, with the flag that names them.
pub(crate) fn files_of_history(file: &Path) -> [(&'static str, PathBuf); 4] {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        ("--history, for a file beside it,", PathBuf::from(name))
    };
    [("--history", file.to_owned()), beside("-journal"), beside("-wal"), beside("-shm")]
}

fn file_of_changes(path: &Path) -> Result<OutputPath, JobError> {
    if endings::is_no_csv(path) {
        return Err(JobError::CsvEnding { writer: "--changes", path: path.to_owned() });
    }
    match Destination::of(path).map_err(JobError::Output)? {
        Destination::File(place) => {
            place.check_folder().map_err(|error| JobError::NoFolder { flag: "--changes", error })?;
            Ok(place)
        }
        Destination::Stdout | Destination::Device(_) => Err(JobError::ChangesToStream),
    }
}
