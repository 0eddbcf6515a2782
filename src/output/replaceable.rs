//! Whether an existing output can be replaced at all: checked before the first call, not after the last.
//!
//! Opens nothing for writing: programs that watch folders would take the closed file for a new one.

use std::path::Path;

use crate::output::error::OutputError;

/// Refuses an output that can certainly not be replaced. In doubt it is not refused.
///
/// # Errors
/// The file may not be changed by anybody, another program on Windows has it open, or it is another user's in a folder
/// where only owners may replace.
pub(crate) fn look(out: &Path) -> Result<(), OutputError> {
    let refuse = |why| Err(OutputError::NotReplaceable { out: out.to_owned(), why });
    if is_immutable(out) {
        return refuse("it is marked as immutable (chattr -i takes that away)");
    }
    if is_read_only(out) {
        return refuse("it is marked as read-only (see its Properties)");
    }
    if is_open_elsewhere(out) {
        return refuse("another program has it open, perhaps Excel (close it there)");
    }
    if is_sticky_and_foreign(out) {
        return refuse("it is another user's, in a folder where only owners may replace files");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_immutable(out: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, out, AtFlags::empty(), StatxFlags::empty()).is_ok_and(|found| {
        let marks = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        found.stx_attributes.intersects(marks)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_immutable(_: &Path) -> bool {
    false
}

/// On Unix that mark protects what is in a file, not its name.
fn is_read_only(out: &Path) -> bool {
    cfg!(windows) && out.symlink_metadata().is_ok_and(|found| found.permissions().readonly())
}

/// Requests the right to rename it, without using it. Repeats the request for a moment, since a virus scanner may have a
/// new file open.
#[cfg(windows)]
fn is_open_elsewhere(out: &Path) -> bool {
    use crate::output::rename::{A_MOMENT, patiently};
    use std::os::windows::fs::OpenOptionsExt;
    const DELETE: u32 = 0x0001_0000;
    const SHARE_ALL: u32 = 7;
    const SHARING_VIOLATION: i32 = 32;
    let mut options = std::fs::OpenOptions::new();
    options.access_mode(DELETE).share_mode(SHARE_ALL);
    let opened = patiently(A_MOMENT, || match options.open(out) {
        // Other errors say nothing about a rename that replaces it.
        Err(error) if error.raw_os_error() != Some(SHARING_VIOLATION) => Ok(()),
        opened => opened.map(drop),
    });
    opened.is_err()
}

#[cfg(not(windows))]
fn is_open_elsewhere(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn is_sticky_and_foreign(out: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    let folder = out.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let (Ok(file), Ok(folder)) = (out.symlink_metadata(), folder.metadata()) else { return false };
    let user = rustix::process::geteuid();
    let owns = [file.uid(), folder.uid()].contains(&user.as_raw());
    folder.mode() & STICKY != 0 && !owns && !user.is_root()
}

#[cfg(not(unix))]
fn is_sticky_and_foreign(_: &Path) -> bool {
    false
}
