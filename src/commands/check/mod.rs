//! `check`: one call, and what it says about every gate on the way to the network.
//!
//! Here the evidence is gathered; `gates` and `closed` draw the conclusions, and `api::secrets` keeps the key out of what
//! is printed.

mod certificate;
mod diagnosis;
mod findings;
mod reply_dump;

use std::io;
use std::time::{Instant, SystemTime};

use serde_json::{Value, json};
use tokio::net::lookup_host;
use tokio::time::{sleep_until, timeout};

use self::findings::{CheckStatus, Evidence, Lookup};
use crate::api::Client;
use crate::api::redact::Redactor;
use crate::config::{CheckJob, Network};
use crate::error::Error;
use crate::exit::ExitCode;
use crate::pace::Pace;
use crate::report::{Report, print};
use crate::run::session::{Neighbours, Session};
use crate::settings::console::LogFormat;
use crate::settings::network::host_and_port;
use crate::settings::rate::Rate;
use crate::text;

/// The cheapest call that has to pass every gate; its path and query.
const PATH: [&str; 1] = ["offers"];
const QUERY: [(&str, &str); 3] = [("type", "personal"), ("limit", "1"), ("offset", "1")];

/// Prints a line for every gate, or one JSON object; gives back the exit code.
///
/// # Errors
/// What kept it from being done, on this machine. A closed gate is a result.
pub(crate) async fn check(job: &CheckJob, report: &Report) -> Result<ExitCode, Error> {
    let opened = match &job.network {
        Ok(network) => Session::open(network, &job.http, Client::inspecting).map(|session| (network, session)),
        Err(error) => return wrong_settings(job, &error.to_string(), ExitCode::Usage),
    };
    let (network, session) = match opened {
        Ok(opened) => opened,
        Err(failure @ Error::Client(_)) => {
            return wrong_settings(job, &failure.to_string(), failure.exit_code());
        }
        Err(failure) => return Err(failure),
    };
    if job.log_format == LogFormat::Text {
        tell(&findings::with_settings(&findings::indented(&job.settings), &job.warnings))?;
    }
    let lookup = look_up(&session, job).await;
    wait_for_turn(network, job.rate, &session.host, report).await;
    let call = session.client.get(&PATH, &QUERY).await;
    let evidence = Evidence {
        host: &session.host,
        proxy: session.client.proxy().and_then(|(url, named_by)| Some((host_and_port(url)?, named_by))),
        way_out: &call.as_ref().err().map(|failure| session.client.way_out(failure.fault)).unwrap_or_default(),
        is_tls: session.account.base_url.scheme() == "https",
        rate: job.rate,
        lookup,
        call: &call,
        now: SystemTime::now(),
    };
    let secrets = Redactor::of(&session.account);
    let findings = evidence.findings();
    let reply = job.show_reply.then(|| match &call {
        Ok(reply) => reply_dump::show(reply, &secrets),
        Err(failure) => format!("no reply: {}\n", text::shown(&secrets.hide(&failure.to_string()))),
    });
    match job.log_format {
        LogFormat::Text => {
            tell(&secrets.hide(&findings.text()))?;
            reply.map_or(Ok(()), |reply| tell(&format!("\n{reply}")))?;
        }
        LogFormat::Json => {
            let warnings = job.warnings.join("; ");
            let state = if warnings.is_empty() { CheckStatus::Pass } else { CheckStatus::Warn };
            let settings = findings::json_of_settings(&job.settings, state, &warnings);
            let gates = findings.json(|words| secrets.hide(words));
            tell_json(&settings, &gates, reply.as_deref(), findings.exit_code())?;
        }
    }
    Ok(findings.exit_code())
}

/// Says that there is no account to call with.
fn wrong_settings(job: &CheckJob, why: &str, code: ExitCode) -> Result<ExitCode, Error> {
    match job.log_format {
        LogFormat::Text => tell(&findings::without_settings(&findings::indented(&job.settings), why))?,
        LogFormat::Json => {
            let settings = findings::json_of_settings(&job.settings, CheckStatus::Fail, why);
            tell_json(&settings, &[], None, code)?;
        }
    }
    Ok(code)
}

/// Prints to stdout, where the results of this command go.
fn tell(text: &str) -> Result<(), Error> {
    print(text).map_err(Error::printing)
}

/// The same for programs: one object on one line.
fn tell_json(settings: &Value, gates: &[Value], reply: Option<&str>, code: ExitCode) -> Result<(), Error> {
    let code = code.code();
    let object = json!({"event": "checked", "exit_code": code, "settings": settings, "gates": gates, "reply": reply});
    tell(&format!("{}\n", text::shown_json(&object.to_string())))
}

/// Asks for the addresses of the host, or of the proxy that the user named.
async fn look_up(session: &Session, job: &CheckJob) -> Lookup {
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
    let found = timeout(job.http.connect_timeout, asking).await;
    match found.unwrap_or_else(|_| Err(io::Error::other("no answer in time"))) {
        Ok(mut addresses) => {
            addresses.dedup();
            Lookup::Found { name, addresses, of_proxy: proxy.is_some() }
        }
        Err(error) => Lookup::Failed { name, why: error.to_string() },
    }
}

/// The limiter lets the call out, beside the other runs on this machine.
async fn wait_for_turn(network: &Network, rate: Rate, host: &str, report: &Report) {
    let neighbours = Neighbours::look(network, rate, host, report);
    let mut pace = Pace::new(rate, Instant::now());
    let now = Instant::now();
    let begin = neighbours.make_room(report, now, |runs| pace.set_share(runs, now));
    pace.hold_until(begin);
    while let Err(wait) = pace.poll(Instant::now()) {
        sleep_until(wait.until.into()).await;
    }
    pace.send(Instant::now());
}
