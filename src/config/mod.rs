//! From what was typed to what is to be done: every flag checked and turned into a plain value, before anything is
//! opened or called.

mod all_offers;
pub(crate) mod credentials;
pub(crate) mod distinct_paths;
mod job_id;
mod legacy_key;
mod list;
#[allow(dead_code, reason = "several networks: the router and the lanes of `run` take them up next")]
pub(crate) mod networks;
pub(crate) mod pasted;
mod retry;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

pub(crate) use self::all_offers::AllOffers;
pub(crate) use self::job_id::{Comparison, OpenedRows};
pub(crate) use self::list::{CheckJob, ListJob};
pub(crate) use self::networks::{Network, NetworkConfig, Networks, Routing};
use crate::cli::{
    AccountArgs, AttemptArgs, CallArgs, ExportArgs, InputArgs, LinksArg, LogFormatArg, LookArgs, NetArgs, OutputArgs,
    ProgressArg, RetryFailedArg, command_with, retry_command,
};
use crate::config::credentials::{AccountError, AccountSource, HostSource, KeySource};
use crate::dispatch::Policy;
use crate::encode::link_template::{BadTemplate, Template};
use crate::encode::schema::Field;
use crate::encode::{Dialect, OutputFormat, Schema};
use crate::input::{ColumnChoice, Keep, NetworkColumn, Options, Source};
use crate::settings::console::{Console, LogFormat, Progress, Verbosity};
use crate::settings::links::Links;
use crate::settings::network::Http;
use crate::settings::origin::{Setting, SettingSource};
use crate::settings::report_files::Files;
use crate::settings::units::{MaxErrors, MinOk};

/// One export.
#[derive(Debug)]
pub(crate) struct Job {
    /// Where the offers come from.
    pub source: Source,
    /// The account's list, where that is the input: `source` is the file it is kept in.
    pub all_offers: Option<AllOffers>,
    /// How the input is read.
    pub reading: Options,
    /// The file to write; `-` is stdout.
    pub output: PathBuf,
    /// Its format.
    pub format: OutputFormat,
    /// Which links of an offer are exported.
    pub links: Links,
    /// What is added to links.
    pub template: Template,
    /// Whether the user has said so.
    pub is_append_typed: bool,
    /// What the run added whose failed offers are asked for again, if that is remembered.
    pub first_append: Option<Template>,
    /// Which networks are called; mostly one.
    pub networks: Networks,
    /// When failures are too many.
    pub max_errors: Option<MaxErrors>,
    /// How many exported offers an older output is replaced by.
    pub min_ok: MinOk,
    /// What becomes of an interrupted run.
    pub start: Start,
    /// Which offers to ask for again, instead of reading an input.
    pub retry_failed: Option<RetryFailed>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Files about the run that are written besides.
    pub about: Vec<PathBuf>,
    /// The command that was typed, with `--resume`.
    pub resume_command: String,
    /// The command that asks again for what failed in this run.
    pub retry_command: String,
    /// Things the user should know before the run.
    pub warnings: Vec<String>,
    /// The settings, and where each came from.
    pub settings: Vec<Setting>,
}

/// What becomes of an interrupted run of the same job, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Goes on with one that is younger than a day.
    GoOnIfRecent,
    /// Goes on with it, however old it is (`--resume`).
    GoOn,
    /// Starts over (`--restart`).
    Over,
}

impl Start {
    const fn of(resume: bool, restart: bool) -> Self {
        match (resume, restart) {
            (_, true) => Self::Over,
            (true, false) => Self::GoOn,
            (false, false) => Self::GoOnIfRecent,
        }
    }
}

/// Which of the failed offers of an earlier output are asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryFailed {
    /// Those whose failure may pass.
    Passing,
    /// Every one that has an ID.
    All,
}

impl From<RetryFailedArg> for RetryFailed {
    fn from(which: RetryFailedArg) -> Self {
        match which {
            RetryFailedArg::Passing => Self::Passing,
            RetryFailedArg::All => Self::All,
        }
    }
}

