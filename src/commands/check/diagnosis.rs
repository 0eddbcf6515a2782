//! Which gate stopped a call, and what to do about it.
//!
//! Pure: one table for calls without an answer, one for answers that are refusals.

use std::fmt::Write as _;

use crate::api::body::Body;
use crate::api::classify::accept;
use crate::api::{Fault, Form, RawReply, TransportError};
use crate::commands::check::gate::Check;
use crate::exit::ExitCode;
use crate::offer::{Class, ErrorKind, OfferError};
use crate::text;

/// The gate that is closed.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    pub(crate) gate: Check,
    pub(crate) words: String,
    pub(crate) code: ExitCode,
}

/// No complete answer came. `lasting` is the advice for a fault that will not pass by itself.
pub(crate) fn unanswered(failure: &TransportError, lasting: &str) -> Diagnosis {
    let (gate, code, way_out) = match failure.fault {
        Fault::Dns => (Check::Dns, ExitCode::StoppedEarly, "check this machine's DNS and its network; it may pass"),
        Fault::UnknownHost => (Check::Dns, ExitCode::Refused, lasting),
        Fault::Connect | Fault::ConnectTimeout => {
            (Check::Connection, ExitCode::StoppedEarly, "check the address, this machine's network and its firewall")
        }
        Fault::Proxy => (Check::Connection, ExitCode::StoppedEarly, lasting),
        Fault::ProxyLogin | Fault::ProxyRefusal => (Check::Connection, ExitCode::Refused, lasting),
        Fault::Certificate | Fault::TlsMismatch => (Check::Tls, ExitCode::Refused, lasting),
        Fault::NotHttp => (Check::Api, ExitCode::Refused, lasting),
        Fault::Tls => (Check::Tls, ExitCode::StoppedEarly, "check the address, and any proxy or firewall between"),
        Fault::AnswerTimeout | Fault::Closed | Fault::Cut | Fault::Garbled | Fault::TooLarge => {
            (Check::Api, ExitCode::StoppedEarly, "this may pass; try again later")
        }
    };
    Diagnosis { gate, words: format!("{failure}; {way_out}"), code }
}

/// An answer came; `None` where it is a good one.
pub(crate) fn answered(reply: &RawReply) -> Option<Diagnosis> {
    let text = reply.text();
    let body = Body::read(&text);
    let error = accept(reply.received(&body)).err()?;
    let (gate, code, way_out) = match (error.kind, body.form()) {
        (_, _) if error.http_status == Some(407) => {
            (Check::Connection, ExitCode::Refused, "the proxy wants a login: --proxy http://USER:PASSWORD@HOST:PORT")
        }
        (ErrorKind::Unauthorized, _) => {
            (Check::Key, ExitCode::Refused, "check the e-mail and the API key, and that both belong to this network")
        }
        (ErrorKind::RateLimited, _) => {
            return Some(Diagnosis { gate: Check::Limit, words: limited(reply, &error), code: ExitCode::StoppedEarly });
        }
        (ErrorKind::AccountLocked, _) => (Check::Account, ExitCode::Refused, error.kind.hint()),
        (ErrorKind::IpNotAllowed, _) => (Check::WhiteList, ExitCode::Refused, error.kind.hint()),
        (ErrorKind::InvalidResponse, form) if error.http_status == Some(403) => {
            let gate = if form == Form::Json { Check::WhiteList } else { Check::Api };
            (gate, ExitCode::Refused, "most likely this machine's public IP is not on the white list of your account")
        }
        (ErrorKind::Redirect, _) => (Check::Api, ExitCode::Refused, error.kind.hint()),
        (ErrorKind::ServerError | ErrorKind::Timeout, _) => {
            (Check::Api, ExitCode::StoppedEarly, "this may pass; try again later")
        }
        (_, Form::Json) if error.kind.class() == Class::Offer && body.envelope().is_some() => return None,
        _ => (Check::Api, ExitCode::Refused, "this is not the API; check --network or --base-url"),
    };
    Some(Diagnosis { gate, words: format!("{}; {way_out}", error.words()), code })
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
    let mut words = format!("used up: {}; {others}: try again {wait}", error.words());
    for (name, value) in reply.notes().limits {
        let _ = write!(words, ", {name}: {}", text::shown_start(&value, 80));
    }
    words
}
