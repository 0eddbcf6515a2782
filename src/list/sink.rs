//! Where the list goes: a file, which appears as a whole at the end, or a stream, page by page.

use std::path::Path;

use crate::api::offers::{FIELDS, Listed};
use crate::failure::Failure;
use crate::flatten::csv_record;
use crate::output::{Direct, Lock, Target, replace};

/// An open output.
#[derive(Debug)]
pub(super) enum Sink {
    /// All rows so far; even a hundred thousand are but 10 MB.
    File(Lock, Vec<u8>),
    Stream(Direct, String),
}

impl Sink {
    pub(super) fn open(output: &Path) -> Result<Self, Failure> {
        let mut header = Vec::new();
        csv_record(["offer_id"].into_iter().chain(FIELDS), &mut header);
        Ok(match Target::of(output)? {
            Target::File(place) => Self::File(Lock::acquire(place)?, header),
            Target::Device(path) => Self::Stream(Direct::device(&path, &header)?, path.display().to_string()),
            Target::Stdout => Self::Stream(Direct::stdout(&header)?, "stdout".to_owned()),
        })
    }

    /// What the user knows it by.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(lock, _) => lock.place().out().display().to_string(),
            Self::Stream(_, name) => name.clone(),
        }
    }

    /// Writes a row for every offer.
    pub(super) fn write(&mut self, offers: &[Listed]) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for Listed { id, fields } in offers {
            let fields = fields.iter().map(|field| field.as_deref().unwrap_or_default());
            csv_record(id.as_deref().into_iter().chain(fields), &mut rows);
        }
        match self {
            Self::File(_, all) => all.append(&mut rows),
            // Who reads it can begin with the first page.
            Self::Stream(direct, _) => {
                direct.append(&rows)?;
                direct.flush()?;
            }
        }
        Ok(())
    }

    /// The list is complete.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File(lock, rows) => Ok(replace(&lock, &rows)?),
            Self::Stream(mut direct, _) => Ok(direct.flush()?),
        }
    }
}