/// A command line that makes no sense as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// `--append`.
    #[error(transparent)]
    Template(#[from] BadTemplate),
    /// `--column 0`
    #[error("--column counts from 1")]
    ColumnZero,
    /// `--excel` with something else than CSV.
    #[error("--excel is for CSV output; {0} needs none of it")]
    ExcelFormat(&'static str),
    /// A file whose name says something that is not written.
    #[error("{}: offerlinks writes .csv, .jsonl and .xlsx; give the output (-o) one of these endings", .0.display())]
    FileEnding(PathBuf),
    /// A list under a name that says it is something else.
    #[error("{}: list writes CSV; give the output (-o) the ending .csv", .0.display())]
    ListEnding(PathBuf),
    /// A workbook is a file.
    #[error("a workbook cannot be written to stdout; give a file with -o")]
    WorkbookToStdout,
    /// A flag asks for something else than `--all-offers`.
    #[error("{flag} cannot be used with --all-offers: {why}")]
    NotWithAllOffers {
        /// The flag.
        flag: String,
        /// Why not.
        why: &'static str,
    },
    /// `--retry-failed` reads the output, which is not where it was typed.
    #[error(
        "--retry-failed asks again for what failed in an earlier output, and {} is one: name it with -o {}",
        .0.display(), .0.display()
    )]
    RetryOfInput(PathBuf),
    /// The list has to be kept somewhere.
    #[error("--all-offers keeps the account's list beside the output, so that needs to be a file: name one with -o")]
    AllOffersToStream,
    /// A file about the run has no folder to stand in.
    #[error("{flag}: {error}")]
    NoFolder {
        /// The flag.
        flag: &'static str,
        /// Which.
        error: crate::output::OutputError,
    },
    /// The output cannot be one.
    #[error(transparent)]
    Output(crate::output::OutputError),
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

/// A file that was written to within this time may end in half a line.
const SETTLE: Duration = Duration::from_secs(1);

/// Where the key is looked for when there is no file.
const KEY_VARIABLE: &str = "OFFERSLOOK_API_KEY";

/// What comes from the environment besides the twins of flags.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// `OFFERSLOOK_API_KEY`; has no flag, because arguments can be seen by everyone on the machine.
    pub api_key: Option<SecretString>,
    /// The command line as typed.
    pub arguments: Vec<OsString>,
    /// The settings of the command, and where each came from.
    pub settings: Vec<Setting>,
}

impl Environment {
    /// Reads it. An empty key is no key: that is how a variable is unset in many tools.
    pub(crate) fn read(settings: Vec<Setting>) -> Self {
        let api_key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.trim().is_empty());
        Self { api_key: api_key.map(SecretString::from), arguments: std::env::args_os().collect(), settings }
    }
}

