//! What can go wrong with the history, in words that name the file and the way out.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use crate::history::schema;

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// It is something else than a history of this program.
    #[error("the history {} {why}; name another file with --history, or move this one away", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// There is none, and this command makes none.
    #[error("there is no history {}: an export with --history makes one", .0.display())]
    Missing(PathBuf),
    /// A later version of this program has made it.
    #[error("the history {} was made by a newer offerlinks (version {version} of its tables; this one knows {}): use that one, or name another file with --history", path.display(), schema::VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        version: i32,
    },
    /// A run has made it and not come further.
    #[error("there is nothing in the history {} yet: an export with --history fills it", .0.display())]
    Empty(PathBuf),
    /// It is too old to be read as it is.
    #[error("the history {} is of an earlier version: an export with --history brings it up to date, and so does history --prune", .0.display())]
    Earlier(PathBuf),
    /// It cannot be opened.
    #[error("cannot open the history {}: {source}; check its folder and permissions, or name another file with --history", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It, or a journal beside it, may not be written.
    #[error(
        "cannot write the history {}: {source}; SQLite writes it and files beside it, so this user needs write access to it and to its folder: give it that, or name another file with --history", path.display()
    )]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// An operation failed.
    #[error("cannot use the history {}: {source}; {}", path.display(), way_out(source))]
    Sql {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A name or an ID that it does not know.
    #[error("{0}")]
    Unknown(String),
}

impl HistoryError {
    /// Makes a [`HistoryError::Sql`].
    pub(crate) fn sql(path: &Path) -> impl Fn(rusqlite::Error) -> Self + Copy {
        move |source| Self::Sql { path: path.to_owned(), source }
    }

    /// Says of a file that cannot be opened because it is damaged that it is.
    pub(crate) fn if_damaged(self) -> Self {
        match self {
            Self::Sql { path, source } if is_damaged(&source) => {
                Self::NotOurs { path, why: format!("is damaged ({source})") }
            }
            other => other,
        }
    }

    /// Says of a file that may not be written that this is so, where that is found before the first call.
    pub(crate) fn if_not_writable(self) -> Self {
        match self {
            Self::Sql { path, source } if is_forbidden(&source) => Self::NotWritable { path, source },
            other => other,
        }
    }

    /// Whether the command line names the wrong file.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::NotOurs { .. }
            | Self::Missing(_)
            | Self::Newer { .. }
            | Self::Empty(_)
            | Self::Earlier(_)
            | Self::Open { .. }
            | Self::NotWritable { .. }
            | Self::Unknown(_) => true,
            // What is found in time is `NotOurs`; later it is this machine that has failed.
            Self::Sql { .. } => false,
        }
    }
}

/// Whether the error says that the file is no sound database, or that something else is in it than was written.
fn is_damaged(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, SqlInputError,
        Utf8Error,
    };
    let is_other = matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | QueryReturnedNoRows
            | Utf8Error(..)
    );
    // Each statement is sound, so one that cannot be prepared has met other tables than there were.
    let is_unprepared = match error {
        SqlInputError { .. } => true,
        other => other.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_ERROR),
    };
    is_other
        || is_unprepared
        || matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Whether the error says that this user may not write.
fn is_forbidden(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen))
}

/// Whether a commit was interrupted and this user may not undo it.
pub(crate) fn has_hot_journal(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
}

fn way_out(error: &rusqlite::Error) -> &'static str {
    let is_moved = |error: &ffi::Error| error.extended_code == ffi::SQLITE_READONLY_DBMOVED;
    match error.sqlite_error_code() {
        _ if is_damaged(error) => {
            "it is damaged: put a sound copy in its place, or move it away, then go on with --resume"
        }
        _ if error.sqlite_error().is_some_and(is_moved) => {
            "it was moved, deleted or replaced during the run: put it back, or go on with a new one with --resume"
        }
        _ if has_hot_journal(error) => {
            "a run that was killed has left its last commit half done: let its owner run the export again, which undoes that"
        }
        Some(ErrorCode::DiskFull) => "make room on this disk, then go on with --resume",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has held it for minutes: close that, then go on with --resume"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "look at the owner and permissions of it, of its folder and of the files beside it that begin with its name"
        }
        _ => "check the disk, then go on with --resume",
    }
}
