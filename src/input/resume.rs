//! Fingerprints of an open input, and continuing after one.
//!
//! Must not decide whether the options are those of the interrupted run.

use std::io::{self, Seek, SeekFrom};

use crate::input::error::InputError;
use crate::input::fingerprint::{InputFingerprint, NotTheSameInput, ResumePosition};
use crate::input::reader::{Input, InputFile, Records};

impl Input {
    /// The fingerprint of a position that a row has returned; `None` for a stream. Reads the bytes between this position
    /// and that of the previous fingerprint.
    ///
    /// # Errors
    /// The file cannot be read any more, or has become shorter.
    pub(crate) fn mark(&mut self, at: ResumePosition) -> io::Result<Option<InputFingerprint>> {
        let has_offsets = self.has_offsets();
        let Some(InputFile { prefix, size }) = &mut self.file else { return Ok(None) };
        let end = if has_offsets { at.byte } else { *size };
        Ok(Some(InputFingerprint { position: at, size: *size, crc: prefix.crc(end)? }))
    }

    /// Continues after a fingerprint, if the input up to there is still the same. To be called before the first row is
    /// read. The caller makes sure that the options are those of the interrupted run.
    ///
    /// # Errors
    /// The input is not the same, or cannot be read. It is then still at its first row.
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
