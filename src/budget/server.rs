//! One name for one server, however its address is written.
//!
//! Only reads the address: asks no DNS, so an alias is another server.

use url::{Host, Url};

/// Longer names do not fit into the name of a socket (107 bytes) with what stands around them.
const LONGEST: usize = 64;

/// The name of the server that the address leads to: host and port, one name for all that lead to this machine itself.
/// Has letters, digits, `.`, `-` and `_` only.
pub(super) fn name(address: &Url) -> String {
    const LOOPBACK: &str = "loopback";
    let host = match address.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if name == "localhost" || name.ends_with(".localhost") { LOOPBACK.to_owned() } else { name }
        }
        // Nobody listens on 0.0.0.0, but Linux takes it for the way to this machine.
        Some(Host::Ipv4(ip)) if ip.is_loopback() || ip.is_unspecified() => LOOPBACK.to_owned(),
        Some(Host::Ipv6(ip)) if ip.is_loopback() || ip.is_unspecified() => LOOPBACK.to_owned(),
        Some(Host::Ipv6(ip)) => match ip.to_ipv4_mapped() {
            Some(ip) if ip.is_loopback() => LOOPBACK.to_owned(),
            Some(ip) => ip.to_string(),
            None => ip.to_string(),
        },
        Some(Host::Ipv4(ip)) => ip.to_string(),
        None => String::new(),
    };
    let port = address.port_or_known_default().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let name: String = format!("{host}:{port}").chars().map(plain).collect();
    match name.get(..LONGEST - 9) {
        Some(start) if name.len() > LONGEST => format!("{start}-{:08x}", crc32fast::hash(name.as_bytes())),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address_gives_one_name() {
        let groups: [&[&str]; 5] = [
            &[
                "http://localhost:8080",
                "http://LOCALHOST.:8080/x",
                "http://127.0.0.1:8080",
                "http://127.1:8080",
                "http://[::1]:8080",
                "http://[::ffff:127.0.0.1]:8080",
                "http://0.0.0.0:8080",
                "http://api.localhost:8080",
            ],
            &["http://localhost:8081"],
            &[
                "https://demo.example",
                "https://demo.example:443/",
                "https://DEMO.example./v1",
                "http://demo.example:443",
            ],
            &["http://demo.example", "http://demo.example:80"],
            &["http://[::ffff:10.0.0.1]:9", "http://10.0.0.1:9"],
        ];
        let names: Vec<Vec<String>> =
            groups.iter().map(|group| group.iter().map(|url| name(&Url::parse(url).unwrap())).collect()).collect();
        for (group, names) in groups.iter().zip(&names) {
            assert!(names.iter().all(|name| *name == names[0]), "{group:?}: {names:?}");
        }
        let distinct: std::collections::HashSet<_> = names.iter().flatten().collect();
        assert_eq!(distinct.len(), groups.len());
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let long = |end| name(&Url::parse(&format!("https://{}.{end}", ["abcdefghij"; 12].join("."))).unwrap());
        assert!(long("example").len() == LONGEST && long("example") != long("test"));
    }
}
