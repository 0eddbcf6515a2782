//! Which proxy calls go through: the one that is typed, else one of the environment, as curl reads it.
//!
//! A proxy that cannot be used is an error and never a direct call, which would come from another address and past the
//! company's rule. Values are never shown: they hold passwords.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::api::connect::ClientError;

/// A proxy, and by what it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) url: Url,
    /// The flag or the variable.
    pub(crate) named_by: String,
}

/// The proxy for calls to `base`. `variable` gives the environment's variables; one that is not text is an error too.
///
/// # Errors
/// It is named, but cannot be used.
pub(crate) fn choose(
    base: &Url,
    typed: Option<&Url>,
    is_loopback: bool,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, ClientError> {
    if let Some(url) = typed {
        return usable(url.as_str(), "--proxy").map(Some);
    }
    // No proxy can reach this machine's loopback, nor should it see the key in the clear. A CGI's HTTP_PROXY is the
    // header of a request (httpoxy).
    if is_loopback || variable("REQUEST_METHOD").is_some() {
        return Ok(None);
    }
    let given = |name: &&'static str| {
        let name = *name;
        variable(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value))
    };
    let of_scheme =
        if base.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let named = of_scheme.iter().chain(&["ALL_PROXY", "all_proxy"]).find_map(given);
    let no_proxy = ["NO_PROXY", "no_proxy"].iter().find_map(given).map(|(_, value)| value).unwrap_or_default();
    match named {
        Some((name, value)) if !is_exempt(base, &no_proxy) => usable(value.trim(), name).map(Some),
        _ => Ok(None),
    }
}

/// Whether `NO_PROXY` says that this host is called directly.
fn is_exempt(base: &Url, no_proxy: &str) -> bool {
    let any = Matcher::builder().all("http://proxy.invalid").no(no_proxy).build();
    base.as_str().parse().is_ok_and(|uri| any.intercept(&uri).is_none())
}

fn usable(value: &str, named_by: &str) -> Result<Proxy, ClientError> {
    let bad = || ClientError::Proxy { named_by: named_by.to_owned() };
    // Without a scheme it is HTTP, as everywhere.
    let value = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&value).map_err(|_| bad())?;
    let is_good = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    // What comes behind the host means nothing to a proxy: a value that has it is another thing.
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if is_good && is_bare { Ok(Proxy { url, named_by: named_by.to_owned() }) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(base: &str, environment: &[(&str, &str)]) -> Result<Option<(String, String)>, String> {
        let variable =
            |name: &str| environment.iter().find(|(there, _)| *there == name).map(|(_, value)| (*value).to_owned());
        let proxy = choose(&base.parse().unwrap(), None, false, variable).map_err(|error| error.to_string())?;
        Ok(proxy.map(|proxy| (proxy.url.to_string(), proxy.named_by)))
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let base = "https://demo.api.offerslook.com/aff/v1";
        let used = |url: &str, name: &str| Ok(Some((url.to_owned(), name.to_owned())));
        for (environment, expected) in [
            (&[][..], Ok(None)),
            (&[("HTTPS_PROXY", "http://p:3128")], used("http://p:3128/", "HTTPS_PROXY")),
            (&[("https_proxy", "p:3128")], used("http://p:3128/", "https_proxy")),
            (&[("ALL_PROXY", "https://u:p%40ss@p")], used("https://u:p%40ss@p/", "ALL_PROXY")),
            (&[("HTTPS_PROXY", " "), ("ALL_PROXY", "p")], used("http://p/", "ALL_PROXY")),
            (&[("HTTP_PROXY", "socks://p:1")], Ok(None)),
            (&[("HTTPS_PROXY", "http://p"), ("ALL_PROXY", "socks://p:1")], used("http://p/", "HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "socks://p:1"), ("NO_PROXY", "offerslook.com")], Ok(None)),
            (&[("HTTPS_PROXY", "http://p"), ("no_proxy", "x.example, *")], Ok(None)),
            (&[("HTTPS_PROXY", "http://p"), ("REQUEST_METHOD", "GET")], Ok(None)),
            (&[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "slook.com")], used("http://p/", "HTTPS_PROXY")),
        ] {
            assert_eq!(chosen(base, environment), expected, "{environment:?}");
        }
        assert_eq!(chosen("http://a.example", &[("http_proxy", "p")]), used("http://p/", "http_proxy"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_the_name_of_its_variable() {
        for value in [
            "socks://h0st:1",
            "socks5://h0st:1",
            "socks5h://h0st:1",
            "socks4://h0st:1",
            "socks5:h0st:1",
            "htp://h0st:1",
            "http://",
            "http://:3128",
            "://h0st",
            "http://h0st:99999",
            "http://u:s3cret@",
            "h0st:port",
            "http://h0st/path",
            "http:h0st:1",
            "file:///h0st",
            "http://[::1",
            "h0 st:1",
        ] {
            let refused = chosen("https://a.example", &[("HTTPS_PROXY", value)]).unwrap_err();
            assert!(
                refused.contains("(HTTPS_PROXY)") && !refused.contains("h0st") && !refused.contains("s3cret"),
                "{refused}"
            );
        }
    }
}
