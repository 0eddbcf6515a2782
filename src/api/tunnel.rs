//! Asks a proxy by hand why it opens no tunnel: the HTTP client keeps its answer to itself, and a proxy whose rules
//! refuse a host is another thing than one that cannot reach it now.
//!
//! Asks for the same tunnel with the same log-in and sends nothing through it. The API key is never here.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::api::transport_error::Fault;

/// For the whole question.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any first line needs.
const MOST: usize = 1024;

/// The status that `proxy` answers to a `CONNECT` for `base`; `None` where it gives none, or where it has to be asked
/// over TLS.
pub(crate) async fn status(proxy: &Url, base: &Url) -> Option<u16> {
    if proxy.scheme() != "http" {
        return None;
    }
    timeout(PATIENCE, ask(proxy, &request(proxy, base)?)).await.ok().flatten()
}

/// What the status means, and what to add to the message; without a status there is nothing to say.
pub(crate) const fn meaning(status: Option<u16>) -> Fault {
    match status {
        Some(407) => Fault::ProxyLogin,
        // Full, or it cannot reach the host: that may pass. A 2xx means that it lets calls pass by now.
        None | Some(..=299 | 408 | 425 | 429 | 500..) => Fault::Proxy,
        Some(_) => Fault::ProxyRefusal,
    }
}

fn request(proxy: &Url, base: &Url) -> Option<String> {
    let to = format!("{}:{}", base.host_str()?, base.port_or_known_default()?);
    let log_in = if proxy.username().is_empty() && proxy.password().is_none() {
        String::new()
    } else {
        let decoded = |text: &str| percent_decoded(text.as_bytes());
        let mut both = decoded(proxy.username());
        both.push(b':');
        both.extend(decoded(proxy.password().unwrap_or_default()));
        format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(both))
    };
    Some(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{log_in}\r\n"))
}

async fn ask(proxy: &Url, request: &str) -> Option<u16> {
    let host = proxy.host_str()?.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, proxy.port_or_known_default()?)).await.ok()?;
    let mut unsent = request.as_bytes();
    while !unsent.is_empty() {
        stream.writable().await.ok()?;
        match stream.try_write(unsent) {
            Ok(sent) => unsent = unsent.get(sent..)?,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    let mut head = Vec::new();
    let mut piece = [0; MOST];
    loop {
        stream.readable().await.ok()?;
        match stream.try_read(&mut piece) {
            Ok(0) => return status_in(&head),
            Ok(read) => head.extend_from_slice(piece.get(..read)?),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        }
        if head.contains(&b'\n') || head.len() >= MOST {
            return status_in(&head);
        }
    }
}

/// The status in the first line of an answer.
fn status_in(head: &[u8]) -> Option<u16> {
    let line = head.split(|&byte| byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line.get(..line.len().min(12))?).ok()?.split(' ');
    let status = words.next()?.starts_with("HTTP/1.").then(|| words.next()).flatten()?;
    status.trim().parse().ok().filter(|status| (100..1000).contains(status))
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        match (first, digit(behind.first()), digit(behind.get(1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => decoded.push(first),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_status() {
        for (head, status) in [
            ("HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n", Some(403)),
            ("HTTP/1.0 503\r\n", Some(503)),
            ("HTTP/1.1 407 ", Some(407)),
            ("HTTP/1.1 99 X\r\n", None),
            ("SSH-2.0-x\r\n", None),
            ("HTTP/1.1 abc\r\n", None),
            ("", None),
        ] {
            assert_eq!(status_in(head.as_bytes()), status, "{head:?}");
        }
    }

    #[test]
    fn rules_that_refuse_a_host_are_told_from_a_proxy_that_cannot_now() {
        for (status, fault) in [
            (Some(403), Fault::ProxyRefusal),
            (Some(404), Fault::ProxyRefusal),
            (Some(405), Fault::ProxyRefusal),
            (Some(302), Fault::ProxyRefusal),
            (Some(407), Fault::ProxyLogin),
            (Some(429), Fault::Proxy),
            (Some(502), Fault::Proxy),
            (Some(503), Fault::Proxy),
            (Some(200), Fault::Proxy),
            (None, Fault::Proxy),
        ] {
            assert_eq!(meaning(status), fault, "{status:?}");
        }
    }

    #[test]
    fn the_tunnel_is_asked_for_with_the_log_in_and_nothing_else() {
        let base = "https://a.example/aff/v1".parse().unwrap();
        let of = |proxy: &str| request(&proxy.parse().unwrap(), &base).unwrap();
        let plain = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n";
        assert_eq!(of("http://p:3128"), format!("{plain}\r\n"));
        let log_in = STANDARD.encode("u:p@ss%");
        assert_eq!(of("http://u:p%40ss%@p"), format!("{plain}Proxy-Authorization: Basic {log_in}\r\n\r\n"));
    }
}
