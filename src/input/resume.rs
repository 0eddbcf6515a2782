//! Fingerprints of an open input, and continuing it behind one.
//!
//! Must not decide whether the options are those of the interrupted run.

use std::io::{self, Seek, SeekFrom};

use crate::input::error::InputError;
use crate::input::fingerprint::{InputFingerprint, NotTheSameInput, ResumePosition};
use crate::input::reader::{Input, InputFile, Records};

impl Input {
    /// A mark for a place that a row has given; `None` where the input is a stream. Reads what lies between this place
    /// and that of the mark before.
    ///
    /// # Errors
    /// The file cannot be read any more, or has become shorter.
    pub(crate) fn mark(&mut self, at: ResumePosition) -> io::Result<Option<InputFingerprint>> {
        let has_offsets = self.has_offsets();
        let Some(InputFile { prefix, size }) = &mut self.file else { return Ok(None) };
        let end = if has_offsets { at.byte } else { *size };
        Ok(Some(InputFingerprint { position: at, size: *size, crc: prefix.crc(end)? }))
    }

    /// Goes on behind a mark, if the input up to there is the one that the mark was made in. To be called before the
    /// first row is read. The options must be those of then: this is for the caller to see to.
    ///
    /// # Errors
    /// Says why not. The input then still stands at its first row.
    pub(crate) fn resume(&mut self, mark: &InputFingerprint) -> Result<(), NotTheSameInput> {
        let has_offsets = self.has_offsets();
        let Some(InputFile { prefix, size }) = &mut self.file else { return Err(NotTheSameInput::Stream) };
        if mark.size != *size {
            return Err(NotTheSameInput::Size { was: mark.size, is: *size });
        }
        let end = if has_offsets { mark.position.byte } else { *size };
        if end > *size || prefix.crc(end).map_err(NotTheSameInput::Read)? != mark.crc {
            return Err(NotTheSameInput::Content);
        }
        if has_offsets { self.seek(mark.position).map_err(NotTheSameInput::Read) } else { self.skip(mark.position) }
    }

    pub(super) fn seek(&mut self, to: ResumePosition) -> io::Result<()> {
        let Records::Text(text) = &mut self.records else { return Ok(()) };
        let mut before = [0];
        let reader = text.reader_mut();
        reader.seek(SeekFrom::Start(to.byte.saturating_sub(1)))?;
        if to.byte > 0 {
            io::Read::read_exact(reader, &mut before)?;
        }
        text.moved_to(to.byte, to.line, before == *b"\r");
        self.count.read = to.record;
        self.is_pending = false;
        Ok(())
    }

    fn skip(&mut self, to: ResumePosition) -> Result<(), NotTheSameInput> {
        while self.count.read < to.record {
            match self.read_record() {
                Ok(true) => self.count.read += 1,
                Err(InputError::Read { source, .. }) => return Err(NotTheSameInput::Read(source)),
                Ok(false) | Err(_) => return Err(NotTheSameInput::Content),
            }
        }
        Ok(())
    }
}
