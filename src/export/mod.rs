//! The job: joins input, schedule, client and output into one run.
//!
//! Here everything is opened before the loop of [`run`] and closed behind it.

mod failure;
mod in_flight;
mod rows;
mod run;
mod writer;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use self::failure::Failure;
use self::rows::Rows;
use self::run::Run;
use self::writer::{Opened, Writer};
use crate::api::Client;
use crate::input::{Input, Source};
use crate::job::{Job, Network};
use crate::report::{Closing, Ending, Level, Plan, Report, print};
use crate::sandbox::limit::Rules;
use crate::sandbox::{self, Sandbox};
use crate::schedule::pace::Pace;
use crate::schedule::window::Window;
use crate::schedule::{Policy, Schedule};
use crate::settings::network::Account;
use crate::settings::rate::Rate;
use crate::signals::{Signal, Signals};
use crate::summary::Summary;

/// How long calls in flight are waited for when a run stops early.
const DRAIN: Duration = Duration::from_secs(10);

/// Runs an export from start to end and reports it.
///
/// # Errors
/// What kept it from being done, on this machine. What the network did wrong is an [`Ending`].
pub async fn export(job: &Job, report: &mut Report) -> Result<(Ending, Summary), Failure> {
    let mut signals = Signals::listen().map_err(Failure::system("listen to signals"))?;
    for warning in &job.warnings {
        report.say(Level::Warning, warning);
    }
    let (account, _sandbox) = account(job)?;
    let client = Client::new(&account, &job.http)?;
    let mut input = Input::open(&job.source, &job.reading)?;
    let writer = match Writer::open(job, &mut input, report)? {
        Opened::Writer(writer) => *writer,
        Opened::Finished(summary) => {
            report.say(Level::Info, &format!("{} was finished by the run before", job.output.display()));
            return Ok((Ending::Complete, summary));
        }
    };

    let host = host(&account);
    let output = job.output.display().to_string();
    let now = Instant::now();
    let plan = Plan {
        input: &job.source.to_string(),
        output: &output,
        host: &host,
        total: input.total(),
        done: writer.summary().offers,
        rate: job.policy.rate,
        period: Pace::new(job.policy.rate, now).period(),
    };
    report.start(&plan, now);

    let resumable = writer.can_resume(&job.source);
    let rows = match job.source {
        Source::File(_) => Rows::of_file(input),
        Source::Stdin => Rows::of_pipe(input).map_err(Failure::system("start a thread for the input"))?,
    };
    let drain = job.policy.max_duration.map_or(DRAIN, |max| DRAIN.min(max / 10));
    // A promise to the next job: what is in flight has to end within --max-duration too.
    let policy = Policy { max_duration: job.policy.max_duration.map(|max| max.saturating_sub(drain)), ..job.policy };
    let schedule = Schedule::new(policy, fastrand::u64(..), now);
    let run = Run { rows, window: Window::new(), schedule, writer, max_errors: job.max_errors, drain, waiting: None };
    let (ending, summary, counts) = run.run(&client, &mut signals, report).await?;
    let resume_command = &job.resume_command;
    report.close(&Closing {
        ending: &ending,
        summary: &summary,
        counts,
        output: &output,
        resumable,
        resume_command,
        host: &host,
    });
    Ok((ending, summary))
}

fn account(job: &Job) -> Result<(Account, Option<Sandbox>), Failure> {
    match &job.network {
        Network::Real(account) => Ok((account.clone(), None)),
        Network::Sandbox => {
            let sandbox = Sandbox::start(sandbox::Options::default());
            let sandbox = sandbox.map_err(Failure::system("start the sandbox network"))?;
            let account = sandbox.account().map_err(Failure::system("reach the sandbox network"))?;
            Ok((account, Some(sandbox)))
        }
    }
}

/// The host as the user knows it, without scheme and path.
fn host(account: &Account) -> String {
    let url = &account.base_url;
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Serves the sandbox network until a signal comes.
///
/// # Errors
/// The address cannot be listened on.
pub async fn rehearse(listen: SocketAddr, rate: Rate) -> Result<Signal, Failure> {
    let mut signals = Signals::listen().map_err(Failure::system("listen to signals"))?;
    let rules = rate.limit().map(|limit| Rules { limit, ..Rules::PUBLISHED });
    let sandbox = Sandbox::start(sandbox::Options { listen, limit: rules, ..sandbox::Options::default() });
    let sandbox = sandbox.map_err(Failure::system("serve the sandbox network"))?;
    let settings = format!(
        "export OFFERSLOOK_BASE_URL={} OFFERSLOOK_EMAIL={} OFFERSLOOK_API_KEY={}\n",
        sandbox.base_url(),
        sandbox::EMAIL,
        sandbox::API_KEY,
    );
    print(&settings).map_err(Failure::system("print the settings"))?;
    Ok(signals.next().await)
}
