//! The checkpoint: how far a run has come, in a file that shows every damage.
//!
//! Owns the file's format and what a found checkpoint means. It never holds a secret: the caller's part is what the
//! caller puts in, and the rest is offsets and checksums.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::output::beside;
use crate::output::destination::OutputPath;
use crate::output::error::{Action, OutputError};
use crate::output::written::{READ_WHOLE, Written, crc32_of, read_at};
use crate::text;

/// Raised with every change to the meaning of the file. 1: the job was one text, and there were no times.
const FORMAT: u32 = 2;
/// Formats that are read; others are not continued.
const READ: RangeInclusive<u32> = 1..=FORMAT;
/// How much of the rows before the checkpoint's end is checked on resume: enough to see any edit near it, little
/// enough to read in no time after a million offers.
pub(crate) const TAIL: u64 = 64 * 1024;
/// A checkpoint larger than this is not one of ours.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

const BEFORE_BODY: &str = "{\"checkpoint\":";
const BEFORE_CRC: &str = ",\"crc32\":\"";
const END: &str = "\"}\n";

/// How far a run is, as the run itself sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint<M, C> {
    /// Everything that shapes rows: only a run of the same job may go on. The caller knows what it means.
    pub job: Value,
    /// When the run was first started, by the wall clock.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When this was written, by the wall clock; a checkpoint without it has its file's time.
    #[serde(default)]
    pub saved_at: Option<Timestamp>,
    /// Which input it is and where in it the next row begins; `None` where the input cannot be read again.
    pub input: Option<M>,
    /// Input rows whose output rows are all written.
    pub offers: u64,
    /// Output rows written.
    pub rows: u64,
    /// The summary so far.
    pub counts: C,
    /// How far each network has come, where there are several. The caller knows what it means.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub lanes: Value,
}

/// The run's part, and how to recognise its rows.
#[derive(Serialize, Deserialize)]
struct Body<S> {
    format: u32,
    tool: String,
    output_bytes: u64,
    tail_crc32: u32,
    /// Of all rows. Missing where a run before this one did not know it.
    #[serde(default)]
    output_crc32: Option<u32>,
    state: State,
    #[serde(default, skip_serializing_if = "RowsIn::is_output")]
    rows_in: RowsIn,
    run: S,
}

/// Which file the rows are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowsIn {
    /// In the one that gets the output's name.
    #[default]
    Output,
    /// In the log of a run over several networks, which is merged into that one at the end.
    Log,
}

impl RowsIn {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_output(&self) -> bool {
        *self == Self::Output
    }

    /// The file.
    pub(crate) fn path(self, place: &OutputPath) -> PathBuf {
        match self {
            Self::Output => place.partial(),
            Self::Log => place.log(),
        }
    }
}

/// Read before the rest, which another version may have shaped differently.
#[derive(Deserialize)]
struct Version {
    format: u32,
    tool: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Running,
    /// All rows are written: only the rename may be missing.
    Finished,
    /// The same, but the rows are not to replace the output: they go to a file beside it.
    Withheld,
}

/// What becomes of the rows when all are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// They replace the output.
    Replace,
    /// They go to [`OutputPath::failed`], and the output stays.
    Withhold,
}

impl Finish {
    pub(crate) const fn state(self) -> State {
        match self {
            Self::Replace => State::Finished,
            Self::Withhold => State::Withheld,
        }
    }
}

/// What a run has left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<M, C> {
    /// Nothing that is worth going on with.
    Nothing,
    /// A run that can be continued.
    Interrupted(Interrupted<M, C>),
    /// A run that was killed between giving the output its name and tidying up. The output is whole.
    Finished(Checkpoint<M, C>, Finish),
    /// Something that cannot be continued: to be set aside.
    Damaged {
        /// Why, naming the file.
        why: String,
    },
}

/// An interrupted run whose rows are as the checkpoint says.
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
        // A run writes a checkpoint before the first row, so no kill can leave a partial file alone.
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
        return Ok(Found::Interrupted(Interrupted {
            checkpoint: body.run,
            output_bytes: body.output_bytes,
            output_crc32: body.output_crc32,
            rows_in: body.rows_in,
        }));
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

/// When the run began whose checkpoint is there and counts nothing yet.
pub(crate) fn started_at(place: &OutputPath) -> Option<Timestamp> {
    let text = read_file(&place.checkpoint()).ok()??;
    let run = decode::<Checkpoint<Value, Value>>(&text).ok()?.run;
    run.started_at.filter(|_| run.offers == 0)
}

/// The text of a new checkpoint.
pub(crate) fn encode<M: Serialize, C: Serialize>(
    run: &Checkpoint<M, C>,
    (state, rows_in): (State, RowsIn),
    written: &Written,
) -> serde_json::Result<String> {
    let tool = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned();
    let body = serde_json::to_string(&Body {
        format: FORMAT,
        tool,
        output_bytes: written.bytes(),
        tail_crc32: written.tail_crc32(),
        output_crc32: written.crc32(),
        state,
        rows_in,
        run,
    })?;
    let crc = crc32fast::hash(body.as_bytes());
    Ok(format!("{BEFORE_BODY}{body}{BEFORE_CRC}{crc:08x}{END}"))
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
    let read = beside::open(&path).and_then(|file| file.take(header.len() as u64).read_to_end(&mut begin));
    read.map_err(OutputError::io(Action::Read, &path))?;
    Ok(begin == header)
}

/// The text of a checkpoint; `None` where there is none. What is no plain file has no text of ours.
pub(crate) fn read_file(path: &Path) -> io::Result<Option<String>> {
    let file = match beside::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(Some(String::new())),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn decode<S: DeserializeOwned>(text: &str) -> Result<Body<S>, String> {
    let (body, crc) = text
        .strip_prefix(BEFORE_BODY)
        .and_then(|rest| rest.strip_suffix(END))
        .and_then(|rest| rest.rsplit_once(BEFORE_CRC))
        .ok_or("is not whole")?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != crc {
        return Err("does not match its checksum".into());
    }
    let version: Version = serde_json::from_str(body).map_err(|error| format!("cannot be read: {error}"))?;
    if !READ.contains(&version.format) {
        return Err(format!("was written by another version ({})", text::shown_start(&version.tool, 60)));
    }
    serde_json::from_str(body).map_err(|error| format!("cannot be read: {error}"))
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
    differs(&beside::open(path)?, body)
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
        // A checkpoint of ours always counts whole rows.
        [b'\n'] => None,
        _ => Some("ends in the middle of a row where its checkpoint ends"),
    })
}

#[cfg(test)]
mod tests;
