//! What one call shows about every gate on the way to the network, in the order in which a call passes them.
//!
//! Pure: evidence in, lines and an exit code out.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::offers::Page;
use crate::api::{RawReply, TransportError};
use crate::budget::Look;
use crate::commands::check::certificate;
use crate::commands::check::diagnosis::{answered, unanswered};
use crate::commands::check::gate::{Check, CheckStatus};
use crate::commands::check::settings::line;
use crate::exit::ExitCode;
use crate::settings::rate::Rate;
use crate::text;

/// A difference between the clocks that is mentioned.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// The addresses of the host that is connected to.
#[derive(Clone, Debug)]
pub(crate) enum Lookup {
    /// There is no name to look up.
    Address(IpAddr),
    Found {
        name: String,
        addresses: Vec<IpAddr>,
        of_proxy: bool,
    },
    Failed {
        name: String,
        why: String,
    },
}

/// All the evidence.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) host: &'a str,
    pub(crate) is_tls: bool,
    /// The proxy's host, and by what it was named.
    pub(crate) proxy: Option<(String, &'a str)>,
    /// The advice for a fault that will not pass by itself.
    pub(crate) way_out: &'a str,
    pub(crate) rate: Rate,
    pub(crate) lookup: Lookup,
    pub(crate) call: &'a Result<RawReply, TransportError>,
    /// The budget that is shared with other hosts, if one is, or why it does not answer.
    pub(crate) budget: Option<&'a Result<Look, String>>,
    /// This machine's clock when the answer came.
    pub(crate) now: SystemTime,
}

/// A line for every gate.
#[derive(Debug)]
pub(crate) struct Findings {
    lines: Vec<(Check, CheckStatus, String)>,
    closed: Option<ExitCode>,
}

impl Findings {
    pub(crate) fn exit_code(&self) -> ExitCode {
        self.closed.unwrap_or(ExitCode::Success)
    }

    /// Each gate, its state and what there is to say, without the key, for programs.
    pub(crate) fn json(&self, hide: impl Fn(&str) -> String) -> Vec<Value> {
        let objects = self.lines.iter().map(|(gate, state, words)| {
            let message = text::shown_message(&hide(words)).into_owned();
            json!({"gate": gate.name(), "state": state.json(), "message": message})
        });
        objects.collect()
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|(gate, state, words)| line(gate.name(), *state, words)).collect()
    }
}

