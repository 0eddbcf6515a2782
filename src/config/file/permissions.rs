//! Who else can read a file, or change it.

use std::path::Path;

/// The permission bits of a file for group and others, if any are set. Windows has none.
#[cfg(unix)]
pub(super) fn for_others(path: &Path) -> Option<Others> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(Others { mode })
}

/// Elsewhere permissions are not bits of a mode.
#[cfg(not(unix))]
pub(super) fn for_others(_: &Path) -> Option<Others> {
    None
}

/// What users other than the owner may do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Others {
    /// The file's mode.
    pub(super) mode: u32,
}

impl Others {
    /// Whether they can read it.
    pub(super) fn can_read(self) -> bool {
        self.mode & 0o044 != 0
    }

    /// Whether they can change it.
    pub(super) fn can_write(self) -> bool {
        self.mode & 0o022 != 0
    }
}
