//! `check`: one call, and what it says about every gate on the way to the network.
//!
//! Here the evidence is gathered; `findings` and `diagnosis` draw the conclusions, and `api::redact` keeps the keys out of
//! what is printed.

mod certificate;
mod diagnosis;
mod findings;
mod gate;
mod reply_dump;
mod settings;

use std::io;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::net::lookup_host;
use tokio::time::{sleep_until, timeout};

use self::findings::{Evidence, Findings, Lookup};
use self::gate::CheckStatus;
use crate::api::redact::Redactor;
use crate::api::{Client, RawReply, TransportError};
use crate::budget::redis::address::Address;
use crate::budget::{self, Neighbours, Participant, SharedLimit};
use crate::config::{CheckJob, CheckTarget, Network};
use crate::error::Error;
use crate::exit::ExitCode;
use crate::pace::{Pace, Permit, Signal};
use crate::report::{Report, print};
use crate::run::session::{self, Session};
use crate::settings::console::LogFormat;
use crate::settings::network::host_and_port;
use crate::settings::origin::Setting;
use crate::text;

/// The cheapest call that has to pass every gate; its path and query.
const PATH: [&str; 1] = ["offers"];
const QUERY: [(&str, &str); 3] = [("type", "personal"), ("limit", "1"), ("offset", "1")];

/// The number of networks that are checked at the same time.
const AT_ONCE: usize = 16;

/// Prints a line for every gate of each network, or one JSON object; returns the worst exit code.
///
/// # Errors
/// The command failed on this machine. A closed gate is a result, not an error.
pub(crate) async fn check(job: &CheckJob, report: &Report) -> Result<ExitCode, Error> {
    let targets = match &job.targets {
        Ok(targets) => targets,
        Err(error) => {
            let view = View { job, name: None };
            return view.wrong_settings(&[], &error.to_string(), ExitCode::Usage);
        }
    };
    let are_several = targets.len() > 1;
    let keys = targets.iter().filter_map(|target| target.network.as_ref().ok()).filter_map(Network::account);
    let secrets: Vec<Redactor> = keys.map(Redactor::of).collect();
    let mut results = Vec::new();
    let looks =
        stream::iter(targets).map(|target| async move { (target, look(target, job.budget.as_ref(), report).await) });
    let mut looks = pin!(looks.buffered(AT_ONCE));
    while let Some((target, looked)) = looks.next().await {
        let view = View { job, name: are_several.then_some(target.name.as_str()) };
        let code = view.result(target, looked?, &secrets)?;
        results.push((target.name.as_str(), code));
    }
    let worst = worst(results.iter().map(|(_, code)| *code));
    if are_several {
        View { job, name: None }.summary(&results, worst)?;
    }
    Ok(worst)
}

/// The exit code of several results: what needs a change comes before what may pass by itself.
fn worst(codes: impl Iterator<Item = ExitCode>) -> ExitCode {
    let rank = |code: &ExitCode| match code {
        ExitCode::Success => 0,
        ExitCode::StoppedEarly => 1,
        ExitCode::Refused => 2,
        _ => 3,
    };
    codes.max_by_key(rank).unwrap_or(ExitCode::Success)
}

/// The result of checking one network.
enum Looked {
    /// There is no account to call with.
    WrongSettings(String, ExitCode),
    /// What its call shows about every gate, and the reply as it came.
    Called(Findings, Result<RawReply, TransportError>),
}

/// Sends the one call to a network.
async fn look(target: &CheckTarget, shared: Option<&Address>, report: &Report) -> Result<Looked, Error> {
    let network = match &target.network {
        Ok(network) => network,
        Err(error) => return Ok(Looked::WrongSettings(error.to_string(), ExitCode::Usage)),
    };
    let session = match Session::open(network, &target.http, Client::inspecting) {
        Ok(session) => session,
        Err(failure @ Error::Client(_)) => {
            return Ok(Looked::WrongSettings(failure.to_string(), failure.exit_code()));
        }
        Err(failure) => return Err(failure),
    };
    let lookup = look_up(&session, target.http.connect_timeout).await;
    let neighbours = Neighbours::default();
    let limits = SharedLimit { rate: target.policy.rate, budget: shared, neighbours: &neighbours };
    let (mut budget, mut pace, permit) = wait_for_turn(network, limits, &session.host, report).await;
    let call = session.client.get(&PATH, &QUERY).await;
    pace.answered(permit, Instant::now(), if call.is_ok() { Signal::Passed } else { Signal::Lost });
    budget.leave(&pace.still_counting(Instant::now())).await;
    let shared = match (shared, target.policy.rate.limit()) {
        (Some(address), Some(limit)) => Some(budget::look(address, &session.account.base_url, limit).await),
        _ => None,
    };
    let evidence = Evidence {
        host: &session.host,
        proxy: session.client.proxy().and_then(|(url, named_by)| Some((host_and_port(url)?, named_by))),
        way_out: &call.as_ref().err().map(|failure| session.client.way_out(failure.fault)).unwrap_or_default(),
        is_tls: session.account.base_url.scheme() == "https",
        rate: target.policy.rate,
        lookup,
        call: &call,
        budget: shared.as_ref(),
        now: SystemTime::now(),
    };
    let findings = evidence.findings();
    Ok(Looked::Called(findings, call))
}

/// Prints results.
struct View<'a> {
    job: &'a CheckJob,
    /// The network, where there are several.
    name: Option<&'a str>,
}

