//! `sandbox`: the embedded network on an address of its own, for rehearsals by hand.
//!
//! Starts it, prints the settings to use it, and waits; how it answers is `sandbox`'s business.

use std::net::SocketAddr;

use crate::error::Error;
use crate::report::print;
use crate::sandbox::limit::Rules;
use crate::sandbox::{self, Sandbox};
use crate::settings::rate::Rate;
use crate::signals::{Signal, Signals};

/// Serves the sandbox network until a signal comes.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn rehearse(listen: SocketAddr, rate: Rate) -> Result<Signal, Error> {
    let mut signals = Signals::listen(|_| ()).map_err(Error::system("listen to signals"))?;
    let rules = rate.limit().map(|limit| Rules { limit, ..Rules::PUBLISHED });
    let sandbox = Sandbox::start(sandbox::Options { listen, limit: rules, ..sandbox::Options::default() });
    let sandbox = sandbox.map_err(|source| Error::Listen { address: listen, source })?;
    let settings = format!(
        "export OFFERSLOOK_BASE_URL={} OFFERSLOOK_EMAIL={} OFFERSLOOK_API_KEY={}\n",
        sandbox.base_url(),
        sandbox::EMAIL,
        sandbox::API_KEY,
    );
    print(&settings).map_err(Error::system("print the settings"))?;
    Ok(signals.next().await)
}
