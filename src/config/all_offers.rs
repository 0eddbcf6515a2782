//! `--all-offers`: the account's own list as the input of an export, and the flags that conflict with it.

use std::path::{Path, PathBuf};

use crate::cli::AllOffersArgs;
use crate::config::error::JobError;
use crate::config::list::list_query;
use crate::input::{ColumnChoice, Options};
use crate::output::Destination;
use crate::settings::origin::{Setting, SettingSource};

/// The account's list, which a run reads before it exports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllOffers {
    /// The file that the list is kept in, beside the output.
    pub file: PathBuf,
    /// The query parameters, other than the page.
    pub query: Vec<(String, String)>,
    /// Whether a list is accepted that does not add up.
    pub allow_short: bool,
}

impl AllOffers {
    /// The list, if `--all-offers` is given; `output` is what `-o` names.
    ///
    /// # Errors
    /// Another flag conflicts with it, or the list cannot be kept beside the output.
    pub(crate) fn of(arguments: &AllOffersArgs, output: &Path, settings: &[Setting]) -> Result<Option<Self>, JobError> {
        let AllOffersArgs { all_offers, scope, filter, allow_short } = arguments;
        if !*all_offers {
            return Ok(None);
        }
        let mut typed = settings.iter().filter(|setting| setting.origin == SettingSource::Flag);
        if let Some((flag, why)) = typed.find_map(|setting| Some((setting, conflict(&setting.name)?))) {
            return Err(JobError::NotWithAllOffers { flag: flag.name.clone(), why });
        }
        match Destination::of(output) {
            Ok(Destination::File(place)) => Ok(Some(Self {
                file: place.offers(),
                query: list_query(*scope, filter.clone()),
                allow_short: *allow_short,
            })),
            Ok(Destination::Stdout | Destination::Device(_)) => Err(JobError::AllOffersToStream),
            Err(error) => Err(JobError::Output(error)),
        }
    }

    /// What kind of list it is, if it holds every offer of that kind: then one that is missing is gone. Of a list that is
    /// filtered, or may be short, nothing follows.
    pub(crate) fn kind_of_whole(&self) -> Option<&str> {
        match self.query.as_slice() {
            _ if self.allow_short => None,
            [] => Some("all"),
            [(field, kind)] if field == "type" => Some(kind),
            _ => None,
        }
    }

    /// How the input is read. The list was written by this program, so its layout is known.
    pub(crate) fn reading(list: Option<&Self>, options: Options) -> Options {
        match list {
            None => options,
            Some(_) => {
                Options { column: Some(ColumnChoice::Name("offer_id".to_owned())), delimiter: Some(b','), ..options }
            }
        }
    }
}

/// Why a flag conflicts with `--all-offers`.
fn conflict(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "INPUT" => "the account's own list is the input; leave out one of them",
        "--retry-failed" => "its input is the earlier output, and no list is needed: leave out --all-offers",
        "--column" | "--delimiter" | "--no-headers" | "--sheet" | "--skip-lines" | "--network-column" => {
            "it says how an input file is read, and there is none: leave it out"
        }
        _ => return None,
    })
}
