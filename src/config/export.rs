//! `export`: from what was typed to a job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{AboutArgs, ExportArgs, InputArgs, LinksArg, OutputArgs, command_with, retry_command};
use crate::config::accounts::{CallSettings, Chosen, Targets, Want};
use crate::config::all_offers::AllOffers;
use crate::config::environment::Environment;
use crate::config::error::JobError;
use crate::config::history::{HistoryUse, OnFailure};
use crate::config::job::{Append, Invocation, Job, OutputSettings, RetryFailed, Start, Tolerance, Work};
use crate::config::networks::Networks;
use crate::config::{distinct_paths, endings, retry_failed};
use crate::encode::link_template::Template;
use crate::encode::schema::Field;
use crate::encode::{Dialect, OutputFormat, Schema};
use crate::input::{ColumnChoice, Keep, Options, Source, WantedColumns};
use crate::settings::links::Links;
use crate::settings::origin::Setting;

/// A file that was written to within this time may end in half a line.
const SETTLE: Duration = Duration::from_secs(1);

impl Job {
    /// Checks and interprets the arguments of `export`.
    ///
    /// # Errors
    /// Says which argument is wrong or missing.
    pub(crate) fn new(arguments: ExportArgs, environment: Environment) -> Result<Self, JobError> {
        let ExportArgs { input, account, reading, output, pace, again, keep, about, net, console: _ } = arguments;
        let typed = CallSettings {
            account,
            call: pace.call,
            attempts: pace.attempts,
            net,
            concurrency: Some(pace.concurrency),
        };
        let arguments = environment.arguments.clone();
        let column = reading.network_column.clone();
        let want = if reading.account_list.all_offers { Want::Each } else { Want::Rows(column) };
        let Chosen { networks, settings, warnings, file } = chosen(&typed, environment, &want, &about)?;
        let history = HistoryUse::of(keep, file.history.map(|history| history.value))?;
        let format = format(&output)?;
        let rows = format.rows_file(&output.output);
        again.retry_failed.map_or(Ok(()), |_| retry_failed::refuse_output_as_input(&input, &settings))?;
        let append = append(&output, again.retry_failed.is_some(), &rows)?;
        let all_offers = AllOffers::of(&reading.account_list, &output.output, &settings)?;
        let schema = schema(&networks, history.as_ref());
        let options = AllOffers::reading(all_offers.as_ref(), options(reading, &append.template, schema.clone())?);
        let work = match (again.retry_failed, all_offers) {
            (Some(which), _) => Work::FailedRows(RetryFailed::from(which)),
            (None, Some(list)) => Work::AllOffers { list, options },
            (None, None) => Work::Input { source: Source::from_argument(&input), options },
        };
        // With --retry-failed the input is not read, and the default input may exist.
        let input = matches!(work, Work::Input { .. }).then_some(input.as_path());
        distinct_paths::refuse_same(&Files { input, rows: &rows, output: &output, format, work: &work }.named(
            &about,
            &typed,
            history.as_ref(),
        ))?;
        distinct_paths::refuse_missing_folders(&about)?;
        Ok(Self {
            work,
            networks,
            output: OutputSettings { path: output.output, format, schema },
            links: match output.links {
                LinksArg::All => Links::All,
                LinksArg::Default => Links::Default,
            },
            append,
            history,
            tolerance: Tolerance { max_errors: pace.max_errors, min_ok: output.min_ok },
            start: Start::of(again.resume, again.restart),
            invocation: Invocation {
                about: [about.report, about.metrics].into_iter().flatten().collect(),
                resume_command: command_with(arguments.iter().cloned(), "--resume"),
                retry_command: retry_command(arguments.into_iter()),
                warnings,
                settings,
            },
        })
    }
}

/// The networks; a dry run can do without an account.
fn chosen(typed: &CallSettings, environment: Environment, want: &Want, about: &AboutArgs) -> Result<Chosen, JobError> {
    let settings = environment.settings.clone();
    match Targets::of(typed, environment, want)?.into_networks() {
        Err(missing @ JobError::Account(_)) if about.dry_run => {
            Ok(Chosen::not_given(missing.to_string(), without_key(settings), typed))
        }
        chosen => chosen,
    }
}

