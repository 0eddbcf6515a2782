//! What every command needs that calls a network: the account, or a sandbox of its own, the client, and the other
//! runs on this machine that share the limit.
//!
//! Opens it and sends nothing.

use std::num::NonZeroU32;
use std::time::Instant;

use crate::api::{Client, ClientError};
use crate::failure::Failure;
use crate::job::Network;
use crate::report::{Level, Report};
use crate::sandbox::{self, Sandbox};
use crate::settings::network::{Account, Http};
use crate::settings::rate::Rate;
use crate::share::Share;

/// A network that can be called.
#[derive(Debug)]
pub struct Session {
    /// Whose account, and where.
    pub account: Account,
    /// The host as the user knows it, without scheme and path.
    pub host: String,
    /// Calls it.
    pub client: Client,
    /// Serves as long as it is kept.
    _sandbox: Option<Sandbox>,
}

impl Session {
    /// Starts the sandbox where that is the network; `connect` is how the client is made.
    ///
    /// # Errors
    /// Settings that cannot work, or a sandbox that cannot be started.
    pub fn open(
        network: &Network,
        http: &Http,
        connect: impl FnOnce(&Account, &Http) -> Result<Client, ClientError>,
    ) -> Result<Self, Failure> {
        let (account, sandbox) = match network {
            Network::Real(account) => (account.clone(), None),
            Network::NotGiven(missing) => return Err(Failure::NoAccount(missing.clone())),
            Network::Sandbox => {
                let sandbox = Sandbox::start(sandbox::Options::default());
                let sandbox = sandbox.map_err(Failure::system("start the sandbox network"))?;
                let account = sandbox.account().map_err(Failure::system("reach the sandbox network"))?;
                (account, Some(sandbox))
            }
        };
        let client = connect(&account, http)?;
        Ok(Self { host: account.host(), account, client, _sandbox: sandbox })
    }
}

/// The other runs on this machine that call the same network.
#[derive(Debug)]
pub struct Neighbours(Option<Share>);

impl Neighbours {
    /// Looks for them, where there is a limit to share.
    pub fn look(network: &Network, rate: Rate, host: &str, report: &Report) -> Self {
        if matches!(network, Network::Sandbox) || rate.limit().is_none() {
            return Self(None);
        }
        let joined = Share::join(host, Instant::now());
        if let Err(error) = &joined {
            let message = format!("cannot see whether other runs on this machine call {host}: {error}");
            report.say(Level::Warning, &message);
        }
        Self(joined.ok())
    }

    /// When to count them again.
    pub fn next_count(&self) -> Option<Instant> {
        self.0.as_ref().map(Share::next_count)
    }

    /// Where there are any, `set_share` is told how many runs there are, and no call may leave before the time that is
    /// given back: until then the others have slowed down.
    pub fn make_room(&self, report: &Report, now: Instant, set_share: impl FnOnce(NonZeroU32)) -> Instant {
        let Some(runs) = self.0.as_ref().map(Share::runs).filter(|runs| runs.get() > 1) else { return now };
        set_share(runs);
        report.say(Level::Info, &format!("{runs} runs on this machine share the limit: each takes its part"));
        now + Share::INTERVAL * 3 / 2
    }

    /// Tells `set_share` when they have become more or fewer.
    pub fn count(&mut self, report: &Report, now: Instant, set_share: impl FnOnce(NonZeroU32)) {
        let Some(share) = self.0.as_mut().filter(|share| share.next_count() <= now) else { return };
        if share.count(now) {
            let runs = share.runs();
            set_share(runs);
            report.say(Level::Info, &format!("runs on this machine that share the limit now: {runs}"));
        }
    }
}
