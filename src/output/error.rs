//! Errors of the output; each message names the file and says what to do.
//!
//! Decides no exit code and prints nothing.

use std::io;
use std::path::{Path, PathBuf};

/// Why the output cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The output's name is that of a folder.
    #[error("{} is a folder: give a file name, for example {}", .0.display(), .0.join("tracking_links.csv").display())]
    IsFolder(PathBuf),
    /// The name is too long for the names of the files beside it.
    #[error("the name of {} is too long: the temporary files beside it have names that are {more} bytes longer", out.display())]
    NameTooLong {
        /// The file.
        out: PathBuf,
        /// How many bytes longer the longest name beside it is.
        more: usize,
    },
    /// On this system the name does not mean a file.
    #[error("{} cannot have that name: {why}; choose another name", out.display())]
    BadName {
        /// The file.
        out: PathBuf,
        /// What is wrong with the name.
        why: &'static str,
    },
    /// The output is a link that leads back to itself.
    #[error("the output {} is a link that leads to itself: remove it, or choose another file with -o", .0.display())]
    LinkLoop(PathBuf),
    /// The output's folder is missing.
    #[error(
        "there is no folder {} for {}: check the name, or make the folder first", folder.display(), out.display()
    )]
    MissingFolder {
        /// The output.
        out: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// There is a file of that name that cannot be replaced, at least by this user.
    #[error("cannot replace {}: {why}; change that, or choose another file with -o", out.display())]
    NotReplaceable {
        /// The file.
        out: PathBuf,
        /// What stands in the way.
        why: &'static str,
    },
    /// The output's folder is missing and cannot be made.
    #[error("cannot create the folder {} for the output: {source}; choose another place with -o", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file can be made in the output's folder.
    #[error("cannot write into the folder {}: {source}; change its permissions or choose another place with -o", folder.display())]
    FolderNotWritable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Rows of several networks cannot wait for their turn.
    #[error("cannot keep rows in a temporary file in {}: {source}; free some space there", folder.display())]
    Spill {
        /// The folder of the file.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another run writes the same output.
    #[error("another run is writing {} ({holder}); wait for it to end, or choose another file with -o", out.display())]
    Held {
        /// The output.
        out: PathBuf,
        /// What the other run has written into the lock file: its process ID and start.
        holder: String,
    },
    /// The lock is there, and this user may not even read it.
    #[error("cannot open {}: {source}; another user has made it: remove it, or choose another file with -o", path.display())]
    LockDenied {
        /// The lock.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file beside the output is not what this run wrote: another program has changed it.
    #[error(
        "{} {how} while this run was writing; {} is as it was. Find out what touches these files, then run again with \
         --resume, which goes on if it can", path.display(), out.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it was changed.
        how: &'static str,
        /// The output.
        out: PathBuf,
    },
    /// The output has its name, but the folder could not be synced.
    #[error(
        "{} is new and whole, but its folder cannot be brought to disk: {source}; after a power cut the old one may be \
         back, so check the disk", out.display()
    )]
    NameNotSafe {
        /// The output.
        out: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody reads what is written to stdout any more.
    #[error("nobody reads the output any more")]
    ClosedPipe,
    /// A file operation failed.
    #[error("cannot {}: {source}; {}", action.on(path), way_out(source, *action))]
    Io {
        /// What was tried.
        action: Action,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Stdout was closed before the program began: its rows would go nowhere, unnoticed.
    #[error("stdout is closed, so the rows would be lost: name a file with -o FILE")]
    ClosedStdout,
    /// The output has failed before; what is on disk is no longer known.
    #[error("the output {} has failed before and is not touched again", .0.display())]
    FailedBefore(PathBuf),
    /// The run's own data cannot be put into a checkpoint.
    #[error("cannot write the checkpoint {}: {source}", path.display())]
    Encode {
        /// The checkpoint.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
}

impl OutputError {
    pub(crate) fn io(action: Action, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Whether the user named an impossible output, rather than one that this machine refuses for now.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::IsFolder(_)
            | Self::MissingFolder { .. }
            | Self::NameTooLong { .. }
            | Self::BadName { .. }
            | Self::LinkLoop(_)
            | Self::ClosedStdout => true,
            // A file is in the way.
            Self::NoFolder { source, .. } => {
                matches!(source.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory)
            }
            _ => false,
        }
    }
}

/// What was tried with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open or create.
    Open,
    /// Lock.
    Lock,
    /// Read.
    Read,
    /// Write or truncate.
    Write,
    /// Write as a whole, in one go.
    Replace,
    /// Write to a stream or device.
    Stream,
    /// Sync. A failure is final: the system may count the lost pages as written, so a second try could succeed falsely.
    Sync,
    /// Give it its final name.
    Rename,
    /// Remove.
    Remove,
}

