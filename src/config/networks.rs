//! The networks of a job: plain values, with every setting that a network may have of its own.
//!
//! Where they come from (flags, environment, config file) is decided elsewhere. Opens nothing and calls nobody.

use crate::budget::redis::address::Address;
use crate::dispatch::Policy;
use crate::settings::network::{Account, Http};

/// One network that a job calls.
#[derive(Debug)]
pub(crate) struct NetworkConfig {
    /// Its name for the user: that in the config file, else its host. The column `network`, the report and the metrics
    /// use it.
    pub name: String,
    /// Whose account, and where.
    pub network: Network,
    /// How its calls are made: time-outs, proxy, connections.
    pub http: Http,
    /// How its calls are paced and repeated: rate, concurrency, retries, outages.
    pub policy: Policy,
    /// Shares its limit with other hosts.
    pub budget: Option<Address>,
}

/// Which network is called.
#[derive(Clone, Debug)]
pub(crate) enum Network {
    /// The embedded one.
    Sandbox,
    /// A real one.
    Real(Account),
    /// None, for the reason given; only a dry run can do without.
    NotGiven(String),
}

impl Network {
    /// The account, where there is one.
    pub(crate) fn account(&self) -> Option<&Account> {
        if let Self::Real(account) = self { Some(account) } else { None }
    }

    /// Its name where the user has given it none.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Sandbox => "sandbox".to_owned(),
            Self::Real(account) => account.host(),
            Self::NotGiven(_) => String::new(),
        }
    }
}

/// How a row of the input finds its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Every row goes to the first network, which is the only one: a flag or the environment names it.
    Single,
    /// A column of the input names it.
    Column {
        /// The column's name; by default `network`.
        name: String,
        /// Whether the column may be missing; then every row goes to the only network. Never with several networks.
        is_optional: bool,
    },
}

/// The networks of a job. At least one; no two have the same name.
#[derive(Debug)]
pub(crate) struct Networks {
    first: NetworkConfig,
    others: Vec<NetworkConfig>,
    routing: Routing,
    /// Networks of the config file that are not called.
    left_out: Vec<String>,
}

impl Networks {
    /// The only one.
    pub(crate) fn single(network: NetworkConfig) -> Self {
        Self { first: network, others: Vec::new(), routing: Routing::Single, left_out: Vec::new() }
    }

    /// Those of a config file, in its order. `None` without any.
    pub(crate) fn of_file(networks: Vec<NetworkConfig>, routing: Routing) -> Option<Self> {
        let mut networks = networks.into_iter();
        Some(Self { first: networks.next()?, others: networks.collect(), routing, left_out: Vec::new() })
    }

    /// The same, where the config file has these networks, called or not.
    #[must_use]
    pub(crate) fn among(mut self, names: impl Iterator<Item = String>) -> Self {
        self.left_out = names.filter(|name| self.iter().all(|network| network.name != *name)).collect();
        self
    }

    /// The networks of the config file that are not called.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The only one, or the first of several.
    pub(crate) fn first(&self) -> &NetworkConfig {
        &self.first
    }

    /// All of them, in the order of the config file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &NetworkConfig> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// Whether there are several, so that outputs have a column `network`.
    pub(crate) fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// How rows find their network.
    pub(crate) fn routing(&self) -> &Routing {
        &self.routing
    }

    /// Whether the networks can be called: the settings of each are complete.
    pub(crate) fn are_given(&self) -> bool {
        self.iter().all(|network| !matches!(network.network, Network::NotGiven(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str) -> NetworkConfig {
        let policy = Policy {
            rate: "5/s".parse().unwrap(),
            concurrency: 1,
            retries: 0,
            max_outage: std::time::Duration::ZERO,
            max_duration: None,
        };
        NetworkConfig { name: name.to_owned(), network: Network::Sandbox, http: Http::default(), policy, budget: None }
    }

    #[test]
    fn networks_stand_in_the_order_of_the_file() {
        let column = Routing::Column { name: "network".into(), is_optional: false };
        let networks = Networks::of_file(vec![network("demo"), network("acme")], column).unwrap();
        assert_eq!((networks.len(), networks.are_several(), networks.are_given()), (2, true, true));
        assert_eq!(networks.iter().map(|network| &*network.name).collect::<Vec<_>>(), ["demo", "acme"]);
        assert!(Networks::of_file(Vec::new(), Routing::Single).is_none());
        assert!(!Networks::single(network("x")).are_several());
    }
}
