//! What every command needs that calls a network: the account, or a sandbox of its own, the client, and the other
//! runs on this machine that share the limit.
//!
//! Opens it and sends nothing.

use std::num::NonZeroU32;
use std::time::Instant;

use crate::api::{Client, ClientError};
use crate::budget::machine::{Count, Peers};
use crate::config::Network;
use crate::error::Error;
use crate::report::Report;
use crate::report::event::{Event, Moment};
use crate::sandbox::{self, Sandbox};
use crate::settings::network::{Account, Http};
use crate::settings::rate::Rate;

/// A network that can be called.
#[derive(Debug)]
pub(crate) struct Session {
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
    pub(crate) fn open(
        network: &Network,
        http: &Http,
        connect: impl FnOnce(&Account, &Http) -> Result<Client, ClientError>,
    ) -> Result<Self, Error> {
        let (account, sandbox) = match network {
            Network::Real(account) => (account.clone(), None),
            Network::NotGiven(missing) => return Err(Error::NoAccount(missing.clone())),
            Network::Sandbox => {
                let sandbox = Sandbox::start(sandbox::Options::default());
                let sandbox = sandbox.map_err(Error::system("start the sandbox network"))?;
                let account = sandbox.account().map_err(Error::system("reach the sandbox network"))?;
                (account, Some(sandbox))
            }
        };
        let client = connect(&account, http)?;
        Ok(Self { host: account.host(), account, client, _sandbox: sandbox })
    }
}

/// The other runs on this machine that call the same network.
#[derive(Debug)]
pub(crate) struct Neighbours(Option<Peers>);

impl Neighbours {
    /// Looks for them, where there is a limit to share.
    pub(crate) fn look(network: &Network, rate: Rate, host: &str, report: &Report) -> Self {
        let (Network::Real(account), Some(_)) = (network, rate.limit()) else { return Self(None) };
        let (peers, blind) = Peers::join(&account.base_url, Instant::now());
        if let Some(blind) = blind {
            report.emit(&Event::PeersHidden { host: host.to_owned(), why: blind.to_string() });
        }
        Self(peers)
    }

    /// Nobody is looked for.
    pub(crate) fn nobody() -> Self {
        Self(None)
    }

    /// When to count them again.
    pub(crate) fn next_count(&self) -> Option<Instant> {
        self.0.as_ref().map(Peers::next_count)
    }

    /// Where there are any, `set_share` is told into how many parts the limit is cut, and no call may leave before the
    /// time that is given back: until then the others have slowed down.
    pub(crate) fn make_room(&self, report: &Report, now: Instant, set_share: impl FnOnce(NonZeroU32)) -> Instant {
        let Some(count) = self.0.as_ref().map(Peers::count).filter(|count| count.runs.get() > 1) else { return now };
        set_share(count.parts);
        let Count { runs, .. } = count;
        report.emit(&Event::LimitShared { runs, when: Moment::AtStart });
        now + Peers::INTERVAL * 3 / 2
    }

    /// Tells `set_share` when they have become more or fewer.
    pub(crate) fn count(&mut self, report: &Report, now: Instant, set_share: impl FnOnce(NonZeroU32)) {
        let Some(peers) = self.0.as_mut().filter(|peers| peers.next_count() <= now) else { return };
        if peers.recount(now) {
            let Count { runs, parts } = peers.count();
            set_share(parts);
            report.emit(&Event::LimitShared { runs, when: Moment::Meanwhile });
        }
    }
}
