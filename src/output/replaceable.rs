//! Whether an output that is there can be replaced at all, told before the first call and not after the last.
//!
//! Only looks: a file that is opened for writing and closed again is taken for a new one by programs that watch for that.

use std::path::Path;

use crate::output::error::OutputError;

/// Refuses an output whose name can certainly not be given to another file. What cannot be told is no refusal.
///
/// # Errors
/// The file may not be changed by anybody, or it is another user's in a folder where only owners may replace.
pub(crate) fn look(out: &Path) -> Result<(), OutputError> {
    let refuse = |why| Err(OutputError::NotReplaceable { out: out.to_owned(), why });
    if is_immutable(out) {
        return refuse("it is marked as immutable (chattr -i takes that away)");
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
