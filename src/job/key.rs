//! By what a job is known again: only a run of the same job may go on with what another has left.

use super::{Job, Network};
use crate::input::Options;
use crate::sandbox;

impl Job {
    /// Everything that shapes rows, other than the answers and the input.
    pub fn key(&self, kept_columns: &[String]) -> String {
        let (host, email) = match &self.network {
            Network::Sandbox => ("sandbox", sandbox::EMAIL),
            Network::Real(account) => (account.base_url.as_str(), account.email.as_str()),
            Network::NotGiven(_) => ("", ""),
        };
        format!("network {host}; e-mail {email}; {}", self.shape(kept_columns))
    }

    /// Whether `key` is that of this job, as far as can be told where no account is given yet.
    pub fn has_key(&self, key: &str, kept_columns: &[String]) -> bool {
        match self.network {
            Network::NotGiven(_) => key.ends_with(&self.shape(kept_columns)),
            Network::Sandbox | Network::Real(_) => key == self.key(kept_columns),
        }
    }

    /// The part of the key that does not depend on the account.
    fn shape(&self, kept_columns: &[String]) -> String {
        let Options { column, delimiter, no_headers, sheet, .. } = &self.reading;
        format!(
            "all-offers {:?}; column {column:?}; delimiter {delimiter:?}; no-headers {no_headers}; \
             sheet {sheet:?}; keep {kept_columns:?}; format {:?}; append {:?}; retry-failed {:?}",
            self.all_offers.as_ref().map(|list| &list.query),
            self.format,
            self.template,
            self.retry_failed
        )
    }
}
