//! From the command line to an exit code: parses, runs one command, reports what failed.
//!
//! Must not decide anything about a run; that is up to the commands.

use std::time::Instant;

use crate::cli::{CheckArgs, Cli, Command, ExportArgs, ListArgs, ManError, Mistyped, SandboxArgs, StatusArgs};
use crate::commands::check::check;
use crate::commands::export::{dry_run, export};
use crate::commands::history::{changes, history};
use crate::commands::list::{End, list};
use crate::commands::sandbox::rehearse;
use crate::commands::status::Status;
use crate::config::{CheckJob, Environment, Job, JobError, ListJob};
use crate::core_dumps;
use crate::error::Error;
use crate::exit::ExitCode;
use crate::report::event::Audience;
use crate::report::{Event, Report, RunOutcome, print, with_causes};
use crate::run::beat;
use crate::settings::console::Console;
use crate::settings::report_files::Files;
use crate::signals;
use crate::signals::status_request::StatusRequests;

/// Runs the command that was typed and returns the exit code for it.
pub(crate) fn main() -> ExitCode {
    core_dumps::forbid();
    StatusRequests::survive();
    let (cli, settings) = match Cli::read() {
        Ok(read) => read,
        Err(mistyped) => return refuse(&mistyped),
    };
    let environment = Environment::read(settings);
    match cli.command {
        Command::Export(arguments) => run_export(*arguments, environment),
        Command::List(arguments) => run_list(*arguments, environment),
        Command::Check(arguments) => run_check(*arguments, environment),
        Command::Status(arguments) => run_status(&arguments),
        Command::Changes(arguments) => finish(changes(&arguments).map(|()| String::new())),
        Command::History(arguments) => finish(history(&arguments)),
        Command::Sandbox(arguments) => run_sandbox(&arguments),
        Command::Completions(arguments) => show(Ok(arguments.text())),
        Command::Man(arguments) => show(arguments.text()),
    }
}

fn run_export(arguments: ExportArgs, environment: Environment) -> ExitCode {
    let files = arguments.files();
    let mut report = Report::new(arguments.console.console(), Instant::now()).about(files.clone());
    let is_dry_run = arguments.about.dry_run;
    let job = match Job::new(arguments, environment) {
        Ok(job) => job,
        Err(error) => {
            // Writing a report of this failure would overwrite the file that must be kept.
            if matches!(error, JobError::SameFile { .. } | JobError::NoFolder { .. }) {
                report = report.about(Files::default());
            }
            if matches!(&error, JobError::Account(error) if error.is_key_for_host()) {
                report = report.about(Files { network: String::new(), ..files });
            }
            return fail(&error.into(), &report);
        }
    };
    if is_dry_run {
        let plan = wait_for(dry_run(&job, &report));
        return match plan.and_then(|plan| report.dry_run(&plan).map_err(Error::printing)) {
            Ok(()) => ExitCode::Success,
            Err(failure) => fail(&failure, &report),
        };
    }
    match wait_for(export(&job, &report)) {
        Ok((ending, summary)) => {
            if let RunOutcome::Interrupted(signal) = ending {
                signals::die_of(signal);
            }
            ending.exit_code(&summary)
        }
        Err(failure) => fail(&failure, &report),
    }
}

fn run_list(arguments: ListArgs, environment: Environment) -> ExitCode {
    let report = Report::new(arguments.console.console(), Instant::now());
    let job = ListJob::new(arguments, environment).map_err(Error::from);
    match job.and_then(|job| wait_for(list(&job, &report))) {
        Ok(end) => {
            if let End::Interrupted(signal) = end {
                signals::die_of(signal);
            }
            end.exit_code()
        }
        Err(failure) => fail(&failure, &report),
    }
}

fn refuse(mistyped: &Mistyped) -> ExitCode {
    let look = Console { log_format: mistyped.log_format, ..Console::default() };
    let (error, code, audience) = (mistyped.message.clone(), ExitCode::Usage, Audience::Everyone);
    Report::new(look, Instant::now()).emit(&Event::Failed { error, code, audience });
    ExitCode::Usage
}

fn run_check(arguments: CheckArgs, environment: Environment) -> ExitCode {
    let look = Console { log_format: arguments.log_format.into(), ..Console::default() };
    let report = Report::new(look, Instant::now());
    let job = CheckJob::new(arguments, environment);
    wait_for(check(&job, &report)).unwrap_or_else(|failure| fail(&failure, &report))
}

fn run_status(arguments: &StatusArgs) -> ExitCode {
    let look = Console { log_format: arguments.log_format.into(), ..Console::default() };
    let told = Status::of(&arguments.output).and_then(|status| {
        print(&status.text(look.log_format, jiff::Timestamp::now())).map_err(Error::printing)?;
        Ok(status.exit_code())
    });
    told.unwrap_or_else(|failure| fail(&failure, &Report::new(look, Instant::now())))
}

fn run_sandbox(arguments: &SandboxArgs) -> ExitCode {
    let report = Report::new(Console::default(), Instant::now());
    match wait_for(rehearse(arguments)) {
        Ok(signal) => {
            signals::die_of(signal);
            signal.exit_code()
        }
        Err(failure) => fail(&failure, &report),
    }
}

/// Prints the result of a command.
fn finish(text: Result<String, Error>) -> ExitCode {
    let printed = text.and_then(|text| if text.is_empty() { Ok(()) } else { print(&text).map_err(Error::printing) });
    match printed {
        Ok(()) => ExitCode::Success,
        Err(error) => fail(&error, &Report::new(Console::default(), Instant::now())),
    }
}

fn show(text: Result<String, ManError>) -> ExitCode {
    let report = Report::new(Console::default(), Instant::now());
    match text.map_err(Error::from).and_then(|text| print(&text).map_err(Error::printing)) {
        Ok(()) => ExitCode::Success,
        Err(failure) => fail(&failure, &report),
    }
}

/// One thread is plenty for calls: it makes thousands of times more than the published limit allows.
fn wait_for<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().on_thread_park(beat::rest).build();
    let runtime = runtime.map_err(Error::system("start the runtime"))?;
    let done = runtime.block_on(work);
    // Do not wait for a name lookup that is still running.
    runtime.shutdown_background();
    done
}

fn fail(failure: &Error, report: &Report) -> ExitCode {
    let (error, code) = (with_causes(failure), failure.exit_code());
    let nobody_reads = failure.is_closed_pipe();
    let audience = if nobody_reads { Audience::FilesOnly } else { Audience::Everyone };
    report.emit(&Event::Failed { error, code, audience });
    if nobody_reads {
        signals::die_of_closed_pipe();
    }
    code
}
