//! What is wrong with a command line as a whole, and the way out of each.

use std::path::PathBuf;

use crate::config::account_error::AccountError;
use crate::config::accounts::{BadNetworks, SelectionError};
use crate::config::budget::BudgetError;
use crate::config::file::ConfigFileError;
use crate::encode::link_template::BadTemplate;
use crate::output::OutputError;

/// A command line that makes no sense as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The config file.
    #[error(transparent)]
    ConfigFile(#[from] ConfigFileError),
    /// Networks of the config file that cannot be called.
    #[error(transparent)]
    Networks(#[from] BadNetworks),
    /// It is not clear which networks are meant.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// `--budget`.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// `--append`.
    #[error(transparent)]
    Template(#[from] BadTemplate),
    /// `--column 0`
    #[error("--column counts from 1")]
    ColumnZero,
    /// `--excel` with something else than CSV.
    #[error("--excel is for CSV output; {0} does not need it")]
    ExcelFormat(&'static str),
    /// A file name ending that belongs to another format.
    #[error("{}: offerlinks writes .csv, .jsonl and .xlsx; give the output (-o) one of these endings", .0.display())]
    FileEnding(PathBuf),
    /// A CSV whose file name ending belongs to another format.
    #[error("{}: {writer} writes CSV; give it the ending .csv", path.display())]
    CsvEnding {
        /// The command or the flag that writes it.
        writer: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A workbook is a file.
    #[error("a workbook cannot be written to stdout; give a file with -o")]
    WorkbookToStdout,
    /// A flag that conflicts with `--all-offers`.
    #[error("{flag} cannot be used with --all-offers: {why}")]
    NotWithAllOffers {
        /// The flag.
        flag: String,
        /// Why not.
        why: &'static str,
    },
    /// `--retry-failed` reads the output, but the file was given as the input.
    #[error(
        "--retry-failed asks again for what failed in an earlier output, and {} is one: name it with -o {}",
        .0.display(), .0.display()
    )]
    RetryOfInput(PathBuf),
    /// The list has to be kept somewhere.
    #[error("--all-offers keeps the account's list beside the output, so that needs to be a file: name one with -o")]
    AllOffersToStream,
    /// The folder of a file about the run does not exist.
    #[error("{flag}: {error}")]
    NoFolder {
        /// The flag.
        flag: &'static str,
        /// Which.
        error: OutputError,
    },
    /// A flag that needs the history.
    #[error("{0} needs a history: name its file with --history FILE.db")]
    NeedsHistory(&'static str),
    /// A history is a file.
    #[error("--history is an SQLite file: name one")]
    HistoryToStream,
    /// Changes are written as a whole.
    #[error("--changes writes a file as a whole: name one")]
    ChangesToStream,
    /// The output cannot be one.
    #[error(transparent)]
    Output(OutputError),
    /// One file would overwrite the other.
    #[error("{first} and {second} both name {}, and one would overwrite the other; give another name", path.display())]
    SameFile {
        /// The argument that comes first.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The file.
        path: PathBuf,
    },
}