impl Evidence<'_> {
    /// The conclusions.
    pub(crate) fn findings(&self) -> Findings {
        let closed = match self.call {
            Err(failure) => Some(unanswered(failure, self.way_out)),
            Ok(reply) => answered(reply),
        };
        let gates = Check::ALL.into_iter().filter(|gate| *gate != Check::Budget || self.budget.is_some());
        let lines = gates.map(|gate| {
            let (state, words) = match &closed {
                Some(closed) if closed.gate == gate => (CheckStatus::Fail, closed.words.clone()),
                Some(closed) if closed.gate < gate && gate < Check::Clock => (CheckStatus::Skipped, String::new()),
                Some(closed) if self.skips(closed.gate, gate) => {
                    (CheckStatus::Skipped, "the limiter comes before it here".to_owned())
                }
                _ => self.open(gate),
            };
            (gate, state, words)
        });
        let no_budget = matches!(self.budget, Some(Err(_))).then_some(ExitCode::Failure);
        Findings { lines: lines.collect(), closed: closed.as_ref().map(|closed| closed.code).or(no_budget) }
    }

    /// A gateway that refuses a call for the limit has not asked the API, so nothing is known about the API's gates.
    fn skips(&self, closed: Check, gate: Check) -> bool {
        let by_gateway =
            |reply: &RawReply| Body::read(&reply.text()).envelope().is_none_or(|envelope| !envelope.code.is_error());
        closed == Check::Limit && gate > Check::Tls && gate < closed && self.call.as_ref().is_ok_and(by_gateway)
    }

    /// The message for an open gate.
    fn open(&self, gate: Check) -> (CheckStatus, String) {
        match gate {
            Check::Dns => self.name(),
            Check::Connection => {
                let through =
                    self.proxy.as_ref().map(|(proxy, named_by)| format!(" through the proxy {proxy} ({named_by})"));
                (CheckStatus::Pass, format!("to {}{}", self.host, through.unwrap_or_default()))
            }
            Check::Tls => self.certificate(),
            Check::Api => (CheckStatus::Pass, "answers as the API does".to_owned()),
            Check::Key => (CheckStatus::Pass, "accepted".to_owned()),
            Check::Account => (CheckStatus::Pass, "not locked".to_owned()),
            Check::WhiteList => (CheckStatus::Pass, "this machine is let in".to_owned()),
            Check::Limit => self.limit(),
            Check::Offers => self.offers(),
            Check::Clock => self.clock(),
            Check::Budget => self.budget(),
        }
    }

    fn name(&self) -> (CheckStatus, String) {
        match &self.lookup {
            Lookup::Address(address) => (CheckStatus::Pass, format!("{address} needs none")),
            Lookup::Found { name, addresses, of_proxy } => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                let proxy = if *of_proxy { ", the proxy, which looks up the rest" } else { "" };
                (CheckStatus::Pass, format!("{name} is {}{proxy}", addresses.join(", ")))
            }
            Lookup::Failed { name, why } => (
                CheckStatus::Warn,
                format!("{name} is not known on this machine ({why}), but a proxy of the environment may know it"),
            ),
        }
    }

    fn certificate(&self) -> (CheckStatus, String) {
        if !self.is_tls {
            return (CheckStatus::Pass, "none: this is plain http".to_owned());
        }
        let der = self.call.as_ref().ok().and_then(|reply| reply.certificate.as_deref());
        match der.and_then(|der| certificate::describe(der, self.now)) {
            Some(described) if described.ends_soon => (CheckStatus::Warn, described.words),
            Some(described) => (CheckStatus::Pass, described.words),
            None => (CheckStatus::Pass, "the certificate is accepted".to_owned()),
        }
    }

    fn limit(&self) -> (CheckStatus, String) {
        let limits = self.call.as_ref().map(|reply| reply.notes().limits).unwrap_or_default();
        let mut words = format!("not used up; --rate is {}", self.rate);
        if limits.is_empty() {
            words += ", and the network sends no headers about it";
        }
        for (name, value) in limits {
            let _ = write!(words, ", {name}: {}", text::shown_start(&value, 80));
        }
        (CheckStatus::Pass, words)
    }

    /// The one gate that an export need not pass: whether there is anything to export.
    fn offers(&self) -> (CheckStatus, String) {
        let Ok(reply) = self.call else { return (CheckStatus::Skipped, String::new()) };
        let text = reply.text();
        let body = Body::read(&text);
        match accept(reply.received(&body)).map(Page::read) {
            Ok(Ok(Page { total_rows: Some(0), .. })) => {
                (CheckStatus::Warn, "none in your personal list; ask your account manager for approval".to_owned())
            }
            Ok(Ok(Page { total_rows: Some(total), .. })) => {
                (CheckStatus::Pass, format!("{total} in your personal list"))
            }
            Ok(Ok(page)) if page.offers.is_empty() => (CheckStatus::Warn, "none in your personal list".to_owned()),
            Ok(Ok(_)) => (CheckStatus::Pass, "there are some in your personal list".to_owned()),
            Ok(Err(what_came)) => (CheckStatus::Warn, format!("the offer list cannot be read: {what_came}")),
            Err(error) => (
                CheckStatus::Warn,
                format!("the offer list is refused: {}; an export may work all the same", error.words()),
            ),
        }
    }

    fn budget(&self) -> (CheckStatus, String) {
        let look = match self.budget {
            None => return (CheckStatus::Skipped, String::new()),
            Some(Err(why)) => {
                return (CheckStatus::Fail, format!("{why}; without it a run keeps to half of the limit at most"));
            }
            Some(Ok(look)) => look,
        };
        let here = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let apart = look.server_time.abs_diff(here);
        let direction = if look.server_time > here { "ahead of" } else { "behind" };
        let who = match look.company.runs {
            0 => "nobody shares it at the moment".to_owned(),
            _ => format!("shared by {}", look.company),
        };
        let words = format!(
            "{} answers in {} ms; {who}; its clock is {:.1} s {direction} this machine's",
            look.address,
            look.took.as_millis(),
            apart.as_secs_f64()
        );
        if apart <= CLOCKS_APART {
            return (CheckStatus::Pass, words);
        }
        (CheckStatus::Warn, words + ", which does no harm to the budget")
    }

    fn clock(&self) -> (CheckStatus, String) {
        let Ok(reply) = self.call else { return (CheckStatus::Skipped, String::new()) };
        let Some(date) = reply.notes().date else {
            return (CheckStatus::Pass, "not compared: the network sends no Date".to_owned());
        };
        let (apart, direction) = match self.now.duration_since(date) {
            Ok(ahead) => (ahead, "ahead of"),
            Err(behind) => (behind.duration(), "behind"),
        };
        let words = format!("this machine is {} s {direction} the network", apart.as_secs());
        if apart <= CLOCKS_APART {
            return (CheckStatus::Pass, words);
        }
        (CheckStatus::Warn, words + "; set it (NTP): certificates and waits that the network asks for depend on it")
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
