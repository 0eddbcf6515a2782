//! Where the list goes: a file, which appears complete at the end, or a stream, which gets nothing before the list is
//! complete: its reader could not see that a list has broken off.

use std::path::{Path, PathBuf};

use crate::api::offers::{FIELDS, Listed};
use crate::encode::csv_record;
use crate::error::Error;
use crate::output::{Destination, Direct, Lock, replace};
use crate::settings::links::ListColumns;

/// The whole list of a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListOf<'a> {
    /// The network's name, where there are several.
    pub network: Option<&'a str>,
    /// Its offers.
    pub offers: &'a [Listed],
}

/// The lists as a CSV that `export` reads. Even a hundred thousand offers take only 10 MB.
pub(crate) fn to_csv(lists: &[ListOf<'_>], columns: ListColumns) -> Vec<u8> {
    let mut rows = Vec::new();
    let has_network = lists.iter().any(|list| list.network.is_some());
    let link = (columns == ListColumns::WithLinks).then_some("tracking_link");
    let header = ["offer_id"].into_iter().chain(has_network.then_some("network")).chain(FIELDS).chain(link);
    csv_record(header, &mut rows);
    for ListOf { network, offers } in lists {
        for Listed { id, fields, tracking_link } in *offers {
            let id = id.as_deref().unwrap_or_default().trim();
            let fields = fields.iter().map(|field| field.as_deref().unwrap_or_default());
            let link = link.map(|_| tracking_link.as_deref().unwrap_or_default());
            csv_record([id].into_iter().chain(*network).chain(fields).chain(link), &mut rows);
        }
    }
    rows
}

/// An output that can be written.
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
                // Opened now, so that a failure is reported before the first call.
                Direct::device(&path, &[])?;
                Self::Device(path)
            }
            Destination::Stdout => {
                Direct::stdout(&[])?;
                Self::Stdout
            }
        })
    }

    /// Its name for the user.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(lock) => lock.place().out().display().to_string(),
            Self::Device(path) => path.display().to_string(),
            Self::Stdout => "stdout".to_owned(),
        }
    }

    /// Writes the lists, each of which is whole.
    pub(crate) fn write(self, lists: &[ListOf<'_>], columns: ListColumns) -> Result<(), Error> {
        let rows = to_csv(lists, columns);
        match self {
            Self::File(lock) => Ok(replace(&lock, &rows)?),
            Self::Device(path) => Ok(Direct::device(&path, &rows)?.flush()?),
            Self::Stdout => Ok(Direct::stdout(&rows)?.flush()?),
        }
    }
}
