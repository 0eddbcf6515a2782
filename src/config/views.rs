//! How a command is shown, and the files about its run.

use std::path::PathBuf;

use crate::cli::{AccountArgs, ConsoleArgs, ExportArgs, LogFormatArg, ProgressArg};
use crate::config::host::HostSource;
use crate::settings::console::{Console, LogFormat, Progress, Verbosity};
use crate::settings::report_files::Files;

impl ExportArgs {
    /// The files of the run. A dry run writes none about itself.
    pub(crate) fn files(&self) -> Files {
        let wanted = |path: &Option<PathBuf>| path.clone().filter(|_| !self.about.dry_run);
        Files {
            input: if self.reading.account_list.all_offers {
                "the account's offers".to_owned()
            } else {
                self.input.display().to_string()
            },
            output: self.output.output.display().to_string(),
            network: self.account.host(),
            report: wanted(&self.about.report),
            metrics: wanted(&self.about.metrics),
        }
    }
}

impl AccountArgs {
    /// The host, for files about the run; without the port of the sandbox, which differs in every run.
    fn host(&self) -> String {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        if self.sandbox {
            return "sandbox".to_owned();
        }
        let host = given(&self.base_url).map(HostSource::BaseUrl);
        let host = host.or_else(|| given(&self.network).map(HostSource::Network));
        host.and_then(HostSource::name).unwrap_or_default()
    }
}

impl ConsoleArgs {
    /// What the user wants to see.
    pub(crate) fn console(&self) -> Console {
        Console {
            progress: match self.progress {
                ProgressArg::Auto => Progress::Auto,
                ProgressArg::Always => Progress::Always,
                ProgressArg::Never => Progress::Never,
            },
            interval: self.progress_interval,
            verbosity: match (self.quiet, self.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, false) => Verbosity::Normal,
                (false, true) => Verbosity::Verbose,
            },
            log_format: self.log_format.into(),
        }
    }
}

impl From<LogFormatArg> for LogFormat {
    fn from(form: LogFormatArg) -> Self {
        match form {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}