fn without_key(mut settings: Vec<Setting>) -> Vec<Setting> {
    Setting::mark_beaten(&mut settings);
    settings
}

/// What is added to links; with `--retry-failed`, what the first run added, unless `--append` is given.
fn append(output: &OutputArgs, retries: bool, rows: &Path) -> Result<Append, JobError> {
    let first_run = if retries { retry_failed::first_append(rows) } else { None };
    let typed = output.append.as_deref().map(Template::parse).transpose()?;
    let template = typed.or_else(|| first_run.clone()).unwrap_or_default();
    Ok(Append { template, is_typed: output.append.is_some(), first_run })
}

/// The files of a run, no two of which may be the same.
struct Files<'a> {
    input: Option<&'a Path>,
    rows: &'a Path,
    output: &'a OutputArgs,
    format: OutputFormat,
    work: &'a Work,
}

impl<'a> Files<'a> {
    /// Each with the argument that names it.
    fn named(
        &self,
        about: &'a AboutArgs,
        typed: &'a CallSettings,
        history: Option<&HistoryUse>,
    ) -> Vec<(&'static str, PathBuf)> {
        let mut named: Vec<(&'static str, PathBuf)> = Vec::new();
        let mut add = |argument, path: Option<&Path>| named.extend(path.map(|path| (argument, path.to_owned())));
        add("INPUT", self.input);
        add("-o", Some(self.rows));
        add("--report", about.report.as_deref());
        add("--metrics", about.metrics.as_deref());
        add("--api-key-file", typed.account.api_key_file.as_deref());
        add("--cacert", typed.net.cacert.as_deref());
        add("--config", typed.account.config.as_deref());
        for (argument, file) in history.into_iter().flat_map(HistoryUse::named_files) {
            add(argument, Some(&file));
        }
        let workbook = (self.format == OutputFormat::Xlsx).then_some(self.output.output.as_path());
        add("-o", workbook);
        add("-o, for the list beside it,", self.work.all_offers().map(|list| list.file.as_path()));
        for file in distinct_paths::beside(self.rows, workbook) {
            add("-o, for a file beside it,", Some(&file));
        }
        named
    }
}

/// The columns of the output: with several networks there is a column `network`, and with old rows `last_good_at`.
fn schema(networks: &Networks, history: Option<&HistoryUse>) -> Schema {
    let schema = if networks.are_several() { Schema::default().with(Field::Network) } else { Schema::default() };
    match history.map(|history| history.on_failure) {
        Some(OnFailure::LastGoodRows) => schema.with(Field::LastGoodAt),
        Some(OnFailure::ErrorRow) | None => schema,
    }
}

fn options(arguments: InputArgs, template: &Template, schema: Schema) -> Result<Options, JobError> {
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
        sheet: arguments.sheet,
        columns: WantedColumns { keep, also: template.columns().map(str::to_owned).collect(), network: None, schema },
    })
}

/// The format of the output.
fn format(arguments: &OutputArgs) -> Result<OutputFormat, JobError> {
    let ending = endings::ending(&arguments.output).unwrap_or_default();
    if endings::is_foreign(&ending) || (ending == "json" && arguments.format.is_none()) {
        return Err(JobError::FileEnding(arguments.output.clone()));
    }
    match (arguments.format.unwrap_or_else(|| OutputFormat::of_ending(&ending)), arguments.excel) {
        (OutputFormat::Csv(_), true) => Ok(OutputFormat::Csv(Dialect::Excel)),
        (OutputFormat::Jsonl, true) => Err(JobError::ExcelFormat("JSON")),
        (OutputFormat::Xlsx, true) => Err(JobError::ExcelFormat("a workbook")),
        (OutputFormat::Xlsx, false) if arguments.output.as_os_str() == "-" => Err(JobError::WorkbookToStdout),
        (format, false) => Ok(format),
    }
}
