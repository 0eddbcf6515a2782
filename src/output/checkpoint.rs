//! The checkpoint: how far a run has come, in a file that detects every damage.
//!
//! Owns the file's format. It holds no secret: the caller decides what goes into its part, and the rest is offsets and
//! checksums. Must not look at the rows: `earlier_run` compares the two.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::output::destination::OutputPath;
use crate::output::plain_file;
use crate::output::written::Written;
use crate::text;

/// Raised with every change to the meaning of the file. In format 1 the job was one text, and there were no times.
const FORMAT: u32 = 2;
/// Formats that are read; others are not continued.
const READ: RangeInclusive<u32> = 1..=FORMAT;
/// A checkpoint larger than this is not one of ours.
const MAX_SIZE: u64 = 16 * 1024 * 1024;

const BEFORE_BODY: &str = "{\"checkpoint\":";
const BEFORE_CRC: &str = ",\"crc32\":\"";
const END: &str = "\"}\n";

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint<M, C> {
    /// Everything that shapes rows: only a run of the same job may resume. The caller knows what it means.
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
    /// Calls that may have been made by the time of the next one, where they are limited (`--max-calls`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// How far each network has come, where there are several. The caller knows what it means.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub lanes: Value,
}

/// The run's part, and how to recognise its rows.
#[derive(Serialize, Deserialize)]
pub(super) struct Body<S> {
    pub(super) format: u32,
    pub(super) tool: String,
    pub(super) output_bytes: u64,
    pub(super) tail_crc32: u32,
    /// Of all rows. Missing if an earlier run did not record it.
    #[serde(default)]
    pub(super) output_crc32: Option<u32>,
    pub(super) state: State,
    #[serde(default, skip_serializing_if = "RowsIn::is_output")]
    pub(super) rows_in: RowsIn,
    pub(super) run: S,
}

/// Which file the rows are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowsIn {
    /// The file that will get the output's name.
    #[default]
    Output,
    /// The log of a run over several networks, which is merged into the output at the end.
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

/// Read before the rest, whose shape may differ in another version.
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
    /// The same, but the rows do not replace the output: they go to a file beside it.
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

/// The text of a checkpoint; `None` where there is none. Empty for anything but a plain file.
pub(crate) fn read_file(path: &Path) -> io::Result<Option<String>> {
    let file = match plain_file::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(Some(String::new())),
        opened => opened?,
    };
    // Read at each commit: a buffer that grows would ask the system ten times.
    let size = file.metadata().map_or(0, |about| about.len()).min(MAX_SIZE);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.take(MAX_SIZE).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn decode<S: DeserializeOwned>(text: &str) -> Result<Body<S>, String> {
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

#[cfg(test)]
mod tests;
