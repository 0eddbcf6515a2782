//! Where the output goes: a file that is replaced as a whole, or something that can only be written to.
//!
//! Makes names and checks files; the only thing it creates is a missing folder.

use std::ffi::OsString;
use std::fs;
use std::io::{
    self,
    ErrorKind::{InvalidFilename, InvalidInput, PermissionDenied, Unsupported},
};
use std::path::{Path, PathBuf};

use crate::output::error::OutputError;
use crate::output::{replaceable, windows_names};

/// What `-o` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// `-`.
    Stdout,
    /// A device or a pipe: written directly, since it cannot be replaced.
    Device(PathBuf),
    /// A file, whether or not it exists.
    File(OutputPath),
}

impl Destination {
    /// Where a run with `-o out` writes. Follows symbolic links, so that the link stays and its file is replaced.
    ///
    /// # Errors
    /// `out` is no possible output: it is a folder, its name leads nowhere or is too long, or it cannot be replaced.
    pub(crate) fn of(out: &Path) -> Result<Self, OutputError> {
        let found = Self::look(out)?;
        if let Self::File(place) = &found {
            replaceable::look(place.out())?;
        }
        Ok(found)
    }

    /// The same, for reading only: it may be open in another program.
    ///
    /// # Errors
    /// `out` is no possible output.
    pub(crate) fn look(out: &Path) -> Result<Self, OutputError> {
        if out == Path::new("-") {
            return Ok(Self::Stdout);
        }
        if is_device_name(out) {
            return Ok(Self::Device(out.to_owned()));
        }
        let real = follow(out)?;
        if let Some(why) = name_flaw(&real) {
            return Err(OutputError::BadName { out: out.to_owned(), why });
        }
        match fs::metadata(&real) {
            Ok(found) if found.is_dir() => Err(OutputError::IsFolder(out.to_owned())),
            Ok(found) if !found.is_file() => Ok(Self::Device(real)),
            _ if real.file_name().is_none() || ends_in_separator(out) => Err(OutputError::IsFolder(out.to_owned())),
            // Other errors get a better message when the folder is made or the lock is opened.
            _ => OutputPath { out: real }.with_room_beside().map(Self::File),
        }
    }
}

/// `/dev/stdout` may be a file that another program has open; it must not be replaced.
fn is_device_name(out: &Path) -> bool {
    if cfg!(windows) {
        out.file_name().is_some_and(|name| windows_names::is_stream(&name.to_string_lossy()))
    } else {
        out.starts_with("/dev/") && !out.starts_with("/dev/shm")
    }
}

/// Why this system would not create a file of that name, although it reports no error.
fn name_flaw(out: &Path) -> Option<&'static str> {
    let name = out.file_name().filter(|_| cfg!(windows))?;
    windows_names::flaw(&name.to_string_lossy())
}

