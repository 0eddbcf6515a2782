//! The address of a budget, as the user states it: `redis://HOST/`, `rediss://:PASSWORD@HOST:6380/1`,
//! `unix:///run/redis/redis.sock`.
//!
//! Refuses what the client library would ignore without a word. Never shows the password, nor any part of a URL that
//! cannot be read: the password may be in it.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo};
use url::{Host, Url};

/// Where the budget is, and what it takes to get in.
#[derive(Clone)]
pub(crate) struct Address {
    connection: ConnectionInfo,
    shown: String,
    has_password: bool,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAddress {
    /// It is no URL, or none of these.
    #[error("expected redis://HOST/, rediss://HOST/ or unix:///FOLDER/SOCKET")]
    Scheme,
    /// It cannot be taken apart.
    #[error("it cannot be read; in a password, write % as %25, # as %23, / as %2F, ? as %3F and @ as %40")]
    Unreadable,
    /// No host, or one that cannot be called.
    #[error("it names no host")]
    NoHost,
    /// The library would log in as the default user instead.
    #[error("it has a user and no password; write redis://USER:PASSWORD@HOST/")]
    UserWithoutPassword,
    /// The library would ignore it.
    #[error("it has a ? part; the database is the path: redis://HOST/3 (and ? in a password is %3F)")]
    Query,
    /// The library would take it for an order not to check certificates.
    #[error("it has a # part; # in a password is %23")]
    Fragment,
    /// The path is no number.
    #[error("its path is not the number of a database: redis://HOST/3 (and / in a password is %2F)")]
    Database,
}

impl Address {
    /// Reads it.
    ///
    /// # Errors
    /// Says what is wrong, without the URL.
    pub(crate) fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (scheme, _) = text.split_once(':').ok_or(BadAddress::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let is_socket = matches!(scheme.as_str(), "unix" | "redis+unix" | "valkey+unix");
        if !is_socket && !matches!(scheme.as_str(), "redis" | "rediss" | "valkey" | "valkeys") {
            return Err(BadAddress::Scheme);
        }
        let url = Url::parse(text).map_err(|_| BadAddress::Unreadable)?;
        if url.fragment().is_some() {
            return Err(BadAddress::Fragment);
        }
        let (shown, has_password) = if is_socket { socket(&url)? } else { host(&url, &scheme)? };
        let connection = url.into_connection_info().map_err(|_| BadAddress::Unreadable)?;
        Ok(Self { connection, shown, has_password })
    }

    /// Whether there is a password in it.
    pub(crate) fn has_password(&self) -> bool {
        self.has_password
    }

