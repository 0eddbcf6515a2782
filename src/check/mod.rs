//! `check`: one call, and what it says about every gate on the way to the network.
//!
//! Here the evidence is gathered; `gates` and `closed` draw the conclusions, and `api::secrets` keeps the key out of what
//! is printed.

mod certificate;
mod closed;
mod gates;
mod shown;

use std::io;
use std::time::{Instant, SystemTime};

use tokio::net::lookup_host;
use tokio::time::{sleep_until, timeout};

use self::gates::{Evidence, Lookup};
use crate::api::Client;
use crate::api::secrets::Secrets;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::job::{CheckJob, Network};
use crate::report::{Report, print};
use crate::schedule::pace::Pace;
use crate::session::{Neighbours, Session};
use crate::settings::rate::Rate;

/// The cheapest call that has to pass every gate; its path and query.
const PATH: [&str; 1] = ["offers"];
const QUERY: [(&str, &str); 3] = [("type", "personal"), ("limit", "1"), ("offset", "1")];

/// Prints a line for every gate; gives back the exit code.
///
/// # Errors
/// What kept it from being done, on this machine. A closed gate is a result.
pub async fn check(job: &CheckJob, report: &Report) -> Result<ExitCode, Failure> {
    let settings = gates::indented(&job.settings);
    let opened = match &job.network {
        Ok(network) => Session::open(network, &job.http, Client::inspecting).map(|session| (network, session)),
        Err(error) => {
            tell(&gates::without_settings(&settings, &error.to_string()))?;
            return Ok(ExitCode::Usage);
        }
    };
    let (network, session) = match opened {
        Ok(opened) => opened,
        Err(failure @ Failure::Client(_)) => {
            tell(&gates::without_settings(&settings, &failure.to_string()))?;
            return Ok(failure.exit_code());
        }
        Err(failure) => return Err(failure),
    };
    tell(&gates::with_settings(&settings, &job.warnings))?;

    let lookup = look_up(&session, job).await;
    wait_for_turn(network, job.rate, &session.host, report).await;
    let call = session.client.get(&PATH, &QUERY).await;
    let evidence = Evidence {
        host: &session.host,
        is_tls: session.account.base_url.scheme() == "https",
        rate: job.rate,
        lookup,
        call: &call,
        now: SystemTime::now(),
    };
    let secrets = Secrets::of(&session.account);
    let findings = evidence.findings();
    tell(&secrets.hide(&findings.text()))?;
    if job.show_reply {
        tell(&call.as_ref().map_or_else(
            |failure| format!("\nno reply: {}\n", secrets.hide(&failure.to_string())),
            |reply| format!("\n{}", shown::show(reply, &secrets)),
        ))?;
    }
    Ok(findings.exit_code())
}

/// Prints to stdout, where the results of this command go.
fn tell(text: &str) -> Result<(), Failure> {
    print(text).map_err(Failure::printing)
}

/// Asks for the addresses of the host, or of the proxy that the user named.
async fn look_up(session: &Session, job: &CheckJob) -> Lookup {
    let proxy = job.http.proxy.as_ref();
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
