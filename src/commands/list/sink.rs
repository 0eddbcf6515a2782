//! Where the list goes: a file, which appears as a whole at the end, or a stream, which gets nothing before the list is
//! whole: who reads it cannot see that a list has broken off.

use std::path::{Path, PathBuf};

use crate::api::offers::{FIELDS, Listed};
use crate::encode::csv_record;
use crate::error::Error;
use crate::output::{Destination, Direct, Lock, replace};

/// The list as a CSV that `export` reads. Even a hundred thousand offers are but 10 MB.
pub(crate) fn to_csv(offers: &[Listed]) -> Vec<u8> {
    let mut rows = Vec::new();
    csv_record(["offer_id"].into_iter().chain(FIELDS), &mut rows);
    for Listed { id, fields } in offers {
        let id = id.as_deref().unwrap_or_default().trim();
        let fields = fields.iter().map(|field| field.as_deref().unwrap_or_default());
        csv_record([id].into_iter().chain(fields), &mut rows);
    }
    rows
}

/// An output that is there to be written.
#[derive(Debug)]
pub(crate) enum Sink {
    File(Lock),
    Device(PathBuf),
    Stdout,
}

impl Sink {
    pub(crate) fn open(output: &Path) -> Result<Self, Error> {
        Ok(match Destination::of(output)? {
            Destination::File(place) => Self::File(Lock::acquire(place)?),
            Destination::Device(path) => {
                // To be told before the first call, if it cannot be opened.
                Direct::device(&path, &[])?;
                Self::Device(path)
            }
            Destination::Stdout => {
                Direct::stdout(&[])?;
                Self::Stdout
            }
        })
    }

    /// What the user knows it by.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(lock) => lock.place().out().display().to_string(),
            Self::Device(path) => path.display().to_string(),
            Self::Stdout => "stdout".to_owned(),
        }
    }

    /// Writes the list, which is complete.
    pub(crate) fn write(self, offers: &[Listed]) -> Result<(), Error> {
        let rows = to_csv(offers);
        match self {
            Self::File(lock) => Ok(replace(&lock, &rows)?),
            Self::Device(path) => Ok(Direct::device(&path, &rows)?.flush()?),
            Self::Stdout => Ok(Direct::stdout(&rows)?.flush()?),
        }
    }
}
