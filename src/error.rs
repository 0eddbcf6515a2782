//! Errors that end a command, and the exit code of each.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::api::ClientError;
use crate::cli::ManError;
use crate::config::JobError;
use crate::encode::reader::PreviousError;
use crate::encode::xlsx::RenderError;
use crate::exit::ExitCode;
use crate::history::HistoryError;
use crate::input::InputError;
use crate::output::OutputError;

/// Why a command cannot start or cannot continue. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line makes no sense as a whole.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The earlier output, for `--retry-failed`.
    #[error(transparent)]
    Previous(#[from] PreviousError),
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The workbook.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// `--append` needs a cell that the earlier output does not have.
    #[error("--append: the output has no column {column:?}, so --retry-failed cannot fill it in; run the export again")]
    NotKept {
        /// The column.
        column: String,
    },
    /// `--retry-failed` without an earlier output.
    #[error(
        "--retry-failed retries what failed in an earlier output, but there is no {}: name that output with -o",
        .0.display()
    )]
    NoPrevious(PathBuf),
    /// `--retry-failed` would mix links with and without the same parameters.
    #[error("{0}")]
    OtherAppend(String),
    /// No account is given; only a dry run can do without.
    #[error("{0}")]
    NoAccount(String),
    /// `man`.
    #[error(transparent)]
    Man(#[from] ManError),
    /// A name on the command line is unknown.
    #[error("{0}")]
    Name(String),
    /// The client cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The sandbox network cannot be served there.
    #[error("cannot serve the sandbox network on {address}: {source}; choose another address with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The input changed during the run.
    #[error("cannot read {input} again: {}", words_for_input(source))]
    ReadAgain {
        /// The input.
        input: String,
        /// Why.
        source: io::Error,
    },
    /// The run ended halfway and can be resumed.
    #[error("{cause}\n  to continue: {command}")]
    Interrupted {
        /// Why it ended.
        cause: Box<Self>,
        /// The command that resumes it.
        command: String,
    },
    /// The system refuses a thread, a runtime or signals.
    #[error("cannot {action}: {source}")]
    System {
        /// What for.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

fn words_for_input(source: &io::Error) -> String {
    let again = "restore it and run again with --resume, or use it as it is now with --restart";
    match source.kind() {
        io::ErrorKind::UnexpectedEof => format!("it became shorter during the run; {again}"),
        _ => format!("{source}; {again}"),
    }
}

impl Error {
    /// Makes a [`Error::System`].
    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }

    /// stdout cannot be written.
    pub(crate) fn printing(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Output(OutputError::ClosedPipe),
            _ => Self::System { action: "print", source: error },
        }
    }

    /// Adds the command that resumes the run, where this failure leaves something to resume.
    #[must_use]
    pub(crate) fn with_way_on(self, command: &str) -> Self {
        let keeps_rows = matches!(
            self,
            Self::Output(OutputError::Io { .. }) | Self::Render(_) | Self::History(HistoryError::Sql { .. })
        );
        if keeps_rows { Self::Interrupted { cause: Box::new(self), command: command.to_owned() } } else { self }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Interrupted { cause, .. } => cause.exit_code(),
            Self::Job(_)
            | Self::Client(_)
            | Self::NotKept { .. }
            | Self::NoPrevious(_)
            | Self::OtherAppend(_)
            | Self::NoAccount(_)
            | Self::Name(_)
            | Self::Man(ManError::NoSuchCommand { .. })
            | Self::Previous(PreviousError::NotOurs { .. }) => ExitCode::Usage,
            Self::Output(error) if error.is_usage() => ExitCode::Usage,
            Self::History(error) if error.is_usage() => ExitCode::Usage,
            Self::Input(error) if error.is_usage() => ExitCode::Usage,
            Self::Output(OutputError::Held { .. }) => ExitCode::StoppedEarly,
            Self::Input(_)
            | Self::Output(_)
            | Self::Previous(_)
            | Self::History(_)
            | Self::Render(_)
            | Self::Man(ManError::Write(_))
            | Self::Listen { .. }
            | Self::ReadAgain { .. }
            | Self::System { .. } => ExitCode::Failure,
        }
    }

    /// Whether the only failure is that the reader of stdout is gone.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(OutputError::ClosedPipe))
    }
}
