//! What one call says about every gate on the way to the network, in the order in which they are passed.
//!
//! Pure: evidence in, lines and an exit code out.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::certificate;
use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::offers::Page;
use crate::api::{Failure, Fault, Form, RawReply};
use crate::exit::ExitCode;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::settings::rate::Rate;
use crate::text;

/// Clocks farther apart than this are worth a word.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// A gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    Dns,
    Connection,
    Tls,
    Api,
    Key,
    Account,
    WhiteList,
    Limit,
    Offers,
    Clock,
}

impl Gate {
    const ALL: [Self; 10] = [
        Self::Dns,
        Self::Connection,
        Self::Tls,
        Self::Api,
        Self::Key,
        Self::Account,
        Self::WhiteList,
        Self::Limit,
        Self::Offers,
        Self::Clock,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Connection => "connection",
            Self::Tls => "TLS",
            Self::Api => "API",
            Self::Key => "key",
            Self::Account => "account",
            Self::WhiteList => "white list",
            Self::Limit => "limit",
            Self::Offers => "offers",
            Self::Clock => "clock",
        }
    }
}

/// What is known about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Open, but there is something to look at.
    Warning,
    Closed,
    NotReached,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "ok",
            Self::Warning => "warning",
            Self::Closed => "FAILED",
            Self::NotReached => "not reached",
        }
    }
}

/// The addresses of the host that is connected to.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
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

/// Everything there is to go by.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) host: &'a str,
    pub(super) is_tls: bool,
    pub(super) rate: Rate,
    pub(super) lookup: Lookup,
    pub(super) call: &'a Result<RawReply, Failure>,
    /// This machine's clock when the answer came.
    pub(super) now: SystemTime,
}

/// The gate that is closed.
#[derive(Clone, Debug)]
struct Closed {
    gate: Gate,
    words: String,
    code: ExitCode,
}

/// A line for every gate.
#[derive(Debug)]
pub(super) struct Findings {
    lines: Vec<(Gate, State, String)>,
    closed: Option<ExitCode>,
}

impl Findings {
    pub(super) fn exit_code(&self) -> ExitCode {
        self.closed.unwrap_or(ExitCode::Success)
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|(gate, state, words)| line(gate.name(), *state, words)).collect()
    }
}

/// The lines where the settings are found wanting.
pub(super) fn without_settings(settings: &str, why: &str) -> String {
    let mut text = line("settings", State::Closed, &why.replace('\n', "\n             ")) + settings;
    for gate in Gate::ALL {
        text += &line(gate.name(), State::NotReached, "");
    }
    text
}

/// The lines for good settings.
pub(super) fn with_settings(settings: &str, warnings: &[String]) -> String {
    let (state, words) = match warnings {
        [] => (State::Open, "all there".to_owned()),
        warnings => (State::Warning, warnings.join("; ")),
    };
    line("settings", state, &words) + settings
}

