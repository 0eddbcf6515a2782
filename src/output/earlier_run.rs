//! What an earlier run has left beside the output, and whether it can be continued.
//!
//! Owns the comparison of rows and checkpoint. Only reads: what does not fit is set aside by `leftovers`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::output::checkpoint::{Body, Checkpoint, Finish, RowsIn, State, decode, read_file};
use crate::output::destination::OutputPath;
use crate::output::error::{Action, OutputError};
use crate::output::plain_file;
use crate::output::written::{READ_WHOLE, Written, crc32_of, read_at};

/// What a run has left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<M, C> {
    /// Nothing to resume.
    Nothing,
    /// A run that can be resumed.
    Interrupted(Box<Interrupted<M, C>>),
    /// A run that was killed after the output got its name, but before the last files were removed. The output is complete.
    Finished(Checkpoint<M, C>, Finish),
    /// Something that cannot be resumed, and is to be set aside.
    Damaged {
        /// Why, naming the file.
        why: String,
    },
}

/// An interrupted run whose rows match its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted<M, C> {
    /// How far it has come.
    pub checkpoint: Checkpoint<M, C>,
    /// How many bytes of the partial file are good.
    pub output_bytes: u64,
    /// Their checksum, if it is known.
    pub output_crc32: Option<u32>,
    /// Which file they are in.
    pub rows_in: RowsIn,
}

/// Looks for an interrupted run without touching it.
///
/// # Errors
/// A file is there but cannot be read.
pub(crate) fn find<M: DeserializeOwned, C: DeserializeOwned>(place: &OutputPath) -> Result<Found<M, C>, OutputError> {
    let path = place.checkpoint();
    let Some(text) = read_file(&path).map_err(OutputError::io(Action::Read, &path))? else {
        // A run writes a checkpoint before the first row, so no kill can leave a partial file without one.
        for alone in [place.partial(), place.log()] {
            if alone.try_exists().map_err(OutputError::io(Action::Read, &alone))? {
                return Ok(Found::Damaged { why: format!("{} has no checkpoint", alone.display()) });
            }
        }
        return Ok(Found::Nothing);
    };
    let body: Body<Checkpoint<M, C>> = match decode::<Checkpoint<M, C>>(&text) {
        Ok(mut body) => {
            body.run.saved_at = body.run.saved_at.or_else(|| changed_at(&path));
            body
        }
        Err(why) => return Ok(Found::Damaged { why: format!("{} {why}", path.display()) }),
    };
    if body.output_bytes == 0 {
        return Ok(Found::Nothing);
    }
    let partial = body.rows_in.path(place);
    let Some(why) = check_rows(&partial, &body).map_err(OutputError::io(Action::Read, &partial))? else {
        let Body { output_bytes, output_crc32, rows_in, run, .. } = body;
        return Ok(Found::Interrupted(Box::new(Interrupted { checkpoint: run, output_bytes, output_crc32, rows_in })));
    };
    let renamed = match body.state {
        State::Running => None,
        State::Finished => Some((place.out().to_owned(), Finish::Replace)),
        State::Withheld => Some((place.failed(), Finish::Withhold)),
    };
    if let Some((path, finish)) = renamed.filter(|_| !partial.exists())
        && check_rows(&path, &body).map_err(OutputError::io(Action::Read, &path))?.is_none()
    {
        return Ok(Found::Finished(body.run, finish));
    }
    Ok(Found::Damaged { why: format!("{} {why}", partial.display()) })
}

/// What a run has left whose checkpoint exists and counts no offer yet.
pub(crate) fn left_by(place: &OutputPath) -> Option<Checkpoint<Value, Value>> {
    let text = read_file(&place.checkpoint()).ok()??;
    let run = decode::<Checkpoint<Value, Value>>(&text).ok()?.run;
    Some(run).filter(|run| run.offers == 0)
}

/// When a file was written last.
fn changed_at(path: &Path) -> Option<Timestamp> {
    fs::metadata(path).and_then(|found| found.modified()).ok().and_then(|time| Timestamp::try_from(time).ok())
}

/// Whether the rows of an interrupted run begin with this header.
///
/// # Errors
/// They cannot be read.
pub(crate) fn has_header(place: &OutputPath, rows_in: RowsIn, header: &[u8]) -> Result<bool, OutputError> {
    let path = rows_in.path(place);
    let mut begin = Vec::new();
    let read = plain_file::open(&path).and_then(|file| file.take(header.len() as u64).read_to_end(&mut begin));
    read.map_err(OutputError::io(Action::Read, &path))?;
    Ok(begin == header)
}

/// Why the rows in `path` are not those of the checkpoint; `None` if they are.
fn check_rows<S>(path: &Path, body: &Body<S>) -> io::Result<Option<&'static str>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("is missing")),
        Err(error) => return Err(error),
        Ok(found) if !found.is_file() => return Ok(Some("is not a file")),
        Ok(found) if found.len() < body.output_bytes => return Ok(Some("is shorter than its checkpoint says")),
        Ok(found) if body.state != State::Running && found.len() > body.output_bytes => {
            return Ok(Some("is longer than its checkpoint says"));
        }
        Ok(_) => {}
    }
    differs(&plain_file::open(path)?, body)
}

/// How the rows in the file differ from those of the checkpoint.
fn differs<S>(file: &File, body: &Body<S>) -> io::Result<Option<&'static str>> {
    let tail = Written::before(file, body.output_bytes, None)?;
    let mut last = [0];
    if let Some(at) = body.output_bytes.checked_sub(1) {
        read_at(file, &mut last, at)?;
    }
    let whole = body.output_crc32.filter(|_| body.output_bytes <= READ_WHOLE);
    let is_edited = tail.tail_crc32() != body.tail_crc32
        || whole.map_or(Ok(false), |crc32| crc32_of(file, body.output_bytes).map(|there| there != crc32))?;
    Ok(match last {
        _ if is_edited => Some("does not match the checksum in its checkpoint"),
        // A checkpoint always counts whole rows.
        [b'\n'] => None,
        _ => Some("ends in the middle of a row where its checkpoint ends"),
    })
}
