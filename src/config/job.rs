//! One export, as plain values.

use std::path::{Path, PathBuf};

use crate::cli::RetryFailedArg;
use crate::config::NETWORK_COLUMN;
use crate::config::all_offers::AllOffers;
use crate::config::history::HistoryUse;
use crate::config::networks::{Networks, Routing};
use crate::encode::link_template::Template;
use crate::encode::{OutputFormat, Schema};
use crate::input::{NetworkColumn, Options, Source, WantedColumns};
use crate::offer::tally::Tally;
use crate::settings::links::Links;
use crate::settings::origin::Setting;
use crate::settings::units::{MaxErrors, MinOk};

/// One export.
#[derive(Debug)]
pub(crate) struct Job {
    /// Which offers are called.
    pub work: Work,
    /// Which networks are called; mostly one.
    pub networks: Networks,
    /// The output.
    pub output: OutputSettings,
    /// Which links of an offer are exported.
    pub links: Links,
    /// What is added to links.
    pub append: Append,
    /// What is kept from run to run.
    pub history: Option<HistoryUse>,
    /// How many failures are accepted.
    pub tolerance: Tolerance,
    /// What becomes of an interrupted run.
    pub start: Start,
    /// The command itself, and warnings about it.
    pub invocation: Invocation,
}

/// What is written, and where.
#[derive(Debug)]
pub(crate) struct OutputSettings {
    /// The file to write; `-` is stdout.
    pub path: PathBuf,
    /// Its format.
    pub format: OutputFormat,
    /// Its columns.
    pub schema: Schema,
}

/// Which offers are called.
#[derive(Debug)]
pub(crate) enum Work {
    /// Those of an input.
    Input {
        /// Where it is.
        source: Source,
        /// How it is read.
        options: Options,
    },
    /// Every offer of the account's own list, which is read first.
    AllOffers {
        /// The list.
        list: AllOffers,
        /// How the file of the list is read.
        options: Options,
    },
    /// Those that failed in an earlier output.
    FailedRows(RetryFailed),
}

/// Which of the failed offers of an earlier output are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryFailed {
    /// Those whose failure may pass.
    Passing,
    /// Every one that has an ID.
    All,
}

/// `--append`.
#[derive(Debug)]
pub(crate) struct Append {
    /// What is added to links.
    pub template: Template,
    /// Whether the user gave it.
    pub is_typed: bool,
    /// What the first run added, for `--retry-failed`, if that is known.
    pub first_run: Option<Template>,
}

/// How many failures are accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    /// More of them stop the run.
    pub max_errors: Option<MaxErrors>,
    /// Fewer exported offers never replace an older output.
    pub min_ok: MinOk,
}

/// What becomes of an interrupted run of the same job, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// It is continued if it is younger than a day.
    ResumeIfRecent,
    /// It is continued whatever its age (`--resume`).
    Resume,
    /// It is set aside (`--restart`).
    Fresh,
}

/// The command, and messages about it.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Files about the run that are written besides the output.
    pub about: Vec<PathBuf>,
    /// The command that was typed, with `--resume`.
    pub resume_command: String,
    /// The command that retries what failed in this run.
    pub retry_command: String,
    /// Warnings to show before the run.
    pub warnings: Vec<String>,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
}

impl Job {
    /// How an input is read, with the column that names networks where there are several.
    pub(crate) fn routed(&self, options: &Options) -> Options {
        let network = match self.networks.routing() {
            Routing::Single if self.networks.left_out().is_empty() => None,
            Routing::Single => Some(NetworkColumn::Ignored(NETWORK_COLUMN.to_owned())),
            Routing::Column { name, is_optional: true } => Some(NetworkColumn::Optional(name.clone())),
            Routing::Column { name, is_optional: false } => Some(NetworkColumn::Required(name.clone())),
        };
        let options = options.clone();
        Options { columns: WantedColumns { network, ..options.columns }, ..options }
    }

    /// Whether so many offers are exported that the output may be replaced (`--min-ok`).
    pub(crate) fn has_enough(&self, tally: &Tally) -> bool {
        let offers = tally.expected_offers(self.networks.len() as u64);
        self.tolerance.min_ok.is_met(tally.succeeded(), offers)
    }

    /// The file that the rows go to: the output, or the CSV that a workbook is made from.
    pub(crate) fn rows_file(&self) -> PathBuf {
        self.output.format.rows_file(&self.output.path)
    }

    /// The workbook to make from the finished rows.
    pub(crate) fn workbook(&self) -> Option<&Path> {
        (self.output.format == OutputFormat::Xlsx).then_some(self.output.path.as_path())
    }
}

impl Work {
    /// Which offers of an earlier output are retried, if that is the work.
    pub(crate) fn retry_failed(&self) -> Option<RetryFailed> {
        if let Self::FailedRows(which) = self { Some(*which) } else { None }
    }

    /// The account's list, if that is the input.
    pub(crate) fn all_offers(&self) -> Option<&AllOffers> {
        if let Self::AllOffers { list, .. } = self { Some(list) } else { None }
    }
}

impl Start {
    /// What the two flags mean.
    pub(crate) const fn of(resume: bool, restart: bool) -> Self {
        match (resume, restart) {
            (_, true) => Self::Fresh,
            (true, false) => Self::Resume,
            (false, false) => Self::ResumeIfRecent,
        }
    }
}

impl From<RetryFailedArg> for RetryFailed {
    fn from(which: RetryFailedArg) -> Self {
        match which {
            RetryFailedArg::Passing => Self::Passing,
            RetryFailedArg::All => Self::All,
        }
    }
}
