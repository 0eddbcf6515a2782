//! How the sandbox behaves.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;

use crate::sandbox::batch::BatchRules;
use crate::sandbox::call_log::Log;
use crate::sandbox::limit::Rules;
use crate::sandbox::script::Script;

/// The e-mail of the sandbox's affiliate.
pub const EMAIL: &str = "affiliate@sandbox.example";

/// The API key of the sandbox's affiliate; a secret to nobody.
pub const API_KEY: &str = "sandbox-key";

/// How the network behaves; the default is the documented network with no faults.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The affiliate's API key.
    pub api_key: SecretString,
    /// Whether the account may call at all.
    pub account: Account,
    /// The call limit; `None` = as fast as it goes.
    pub limit: Option<Rules>,
    /// How long an answer takes: chosen for each call, half of it before the call arrives, half after.
    pub latency: RangeInclusive<Duration>,
    /// When the service is down.
    pub outages: Vec<Outage>,
    /// How many offers the offer list has beyond those of the sample.
    pub listed: u32,
    /// What it does with a call for many offers.
    pub batch: BatchRules,
    /// Whether calls are remembered.
    pub log: Log,
    /// Answers that a test defines.
    pub script: Option<Script>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_key: SecretString::from(API_KEY),
            account: Account::Open,
            limit: Some(Rules::PUBLISHED),
            latency: Duration::ZERO..=Duration::ZERO,
            outages: Vec::new(),
            listed: 100,
            batch: BatchRules::default(),
            log: Log::Off,
            script: None,
        }
    }
}

/// The state of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// It may call.
    Open,
    /// The caller's IP is not on the white list.
    IpNotAllowed,
    /// The account is locked.
    Locked,
}

/// A time in which the service is down, before any gate is reached; refused calls do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From this time after the start of the sandbox...
    pub from: Duration,
    /// ...to this time.
    pub to: Duration,
    /// How the service is down.
    pub kind: OutageKind,
}

/// How the service is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutageKind {
    /// The gateway answers 502 with an HTML page.
    ServerError,
    /// The connection is reset.
    Reset,
    /// No answer ever comes.
    Hang,
    /// A 200 with an HTML page, as from a captive portal.
    Html,
}
