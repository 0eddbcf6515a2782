//! Where a network's API lives: from its name, or from a whole address.
//!
//! Says what is wrong with a text without repeating it: it may be the key, or hold a password.

use url::Url;

use crate::config::account_error::AccountError;
use crate::settings::network::host_and_port;

/// How the network is named.
#[derive(Clone, Debug)]
pub(crate) enum HostSource {
    /// `NAME` in `NAME.api.offerslook.com`.
    Network(String),
    /// A whole address.
    BaseUrl(String),
}

impl HostSource {
    /// The host, if it can be determined.
    pub(crate) fn name(self) -> Option<String> {
        self.url().ok().as_ref().and_then(host_and_port)
    }

    /// Refuses the API key in the place of the network: it would go to name servers and into every message.
    pub(super) fn is_not_the_key(&self, key: &str) -> Result<(), AccountError> {
        let (text, named) = match self {
            Self::Network(name) => (name, "--network (or OFFERSLOOK_NETWORK)"),
            Self::BaseUrl(text) => (text, "--base-url (or OFFERSLOOK_BASE_URL)"),
        };
        if holds_key(text, key) { Err(AccountError::KeyForHost(named)) } else { Ok(()) }
    }

    /// The address of the API.
    pub(super) fn url(self) -> Result<Url, AccountError> {
        match self {
            Self::Network(name) => network_url(&name).ok_or(AccountError::BadNetwork(name)),
            Self::BaseUrl(text) => base_url(&text).map_err(AccountError::BadBaseUrl),
        }
    }
}

/// Whether a key stands in a text that names a host.
pub(crate) fn holds_key(text: &str, key: &str) -> bool {
    /// Shorter ones may be a part of a name.
    const SHORTEST: usize = 8;
    key.len() >= SHORTEST && text.to_lowercase().contains(&key.to_lowercase())
}

/// The address of the network with this name; `None` for an invalid name.
pub(crate) fn network_url(name: &str) -> Option<Url> {
    let bare = name.trim().trim_start_matches("https://").trim_end_matches('/');
    let bare = bare.strip_suffix(".api.offerslook.com").unwrap_or(bare);
    is_label(bare).then(|| Url::parse(&format!("https://{bare}.api.offerslook.com/")).ok()).flatten()
}

/// A part of a host's name.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether a network of the config file may have this name: that of its host, or any word where it has an address.
pub(crate) fn is_network_name(name: &str, has_address: bool) -> bool {
    is_label(name) || has_address && name.split('.').all(is_label) && name.len() <= 63
}

/// Reads an address as people paste it.
///
/// # Errors
/// Why it cannot be used, without the address.
pub(crate) fn base_url(text: &str) -> Result<Url, String> {
    // The parser's own words are enough; the text itself may hold a password.
    let mut url = Url::parse(text.trim()).map_err(|error| format!("it is no URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it must start with https:// (or http://)".to_owned());
    }
    if !url.has_host() {
        return Err("it names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it must not hold a user name or a key; they have settings of their own".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it must not have a ?query or #fragment".to_owned());
    }
    // People paste the address with the path of the documentation.
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/aff/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_becomes_its_https_address() {
        for name in ["demo", "demo.api.offerslook.com", "https://demo.api.offerslook.com/", " demo "] {
            assert_eq!(network_url(name).unwrap().as_str(), "https://demo.api.offerslook.com/");
        }
        for name in ["", "a b", "evil.com/", "a@b", "-a", "http://x", "a.b"] {
            assert!(network_url(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_base_url_is_taken_as_people_paste_it() {
        for (text, url) in [
            ("https://links.example.com", "https://links.example.com/"),
            ("http://127.0.0.1:8080/aff/v1/", "http://127.0.0.1:8080/"),
            ("https://example.com/api/", "https://example.com/api"),
        ] {
            assert_eq!(base_url(text).unwrap().as_str(), url);
        }
        for text in ["example.com", "ftp://x", "https://u:p@x", "https://x/?a", "https://x/#a", "file:///etc"] {
            let error = base_url(text).unwrap_err();
            assert!(!error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn a_network_with_an_address_may_be_called_by_any_word() {
        for (name, with_address, without) in [
            ("demo", true, true),
            ("acme-2", true, true),
            ("api.acme.example", true, false),
            ("my network", false, false),
            ("a,b", false, false),
            ("", false, false),
            ("a/b", false, false),
            ("..", false, false),
        ] {
            assert_eq!((is_network_name(name, true), is_network_name(name, false)), (with_address, without), "{name}");
        }
    }
}