impl View<'_> {
    /// The result of one network.
    fn result(&self, target: &CheckTarget, looked: Looked, secrets: &[Redactor]) -> Result<ExitCode, Error> {
        let hide = |text: &str| secrets.iter().fold(text.to_owned(), |text, secrets| secrets.hide(&text));
        let (findings, call) = match looked {
            Looked::WrongSettings(why, code) => return self.wrong_settings(&target.settings, &hide(&why), code),
            Looked::Called(findings, call) => (findings, call),
        };
        let reply = self.job.show_reply.then(|| match &call {
            Ok(reply) => reply_dump::show(reply, hide),
            Err(failure) => format!("no reply: {}\n", text::shown(&hide(&failure.to_string()))),
        });
        match self.job.log_format {
            LogFormat::Text => {
                self.heading()?;
                tell(&settings::with_settings(&settings::indented(&target.settings), &target.warnings))?;
                tell(&hide(&findings.text()))?;
                reply.map_or(Ok(()), |reply| tell(&format!("\n{reply}")))?;
            }
            LogFormat::Json => {
                let warnings = target.warnings.join("; ");
                let state = if warnings.is_empty() { CheckStatus::Pass } else { CheckStatus::Warn };
                let shown = settings::json_of_settings(&target.settings, state, &warnings);
                self.tell_json(&shown, &findings.json(hide), reply.as_deref(), findings.exit_code())?;
            }
        }
        Ok(findings.exit_code())
    }

    /// Prints that there is no account to call with.
    fn wrong_settings(&self, settings: &[Setting], why: &str, code: ExitCode) -> Result<ExitCode, Error> {
        match self.job.log_format {
            LogFormat::Text => {
                self.heading()?;
                tell(&settings::without_settings(&settings::indented(settings), why))?;
            }
            LogFormat::Json => {
                let shown = settings::json_of_settings(settings, CheckStatus::Fail, why);
                self.tell_json(&shown, &[], None, code)?;
            }
        }
        Ok(code)
    }

    fn heading(&self) -> Result<(), Error> {
        self.name.map_or(Ok(()), |name| tell(&format!("network {}\n", text::shown(name))))
    }

    /// A line for each of several networks.
    fn summary(&self, results: &[(&str, ExitCode)], worst: ExitCode) -> Result<(), Error> {
        match self.job.log_format {
            LogFormat::Text => {
                let lines = results.iter().map(|(name, code)| format!("{:<12} {}\n", text::shown(name), word(*code)));
                tell(&format!("\n{}", lines.collect::<String>()))
            }
            LogFormat::Json => {
                let each = results.iter().map(|(name, code)| json!({"network": name, "exit_code": code.code()}));
                let each: Vec<_> = each.collect();
                let object = json!({"event": "checked_all", "exit_code": worst.code(), "networks": each});
                tell(&format!("{}\n", text::shown_json(&object.to_string())))
            }
        }
    }

    /// The same for programs: one object on one line.
    fn tell_json(&self, settings: &Value, gates: &[Value], reply: Option<&str>, code: ExitCode) -> Result<(), Error> {
        let code = code.code();
        let mut object =
            json!({"event": "checked", "exit_code": code, "settings": settings, "gates": gates, "reply": reply});
        if let Some(name) = self.name {
            object["network"] = name.into();
        }
        tell(&format!("{}\n", text::shown_json(&object.to_string())))
    }
}

/// A network's result in a word or two.
const fn word(code: ExitCode) -> &'static str {
    match code {
        ExitCode::Success => "ok",
        ExitCode::StoppedEarly => "not reachable, throttled or out of order (exit 5)",
        ExitCode::Refused => "refused (exit 4)",
        _ => "settings are missing or wrong (exit 2)",
    }
}

/// Prints to stdout, where this command's results go.
fn tell(text: &str) -> Result<(), Error> {
    print(text).map_err(Error::printing)
}

/// Looks up the addresses of the host, or of the proxy that the user named.
async fn look_up(session: &Session, patience: Duration) -> Lookup {
    let proxy = session.client.proxy().map(|(url, _)| url);
    let url = proxy.unwrap_or(&session.account.base_url);
    let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    if let Ok(address) = name.parse() {
        return Lookup::Address(address);
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let asking = async {
        let found = lookup_host((name.as_str(), port)).await?;
        Ok(found.map(|address| address.ip()).collect::<Vec<_>>())
    };
    let found = timeout(patience, asking).await;
    match found.unwrap_or_else(|_| Err(io::Error::other("no answer in time"))) {
        Ok(mut addresses) => {
            addresses.dedup();
            Lookup::Found { name, addresses, of_proxy: proxy.is_some() }
        }
        Err(error) => Lookup::Failed { name, why: error.to_string() },
    }
}

/// Waits until the shared limit allows the call, and counts it. Returns this run's part of the budget.
async fn wait_for_turn(
    network: &Network,
    limits: SharedLimit<'_>,
    host: &str,
    report: &Report,
) -> (Participant, Pace, Permit) {
    let mut pace = Pace::new(limits.rate, Instant::now());
    let mut budget = session::join_budget((network, host), limits, &mut pace, report, Instant::now());
    while let Err(wait) = pace.poll(Instant::now()) {
        tokio::select! {
            () = session::budget_moves(&mut budget) => session::share(&mut budget, &mut pace, report, Instant::now()),
            () = sleep_until(wait.until.into()) => {}
        }
    }
    let now = Instant::now();
    let permit = pace.send(now);
    session::sending(&mut budget, &mut pace, now);
    (budget, pace, permit)
}