impl Action {
    fn on(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Open => format!("open {path}"),
            Self::Lock => format!("lock {path}"),
            Self::Read => format!("read {path}"),
            Self::Write | Self::Replace => format!("write {path}"),
            Self::Stream => format!("write to {path}"),
            Self::Sync => format!("bring {path} to disk"),
            Self::Rename => format!("rename {path}"),
            Self::Remove => format!("remove {path}"),
        }
    }
}

fn way_out(source: &io::Error, action: Action) -> String {
    let again = match action {
        Action::Stream => return "it cannot be continued: run again, or name a file with -o FILE".to_owned(),
        Action::Replace => "run it again",
        _ => "run again with --resume",
    };
    if is_out_of_files(source) {
        return format!("too many files are open: raise ulimit -n or lower -j, then {again}");
    }
    match source.kind() {
        io::ErrorKind::StorageFull => format!("make room on this disk, then {again}"),
        io::ErrorKind::QuotaExceeded => format!("your disk quota is used up: make room, then {again}"),
        io::ErrorKind::FileTooLarge => format!("raise the file-size limit (ulimit -f), then {again}"),
        io::ErrorKind::ReadOnlyFilesystem => "this disk is read-only: choose another place with -o".to_owned(),
        _ if action == Action::Rename => {
            format!("the finished rows are kept beside it: close it in the program that has it open, then {again}")
        }
        io::ErrorKind::PermissionDenied => "check its permissions, and that no other program has it open".to_owned(),
        io::ErrorKind::InvalidInput if action == Action::Open => {
            "it is a link, a pipe or a folder of another's making: remove it, or choose another file with -o".to_owned()
        }
        io::ErrorKind::Unsupported if action == Action::Lock => {
            "this disk has no file locks: choose a local one with -o".to_owned()
        }
        _ if matches!(action, Action::Sync | Action::Remove | Action::Replace) => {
            format!("check the disk, then {again}")
        }
        _ => "the old output is as it was".to_owned(),
    }
}

/// This process, or the whole system, can open no more files.
fn is_out_of_files(source: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix) && source.raw_os_error().is_some_and(|code| [ENFILE, EMFILE].contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_names_the_file_and_says_what_to_do() {
        let io =
            |kind, action| OutputError::io(action, Path::new("o/x.csv.partial"))(io::Error::from(kind)).to_string();
        insta::assert_snapshot!([
            io(io::ErrorKind::StorageFull, Action::Write),
            io(io::ErrorKind::QuotaExceeded, Action::Write),
            io(io::ErrorKind::FileTooLarge, Action::Write),
            io(io::ErrorKind::StorageFull, Action::Replace),
            io(io::ErrorKind::ReadOnlyFilesystem, Action::Open),
            io(io::ErrorKind::PermissionDenied, Action::Rename),
            io(io::ErrorKind::Unsupported, Action::Lock),
            io(io::ErrorKind::Other, Action::Sync),
            io(io::ErrorKind::StorageFull, Action::Stream),
            OutputError::IsFolder("out".into()).to_string(),
            OutputError::io(Action::Open, Path::new("o/x.csv.partial"))(io::Error::from_raw_os_error(24)).to_string(),
        ].join("\n"), @r"
        cannot write o/x.csv.partial: no storage space; make room on this disk, then run again with --resume
        cannot write o/x.csv.partial: quota exceeded; your disk quota is used up: make room, then run again with --resume
        cannot write o/x.csv.partial: file too large; raise the file-size limit (ulimit -f), then run again with --resume
        cannot write o/x.csv.partial: no storage space; make room on this disk, then run it again
        cannot open o/x.csv.partial: read-only filesystem or storage medium; this disk is read-only: choose another place with -o
        cannot rename o/x.csv.partial: permission denied; the finished rows are kept beside it: close it in the program that has it open, then run again with --resume
        cannot lock o/x.csv.partial: unsupported; this disk has no file locks: choose a local one with -o
        cannot bring o/x.csv.partial to disk: other error; check the disk, then run again with --resume
        cannot write to o/x.csv.partial: no storage space; it cannot be continued: run again, or name a file with -o FILE
        out is a folder: give a file name, for example out/tracking_links.csv
        cannot open o/x.csv.partial: Too many open files (os error 24); too many files are open: raise ulimit -n or lower -j, then run again with --resume
        ");
    }
}
