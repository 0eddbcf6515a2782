//! What every command needs that calls a network: the account, or a sandbox of its own, the client, and the other
//! runs on this machine that share the limit.
//!
//! Opens it and sends nothing.

use std::time::Instant;

use crate::api::{Client, ClientError};
use crate::export::Failure;
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
            Network::Sandbox => {
                let sandbox = Sandbox::start(sandbox::Options::default());
                let sandbox = sandbox.map_err(Failure::system("start the sandbox network"))?;
                let account = sandbox.account().map_err(Failure::system("reach the sandbox network"))?;
                (account, Some(sandbox))
            }
        };
        let client = connect(&account, http)?;
        Ok(Self { host: host(&account), account, client, _sandbox: sandbox })
    }
}

fn host(account: &Account) -> String {
    let url = &account.base_url;
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Finds the other runs that call the same network, where there is a limit to share.
pub fn share(network: &Network, rate: Rate, host: &str, report: &Report) -> Option<Share> {
    if matches!(network, Network::Sandbox) || rate.limit().is_none() {
        return None;
    }
    let joined = Share::join(host, Instant::now());
    if let Err(error) = &joined {
        let message = format!("cannot see whether other runs on this machine call {host}: {error}");
        report.say(Level::Warning, &message);
    }
    joined.ok()
}