fn ends_in_separator(out: &Path) -> bool {
    out.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

/// The file at the end of a chain of symbolic links, whether or not it exists.
fn follow(out: &Path) -> Result<PathBuf, OutputError> {
    /// The most links in a chain, as on Linux.
    const MAX_LINKS: usize = 40;
    let mut real = out.to_owned();
    for _ in 0..=MAX_LINKS {
        let Ok(next) = fs::read_link(&real) else { return Ok(real) };
        // A relative link starts in its own folder; joining an absolute one replaces everything.
        real = real.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(OutputError::LinkLoop(out.to_owned()))
}

/// The folder of the output where none is named.
const DEFAULT_FOLDER: &str = "output";

/// The longest ending of a name beside an output.
const LONGEST_SUFFIX: &str = ".checkpoint.tmp";

/// An output file, and the names of the files beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputPath {
    out: PathBuf,
}

impl OutputPath {
    /// The file under its real name.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// The rows so far.
    pub fn partial(&self) -> PathBuf {
        self.beside(".partial")
    }

    /// The rows so far of a run over several networks, in the order in which they were finished.
    pub fn log(&self) -> PathBuf {
        self.beside(".networks")
    }

    /// The name of a log that was set aside.
    pub fn old_log(&self) -> PathBuf {
        self.beside(".networks.old")
    }

    /// How far the run has come.
    pub fn checkpoint(&self) -> PathBuf {
        self.beside(".checkpoint")
    }

    /// The list of offers that an export of a whole account works through.
    pub fn offers(&self) -> PathBuf {
        self.beside(".offers.csv")
    }

    /// The rows of a run that exported too few offers to replace the output.
    pub fn failed(&self) -> PathBuf {
        self.beside(".failed")
    }

    /// The next checkpoint while it is being written.
    pub(crate) fn new_checkpoint(&self) -> PathBuf {
        self.beside(".checkpoint.tmp")
    }

    /// The names of rows and a checkpoint that were set aside. Only the latest are kept.
    pub fn set_aside(&self) -> [PathBuf; 2] {
        [self.beside(".partial.old"), self.beside(".checkpoint.old")]
    }

    /// Everything that a run makes, changes or removes beside the output.
    pub fn working_files(&self) -> [PathBuf; 9] {
        let [old_rows, old_checkpoint] = self.set_aside();
        let [partial, checkpoint, failed] = [self.partial(), self.checkpoint(), self.failed()];
        let [log, old_log] = [self.log(), self.old_log()];
        [partial, log, checkpoint, self.new_checkpoint(), self.lock(), old_rows, old_log, old_checkpoint, failed]
    }

    /// The `--append` that the output was made with, if known; empty where there was none.
    pub fn remembered_append(&self) -> Option<String> {
        crate::output::lock::remembered(&self.lock())
    }

    /// The file that is locked during a run.
    pub fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }

    /// Checked now, rather than at the first commit.
    fn with_room_beside(self) -> Result<Self, OutputError> {
        let longest = self.beside(LONGEST_SUFFIX);
        let name = longest.file_name().unwrap_or_default();
        // The folder may not exist yet; the limit is the same in its parent folder.
        let folder = self.folder().ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new(""));
        match fs::symlink_metadata(folder.join(name)) {
            Err(error) if error.kind() == InvalidFilename => {
                Err(OutputError::NameTooLong { out: self.out, more: LONGEST_SUFFIX.len() })
            }
            _ => Ok(self),
        }
    }

    /// A file beside another output.
    pub(crate) fn named(out: &Path) -> Self {
        Self { out: out.to_owned() }
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(&self.out);
        name.push(suffix);
        name.into()
    }

    pub(crate) fn folder(&self) -> &Path {
        match self.out.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// Makes the folder of the default output if it is missing, and no other.
    pub(crate) fn make_folder(&self) -> Result<(), OutputError> {
        self.check_folder()?;
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(|source| OutputError::NoFolder { folder: folder.to_owned(), source })
    }

    /// Whether the output's folder exists. It is not created: after a typing error, or without its disk, the rows would end
    /// up where nobody looks, or fill another disk.
    ///
    /// # Errors
    /// There is none.
    pub fn check_folder(&self) -> Result<(), OutputError> {
        let folder = self.folder();
        if folder.is_dir() || folder == Path::new(DEFAULT_FOLDER) {
            return Ok(());
        }
        Err(OutputError::MissingFolder { out: self.out.clone(), folder: folder.to_owned() })
    }

    /// Syncs the folder, so that renames in it last. Other systems than Unix cannot open a folder, and order renames
    /// themselves.
    pub(crate) fn sync_folder(&self) -> io::Result<()> {
        if cfg!(not(unix)) {
            return Ok(());
        }
        match fs::File::open(self.folder()).and_then(|folder| folder.sync_all()) {
            // A folder that may not be read, or a file system without such a call: nothing more can be done.
            Err(error) if matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) => Ok(()),
            synced => synced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_beside_its_partial() {
        let Destination::File(place) = Destination::of(Path::new("no/such/x.csv")).unwrap() else {
            panic!("not a file")
        };
        assert_eq!(place.partial(), Path::new("no/such/x.csv.partial"));
        assert_eq!(place.checkpoint(), Path::new("no/such/x.csv.checkpoint"));
        assert_eq!(place.lock(), Path::new("no/such/x.csv.lock"));
        let Destination::File(place) = Destination::of(Path::new("x.csv")).unwrap() else { panic!("not a file") };
        assert_eq!(place.folder(), Path::new("."));
    }

    #[test]
    fn a_folder_is_refused_and_a_dash_is_stdout() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Destination::of(folder.path()), Err(OutputError::IsFolder(_))));
        assert!(matches!(Destination::of(&folder.path().join("new/")), Err(OutputError::IsFolder(_))));
        assert_eq!(Destination::of(Path::new("-")).unwrap(), Destination::Stdout);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_name_that_leaves_no_room_is_refused_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let of_length = |length: usize| Destination::of(&folder.path().join("new").join("x".repeat(length)));
        assert!(matches!(of_length(255 - LONGEST_SUFFIX.len()), Ok(Destination::File(_))));
        assert!(matches!(of_length(256 - LONGEST_SUFFIX.len()), Err(OutputError::NameTooLong { .. })));
    }

    #[test]
    #[cfg(unix)]
    fn devices_are_written_directly() {
        for device in ["/dev/null", "/dev/stdout", "/dev/full"] {
            assert_eq!(Destination::of(Path::new(device)).unwrap(), Destination::Device(device.into()));
        }
    }

    #[test]
    #[cfg(unix)]
    fn links_are_followed_to_their_file_even_if_it_is_not_there_yet() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        symlink("real/x.csv", at("relative")).unwrap();
        symlink(at("relative"), at("absolute")).unwrap();
        symlink("loop", at("loop")).unwrap();
        for name in ["relative", "absolute"] {
            assert_eq!(Destination::of(&at(name)).unwrap(), Destination::File(OutputPath { out: at("real/x.csv") }));
        }
        assert!(matches!(Destination::of(&at("loop")), Err(OutputError::LinkLoop(_))));
    }
}