impl Job {
    /// Checks and interprets the arguments of `export`.
    ///
    /// # Errors
    /// Says which argument is wrong or missing.
    pub(crate) fn new(arguments: ExportArgs, environment: Environment) -> Result<Self, JobError> {
        let ExportArgs { input, account, reading, account_list, output, pace, again, about, net, look: _ } = arguments;
        let mut warnings = Vec::new();
        let key_file = account.api_key_file.clone();
        let network = match network(account, environment.api_key, &environment.settings, &mut warnings) {
            Err(missing) if about.dry_run => Network::NotGiven(missing.to_string()),
            network => network?,
        };
        let named_by = Setting::of_host(&environment.settings);
        let settings = with_key(environment.settings, key_file.clone(), &network);
        let concurrency = pace.concurrency.get();
        let http = http(net.clone(), &pace.call, concurrency, named_by);
        let policy = policy(&pace.call, &pace.attempts, concurrency);
        let networks = Networks::single(NetworkConfig { name: network.host(), network, http, policy });
        let format = format(&output)?;
        let rows_file = format.rows_file(&output.output);
        let rows_path = rows_file.as_path();
        let workbook = (format == OutputFormat::Xlsx).then_some(output.output.as_path());
        again.retry_failed.map_or(Ok(()), |_| retry::refuse_output_as_input(&input, &settings))?;
        let first_append = again.retry_failed.and_then(|_| retry::first_append(rows_path));
        let typed = output.append.as_deref().map(Template::parse).transpose()?;
        let template = typed.or_else(|| first_append.clone()).unwrap_or_default();
        let all_offers = AllOffers::of(account_list, &output.output, &settings)?;
        let source = all_offers.as_ref().map_or_else(|| Source::from_argument(&input), AllOffers::source);
        let reading = AllOffers::reading(all_offers.as_ref(), options(reading, &template)?);
        // With --retry-failed the input is not read, and its default may well be there.
        let is_read = again.retry_failed.is_none() && all_offers.is_none();
        let input_path = is_read.then_some(("INPUT", input.as_path()));
        let about_run = [("--report", &about.report), ("--metrics", &about.metrics)];
        let working_files = distinct_paths::beside(rows_path, workbook);
        let read = [("--api-key-file", &key_file), ("--cacert", &net.cacert)];
        let others = about_run.iter().chain(&read).filter_map(|(argument, path)| Some((*argument, path.as_deref()?)));
        let mut named: Vec<_> = input_path.into_iter().chain([("-o", rows_path)]).chain(others).collect();
        named.extend(workbook.map(|workbook| ("-o", workbook)));
        named.extend(all_offers.iter().map(|list| ("-o, for the list beside it,", list.file.as_path())));
        named.extend(working_files.iter().map(|file| ("-o, for a file beside it,", file.as_path())));
        distinct_paths::refuse_same(&named)?;
        distinct_paths::refuse_missing_folders(&about)?;
        Ok(Self {
            source,
            all_offers,
            reading,
            output: output.output,
            format,
            template,
            links: links(output.links),
            is_append_typed: output.append.is_some(),
            first_append,
            networks,
            max_errors: pace.max_errors,
            min_ok: output.min_ok,
            start: Start::of(again.resume, again.restart),
            retry_failed: again.retry_failed.map(RetryFailed::from),
            dry_run: about.dry_run,
            about: [about.report, about.metrics].into_iter().flatten().collect(),
            resume_command: command_with(environment.arguments.iter().cloned(), "--resume"),
            retry_command: retry_command(environment.arguments.into_iter()),
            warnings,
            settings,
        })
    }
}

impl Job {
    /// How the input is read, with what several networks add: their column, in the input and in the output.
    pub(crate) fn reading(&self) -> Options {
        let mut reading = self.reading.clone();
        if self.networks.are_several() {
            reading.schema = reading.schema.with(Field::Network);
        }
        reading.network = match self.networks.routing() {
            Routing::Single => None,
            Routing::Column { name, is_optional: true } => Some(NetworkColumn::Optional(name.clone())),
            Routing::Column { name, is_optional: false } => Some(NetworkColumn::Required(name.clone())),
        };
        reading
    }

    /// The file that the rows go to: the output, or the CSV that a workbook is made from.
    pub(crate) fn rows_file(&self) -> PathBuf {
        self.format.rows_file(&self.output)
    }

    /// The workbook to make from the finished rows.
    pub(crate) fn workbook(&self) -> Option<&Path> {
        (self.format == OutputFormat::Xlsx).then_some(self.output.as_path())
    }
}

