//! Where the bytes come from: a file or a stream.
//!
//! Owns opening, reading the head, and converting UTF-16 to UTF-8. Must not know of rows.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Cursor, IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::input::encoding::{Content, sniff};
use crate::input::error::InputError;
use crate::input::growing::Growing;

/// The size of the head, and of each later read, in bytes.
pub(super) const HEAD: usize = 64 << 10;

/// Where the input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input, `-`.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Reads the argument: `-` is standard input.
    pub(crate) fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// Whether it can be read only once: a pipe, with a name or without, or a device. Opens nothing.
    pub(crate) fn is_stream(&self) -> bool {
        match self {
            Self::Stdin => true,
            Self::File(path) => fs::metadata(path).is_ok_and(|found| !found.is_file()),
        }
    }

    /// Whether it is a keyboard.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdin => io::stdin().is_terminal(),
            // Only opened where it is a device, since a pipe would wait for its other end.
            Self::File(path) => path.starts_with("/dev") && File::open(path).is_ok_and(|file| file.is_terminal()),
        }
    }
}

/// Its name in messages.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The bytes of an input.
pub(super) enum Bytes {
    /// A regular file, unconverted: can be read from any position.
    File(Growing),
    /// Anything else: can only be read forward.
    Stream(Box<dyn Read + Send>),
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::File(_)) { "File" } else { "Stream" })
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// An opened input, at its first byte.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) bytes: Bytes,
    pub(super) content: Content,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// These are all there are.
    pub(super) is_whole: bool,
    /// A second handle and the size of a regular file.
    pub(super) file: Option<(File, u64)>,
}

/// Opens the source and reads its head: of a stream, no more than `is_enough` accepts. `settle` is how long a file
/// without a last line end must have been left alone.
pub(super) fn open(source: &Source, settle: Duration, is_enough: impl Fn(&[u8]) -> bool) -> Result<Opened, InputError> {
    match source {
        Source::Stdin => open_stream(source, io::stdin(), is_enough),
        Source::File(path) => match open_file(path)? {
            (file, None) => open_stream(source, file, is_enough),
            (mut file, Some(size)) => {
                let head = read_head(&mut file, |_| false).and_then(|head| file.rewind().map(|()| head));
                let (head, is_whole, content) = judge(source, head)?;
                Ok(Opened {
                    bytes: Bytes::File(Growing::new(file, settle)),
                    content,
                    head,
                    is_whole,
                    file: Some((open_file(path)?.0, size)),
                })
            }
        },
    }
}

/// Reads only as much of a stream as is needed: somebody may be typing it.
pub(super) fn open_stream(
    source: &Source,
    mut stream: impl Read + Send + 'static,
    is_enough: impl Fn(&[u8]) -> bool,
) -> Result<Opened, InputError> {
    let head = read_head(&mut stream, is_enough);
    let (head, is_whole, content) = judge(source, head)?;
    let bytes = Bytes::Stream(Box::new(Cursor::new(head.clone()).chain(stream)));
    Ok(Opened { bytes, content, head, is_whole, file: None })
}

type Judged = (Vec<u8>, bool, Content);

fn judge(source: &Source, head: io::Result<(Vec<u8>, bool)>) -> Result<Judged, InputError> {
    let input = source.to_string();
    match head.map(|(head, is_whole)| (sniff(&head), head, is_whole)) {
        Ok((Ok(content), head, is_whole)) => Ok((head, is_whole, content)),
        Ok((Err(reason), ..)) => Err(InputError::Unreadable { input, reason }),
        Err(source) => Err(InputError::Read { input, line: 1, source }),
    }
}

/// Converts UTF-16 with a byte order mark to UTF-8 without one; invalid parts become U+FFFD.
pub(super) fn transcode(bytes: impl Read + Send + 'static) -> Bytes {
    let decoder =
        encoding_rs_io::DecodeReaderBytesBuilder::new().strip_bom(true).build_with_buffer(bytes, vec![0; HEAD]);
    match decoder {
        Ok(decoder) => Bytes::Stream(Box::new(decoder)),
        // Only a buffer that is too small is refused.
        Err(error) => Bytes::Stream(Box::new(Failing(Some(error)))),
    }
}

/// A reader that has failed already.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Opens a file; with its size if it is a regular one, not a pipe or a device.
fn open_file(path: &Path) -> Result<(File, Option<u64>), InputError> {
    let input = path.display().to_string();
    // Checked first: on Windows, opening a folder gives another error.
    if path.is_dir() {
        return Err(InputError::IsFolder { input });
    }
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    match opened {
        Ok((file, metadata)) => Ok((file, metadata.is_file().then_some(metadata.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(InputError::Missing { input }),
        Err(source) => Err(InputError::Open { input, source }),
    }
}

/// Reads the head: all of it, or less if that is enough. Returns whether the end was reached.
fn read_head(stream: &mut impl Read, is_enough: impl Fn(&[u8]) -> bool) -> io::Result<(Vec<u8>, bool)> {
    let mut head = vec![0; HEAD];
    let mut len = 0;
    let mut is_whole = false;
    while let Some(free) = head.get_mut(len..).filter(|free| !free.is_empty()) {
        match stream.read(free) {
            Ok(0) => {
                is_whole = true;
                break;
            }
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if is_enough(head.get(..len).unwrap_or_default()) {
            break;
        }
    }
    head.truncate(len);
    Ok((head, is_whole))
}

/// The text of the first bytes of UTF-16, up to the last whole character.
pub(super) fn text_of_utf16(head: &[u8]) -> Vec<u8> {
    let even = head.get(..head.len() & !1).unwrap_or_default();
    let (text, ..) = encoding_rs::UTF_16LE.decode(even);
    text.strip_suffix('\u{fffd}').unwrap_or(&text).as_bytes().to_vec()
}

/// The text of the first `most` bytes of a file.
pub(super) fn read_all(file: &mut File, most: u64, is_utf16: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    if !is_utf16 {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    transcode(Cursor::new(bytes)).read_to_end(&mut text)?;
    Ok(text)
}
