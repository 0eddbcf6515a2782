//! The names under which the history stores a run of a job.

use std::path::Path;

use crate::config::job::Job;
use crate::config::networks::Network;
use crate::history::runs::{NetworkName, RunKey};
use crate::sandbox;
use crate::settings::links::Links;

impl Job {
    /// The key of this run in the history.
    pub(crate) fn run_key(&self, job: String, started_at: i64) -> RunKey {
        // Without its landing pages an offer is another one: neither may pass for the other.
        let mode = match self.links {
            Links::All => "",
            Links::Default => "#default-links",
        };
        let networks = self.networks.iter().map(|network| {
            let (base_url, email) = match &network.network {
                Network::Sandbox => ("sandbox", sandbox::EMAIL),
                Network::Real(account) => (account.base_url.as_str(), account.email.as_str()),
                Network::NotGiven(_) => ("", ""),
            };
            NetworkName { name: network.name.clone(), base_url: format!("{base_url}{mode}"), email: email.to_owned() }
        });
        RunKey { output: self.absolute_output(), job, started_at, networks: networks.collect() }
    }

    /// The output's name in the history.
    pub(crate) fn absolute_output(&self) -> String {
        let absolute = std::path::absolute(&self.output.path).ok().filter(|_| self.output.path != Path::new("-"));
        absolute.unwrap_or_else(|| self.output.path.clone()).to_string_lossy().into_owned()
    }
}