impl ExportArgs {
    /// The files of the run. A dry run writes none about itself.
    pub(crate) fn files(&self) -> Files {
        let wanted = |path: &Option<PathBuf>| path.clone().filter(|_| !self.about.dry_run);
        Files {
            input: if self.account_list.all_offers {
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
    /// The host that is to be called, for files about the run: the sandbox has a port that no two runs share.
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

impl LookArgs {
    /// What the user wants to see.
    pub(crate) fn look(&self) -> Console {
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

fn network(
    arguments: AccountArgs,
    api_key: Option<SecretString>,
    settings: &[Setting],
    warnings: &mut Vec<String>,
) -> Result<Network, AccountError> {
    if arguments.sandbox {
        return Ok(Network::Sandbox);
    }
    // An empty variable is an unset one.
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let base_url = given(arguments.base_url).filter(|_| !Setting::network_wins(settings)).map(HostSource::BaseUrl);
    let key_file = arguments.api_key_file.filter(|path| !path.as_os_str().is_empty()).map(KeySource::File);
    let source = AccountSource {
        host: base_url.or_else(|| given(arguments.network).map(HostSource::Network)),
        email: given(arguments.email),
        key: key_file.or_else(|| api_key.map(KeySource::Value)),
    };
    let (account, more) = source.resolve()?;
    warnings.extend(more);
    Ok(Network::Real(account))
}

fn options(arguments: InputArgs, template: &Template) -> Result<Options, JobError> {
    let column = match arguments.column.map(|column| (column.trim().parse::<usize>(), column)) {
        Some((Ok(0), _)) => return Err(JobError::ColumnZero),
        Some((Ok(number), _)) => Some(ColumnChoice::Number(number)),
        Some((Err(_), name)) => Some(ColumnChoice::Name(name)),
        None => None,
    };
    let keep = match arguments.keep.trim() {
        "all" => Keep::All,
        "none" | "" => Keep::None,
        names => Keep::Columns(names.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    Ok(Options {
        column,
        delimiter: arguments.delimiter,
        no_headers: arguments.no_headers,
        skip_lines: arguments.skip_lines,
        allow_empty: arguments.allow_empty,
        settle: SETTLE,
        keep,
        also: template.columns().map(str::to_owned).collect(),
        sheet: arguments.sheet,
        network: None,
        schema: Schema::default(),
    })
}

/// Endings of files that other programs would take for something else than what is written.
const OTHERS: [&str; 31] = [
    "xls", "xlsb", "xlsm", "xlt", "xltx", "xltm", "xlam", "xlw", "ods", "ots", "fods", "sxc", "numbers", "gnumeric",
    "pdf", "html", "htm", "xml", "doc", "docx", "odt", "rtf", "parquet", "db", "sqlite", "gz", "bz2", "xz", "zst",
    "zip", "7z",
];

/// The format of the output.
fn links(argument: LinksArg) -> Links {
    match argument {
        LinksArg::All => Links::All,
        LinksArg::Default => Links::Default,
    }
}

fn format(arguments: &OutputArgs) -> Result<OutputFormat, JobError> {
    let ending = arguments.output.extension().map(OsStr::to_ascii_lowercase).unwrap_or_default();
    let ending = ending.to_str().unwrap_or_default();
    if OTHERS.contains(&ending) || (ending == "json" && arguments.format.is_none()) {
        return Err(JobError::FileEnding(arguments.output.clone()));
    }
    match (arguments.format.unwrap_or_else(|| OutputFormat::of_ending(ending)), arguments.excel) {
        (OutputFormat::Csv(_), true) => Ok(OutputFormat::Csv(Dialect::Excel)),
        (OutputFormat::Jsonl, true) => Err(JobError::ExcelFormat("JSON")),
        (OutputFormat::Xlsx, true) => Err(JobError::ExcelFormat("a workbook")),
        (OutputFormat::Xlsx, false) if arguments.output.as_os_str() == "-" => Err(JobError::WorkbookToStdout),
        (format, false) => Ok(format),
    }
}

fn http(arguments: NetArgs, call: &CallArgs, concurrency: usize, named_by: Option<String>) -> Http {
    let Http { host_named_by, .. } = Http::default();
    Http {
        host_named_by: named_by.unwrap_or(host_named_by),
        timeout: call.timeout,
        connect_timeout: call.connect_timeout,
        proxy: arguments.proxy,
        cacert: arguments.cacert,
        allow_http: arguments.allow_http,
        user_agent: arguments.user_agent,
        max_body: arguments.max_body,
        concurrency,
    }
}

fn policy(call: &CallArgs, attempts: &AttemptArgs, concurrency: usize) -> Policy {
    let AttemptArgs { retries, max_outage, max_duration } = *attempts;
    Policy { rate: call.rate, concurrency, retries, max_outage, max_duration }
}

/// The settings with the key among them: that it is there, and where from, but not what it is.
fn with_key(mut settings: Vec<Setting>, file: Option<PathBuf>, network: &Network) -> Vec<Setting> {
    if let Network::Real(account) = network {
        let length = account.api_key.expose_secret().chars().count();
        let file = file.filter(|path| !path.as_os_str().is_empty());
        let origin = file.map_or_else(|| SettingSource::Environment(KEY_VARIABLE.to_owned()), SettingSource::KeyFile);
        settings.push(Setting::key(Some(length), origin));
    }
    Setting::mark_beaten(&mut settings);
    settings
}