    /// For the client.
    pub(super) fn connection(&self) -> ConnectionInfo {
        self.connection.clone()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// What may be shown of a budget's address that was typed, if it is one: nothing but host and database.
pub(crate) fn shown(typed: &str) -> Option<String> {
    let is_one =
        ["redis", "valkey", "unix"].iter().any(|scheme| typed.trim_start().to_ascii_lowercase().starts_with(scheme));
    let is_url = is_one && typed.contains("://");
    is_url.then(|| Address::parse(typed).map_or_else(|_| "not shown".to_owned(), |address| address.to_string()))
}

fn host(url: &Url, scheme: &str) -> Result<(String, bool), BadAddress> {
    if url.query().is_some() {
        return Err(BadAddress::Query);
    }
    let password = url.password().is_some_and(|password| !password.is_empty());
    if !url.username().is_empty() && !password {
        return Err(BadAddress::UserWithoutPassword);
    }
    let host = match url.host() {
        None | Some(Host::Domain("" | "0.0.0.0")) => return Err(BadAddress::NoHost),
        Some(Host::Ipv6(ip)) if ip.is_unspecified() => return Err(BadAddress::NoHost),
        Some(host) => host.to_string(),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let database = url.path().trim_matches('/');
    if !database.is_empty() && database.parse::<u32>().is_err() {
        return Err(BadAddress::Database);
    }
    Ok((format!("{scheme}://{host}{port}/{database}"), password))
}

/// Here the library takes everything from the `?` part.
fn socket(url: &Url) -> Result<(String, bool), BadAddress> {
    if !url.username().is_empty() || url.password().is_some() || url.host_str().is_some_and(|host| !host.is_empty()) {
        return Err(BadAddress::Scheme);
    }
    let known = |name: &str| matches!(name, "db" | "user" | "pass");
    if url.query_pairs().any(|(name, _)| !known(&name)) {
        return Err(BadAddress::Query);
    }
    let find = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    if find("db").is_some_and(|number| number.parse::<u32>().is_err()) {
        return Err(BadAddress::Database);
    }
    let has_password = find("pass").is_some_and(|password| !password.is_empty());
    if find("user").is_some() && !has_password {
        return Err(BadAddress::UserWithoutPassword);
    }
    Ok((format!("unix://{}", url.path()), has_password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_password() {
        for (text, shown, has_password) in [
            ("redis://budget.example/", "redis://budget.example/", false),
            ("redis://budget.example", "redis://budget.example/", false),
            (" REDIS://10.0.0.5:6380/3 ", "redis://10.0.0.5:6380/3", false),
            ("rediss://:s3cret@budget.example/", "rediss://budget.example/", true),
            ("valkeys://me:s3%23cret@[::1]:6380/", "valkeys://[::1]:6380/", true),
            ("unix:///run/redis/redis.sock", "unix:///run/redis/redis.sock", false),
            ("unix:///run/redis.sock?db=3&user=me&pass=s3cret", "unix:///run/redis.sock", true),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.has_password()), (shown, has_password), "{text}");
            assert!(!format!("{address:?}").contains("cret"), "{address:?}");
            assert_eq!(super::shown(text).as_deref(), Some(shown));
        }
        let connection = Address::parse("redis://me:p%40ss%2Fw%25rd@h:1/4").unwrap().connection();
        let redis = connection.redis_settings();
        assert_eq!((redis.username(), redis.password(), redis.db()), (Some("me"), Some("p@ss/w%rd"), 4));
    }

    #[test]
    fn what_the_library_would_ignore_or_misread_is_refused_without_the_password() {
        for (text, expected) in [
            ("budget.example", BadAddress::Scheme),
            ("http://budget.example/", BadAddress::Scheme),
            ("redis:", BadAddress::NoHost),
            ("redis://", BadAddress::NoHost),
            ("redis:///3", BadAddress::NoHost),
            ("redis://0.0.0.0/", BadAddress::NoHost),
            ("redis://me@budget.example/", BadAddress::UserWithoutPassword),
            ("redis://me:@budget.example/", BadAddress::UserWithoutPassword),
            ("redis://budget.example/?db=3", BadAddress::Query),
            ("redis://budget.example/?protocol=resp3", BadAddress::Query),
            ("redis://budget.example/three", BadAddress::Database),
            ("redis://budget.example/-1", BadAddress::Database),
            ("rediss://budget.example/#insecure", BadAddress::Fragment),
            ("redis://:s3#cret@budget.example/", BadAddress::Unreadable),
            ("redis://me:12#s3cret@budget.example/", BadAddress::Fragment),
            ("redis://:s3/cret@budget.example/", BadAddress::Unreadable),
            ("redis://me:12/s3cret@budget.example/", BadAddress::Database),
            ("redis://:s3?cret@budget.example/", BadAddress::Unreadable),
            ("redis://me:12?s3cret@budget.example/", BadAddress::Query),
            ("unix:///run/redis.sock?database=3", BadAddress::Query),
            ("unix:///run/redis.sock?user=me", BadAddress::UserWithoutPassword),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(
                !error.to_string().contains("cret") && super::shown(text).is_none_or(|shown| !shown.contains("cret"))
            );
        }
    }
}