fn line(name: &str, state: State, words: &str) -> String {
    let mut text = format!("{name:<12} {:<12} {words}", state.word());
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

impl Evidence<'_> {
    /// The conclusions.
    pub(super) fn findings(&self) -> Findings {
        let closed = match self.call {
            Err(failure) => Some(self.unanswered(failure)),
            Ok(reply) => self.answered(reply),
        };
        let lines = Gate::ALL.into_iter().map(|gate| {
            let (state, words) = match &closed {
                Some(closed) if closed.gate == gate => (State::Closed, closed.words.clone()),
                Some(closed) if closed.gate < gate && gate != Gate::Clock => (State::NotReached, String::new()),
                Some(closed) if self.skips(closed.gate, gate) => {
                    (State::NotReached, "the limiter stands before it here".to_owned())
                }
                _ => self.open(gate),
            };
            (gate, state, words)
        });
        Findings { lines: lines.collect(), closed: closed.as_ref().map(|closed| closed.code) }
    }

    /// A gateway that refuses for the limit has not asked the API, so nothing is known about the gates of the API.
    fn skips(&self, closed: Gate, gate: Gate) -> bool {
        let by_gateway =
            |reply: &RawReply| Body::read(&reply.text()).envelope().is_none_or(|envelope| !envelope.code.is_error());
        closed == Gate::Limit && gate > Gate::Tls && gate < closed && self.call.as_ref().is_ok_and(by_gateway)
    }

    /// No whole answer came.
    fn unanswered(&self, failure: &Failure) -> Closed {
        let (gate, code, way_out) = match failure.fault {
            Fault::Dns => (
                Gate::Dns,
                ExitCode::StoppedEarly,
                "check --network or --base-url for a typing error, and this machine's DNS",
            ),
            Fault::Connect | Fault::ConnectTimeout => {
                (Gate::Connection, ExitCode::StoppedEarly, "check the address, this machine's network and its firewall")
            }
            Fault::Proxy => (Gate::Connection, ExitCode::StoppedEarly, "check --proxy, or HTTPS_PROXY"),
            Fault::Certificate => (Gate::Tls, ExitCode::Refused, "the key was not sent"),
            Fault::Tls => (Gate::Tls, ExitCode::StoppedEarly, "check the address, and what stands between"),
            Fault::AnswerTimeout | Fault::Closed | Fault::Cut | Fault::Garbled | Fault::TooLarge => {
                (Gate::Api, ExitCode::StoppedEarly, "this may pass; try again later")
            }
        };
        Closed { gate, words: format!("{failure}; {way_out}"), code }
    }

    /// An answer came; `None` where it is a good one.
    fn answered(&self, reply: &RawReply) -> Option<Closed> {
        let text = reply.text();
        let body = Body::read(&text);
        let error = accept(reply.received(&body)).err()?;
        let (gate, code, way_out) = match (error.kind, body.form()) {
            (_, _) if error.http_status == Some(407) => {
                (Gate::Connection, ExitCode::Refused, "the proxy wants a login: --proxy http://USER:PASSWORD@HOST:PORT")
            }
            (ErrorKind::Unauthorized, _) => {
                (Gate::Key, ExitCode::Refused, "check the e-mail and the API key, and that both belong to this network")
            }
            (ErrorKind::RateLimited, _) => {
                return Some(Closed { gate: Gate::Limit, words: limited(reply, &error), code: ExitCode::StoppedEarly });
            }
            (ErrorKind::AccountLocked, _) => (Gate::Account, ExitCode::Refused, error.kind.hint()),
            (ErrorKind::IpNotAllowed, _) => (Gate::WhiteList, ExitCode::Refused, error.kind.hint()),
            (ErrorKind::NotApproved, form) if error.http_status == Some(403) && error.code.is_none() => {
                let gate = if form == Form::Json { Gate::WhiteList } else { Gate::Api };
                (
                    gate,
                    ExitCode::Refused,
                    "most likely this machine's public IP is not on the white list of your account",
                )
            }
            (ErrorKind::Redirect, _) => (Gate::Api, ExitCode::Refused, error.kind.hint()),
            (ErrorKind::ServerError | ErrorKind::Timeout, _) => {
                (Gate::Api, ExitCode::StoppedEarly, "this may pass; try again later")
            }
            (_, Form::Json) if error.kind.class() == Class::Offer && body.envelope().is_some() => return None,
            _ => (Gate::Api, ExitCode::Refused, "this is not the API; check --network or --base-url"),
        };
        Some(Closed { gate, words: format!("{}; {way_out}", said(&error)), code })
    }

    /// What is to be said about a gate that is open.
    fn open(&self, gate: Gate) -> (State, String) {
        match gate {
            Gate::Dns => self.name(),
            Gate::Connection => (State::Open, format!("to {}", self.host)),
            Gate::Tls => self.certificate(),
            Gate::Api => (State::Open, "answers as the API does".to_owned()),
            Gate::Key => (State::Open, "accepted".to_owned()),
            Gate::Account => (State::Open, "not locked".to_owned()),
            Gate::WhiteList => (State::Open, "this machine is let in".to_owned()),
            Gate::Limit => self.limit(),
            Gate::Offers => self.offers(),
            Gate::Clock => self.clock(),
        }
    }

    fn name(&self) -> (State, String) {
        match &self.lookup {
            Lookup::Address(address) => (State::Open, format!("{address} needs none")),
            Lookup::Found { name, addresses, of_proxy } => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                let proxy = if *of_proxy { ", the proxy, which looks up the rest" } else { "" };
                (State::Open, format!("{name} is {}{proxy}", addresses.join(", ")))
            }
            Lookup::Failed { name, why } => (
                State::Warning,
                format!("{name} is not known on this machine ({why}), but a proxy of the environment may know it"),
            ),
        }
    }

    fn certificate(&self) -> (State, String) {
        if !self.is_tls {
            return (State::Open, "none: this is plain http".to_owned());
        }
        let der = self.call.as_ref().ok().and_then(|reply| reply.certificate.as_deref());
        match der.and_then(|der| certificate::describe(der, self.now)) {
            Some(described) if described.ends_soon => (State::Warning, described.words),
            Some(described) => (State::Open, described.words),
            None => (State::Open, "the certificate is accepted".to_owned()),
        }
    }

    fn limit(&self) -> (State, String) {
        let limits = self.call.as_ref().map(|reply| reply.notes().limits).unwrap_or_default();
        let mut words = format!("not used up; --rate is {}", self.rate);
        if limits.is_empty() {
            words += ", and the network sends no headers about it";
        }
        for (name, value) in limits {
            let _ = write!(words, ", {name}: {}", text::one_line(&value, 80));
        }
        (State::Open, words)
    }

    /// The one gate that an export need not pass: it says whether there is anything to export.
    fn offers(&self) -> (State, String) {
        let Ok(reply) = self.call else { return (State::NotReached, String::new()) };
        let text = reply.text();
        let body = Body::read(&text);
        match accept(reply.received(&body)).map(Page::read) {
            Ok(Ok(Page { total_rows: Some(0), .. })) => {
                (State::Warning, "none in your personal list; ask your account manager for approval".to_owned())
            }
            Ok(Ok(Page { total_rows: Some(total), .. })) => (State::Open, format!("{total} in your personal list")),
            Ok(Ok(page)) if page.offers.is_empty() => (State::Warning, "none in your personal list".to_owned()),
            Ok(Ok(_)) => (State::Open, "there are some in your personal list".to_owned()),
            Ok(Err(what_came)) => (State::Warning, format!("the offer list cannot be read: {what_came}")),
            Err(error) => (
                State::Warning,
                format!("the offer list is refused: {}; an export may work all the same", said(&error)),
            ),
        }
    }

    fn clock(&self) -> (State, String) {
        let Ok(reply) = self.call else { return (State::NotReached, String::new()) };
        let Some(date) = reply.notes().date else {
            return (State::Open, "not compared: the network sends no Date".to_owned());
        };
        let (apart, direction) = match self.now.duration_since(date) {
            Ok(ahead) => (ahead, "ahead of"),
            Err(behind) => (behind.duration(), "behind"),
        };
        let words = format!("this machine is {} s {direction} the network", apart.as_secs());
        if apart <= CLOCKS_APART {
            return (State::Open, words);
        }
        (State::Warning, words + "; set it (NTP): certificates and waits that the network asks for depend on it")
    }
}

/// A refusal for the limit, and when to come back.
fn limited(reply: &RawReply, error: &OfferError) -> String {
    let wait = reply.retry_after().map_or_else(
        || "in a minute".to_owned(),
        |wait| {
            format!("in {} s, as the network asks", wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)))
        },
    );
    let others = "the limit is shared by all affiliates of the network";
    let mut words = format!("used up: {}; {others}: try again {wait}", said(error));
    for (name, value) in reply.notes().limits {
        let _ = write!(words, ", {name}: {}", text::one_line(&value, 80));
    }
    words
}

/// What the network said, with its status and code.
fn said(error: &OfferError) -> String {
    let mut words = text::one_line(&error.message, 300).into_owned();
    let status = error.http_status.map(|status| format!("HTTP {status}"));
    let code = error.code.as_ref().map(|code| format!("code {code}"));
    let details: Vec<_> = status.into_iter().chain(code).filter(|detail| !words.contains(detail)).collect();
    if !details.is_empty() {
        words += &format!(" ({})", details.join(", "));
    }
    words
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
