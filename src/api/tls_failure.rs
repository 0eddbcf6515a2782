//! Says in plain words why TLS failed: the certificate, the clock, or a server that speaks something else.

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::api::transport_error::Fault;

/// Which part failed, and the message for it, where TLS did.
pub(super) fn tls_failed(host: &str, error: &rustls::Error) -> (Fault, String) {
    let rustls::Error::InvalidCertificate(reason) = error else {
        use rustls::AlertDescription::{HandshakeFailure, NoApplicationProtocol, ProtocolVersion};
        let (fault, hint) = match error {
            rustls::Error::InvalidMessage(_) => (Fault::TlsMismatch, "; it may not speak https on this port"),
            rustls::Error::AlertReceived(NoApplicationProtocol) | rustls::Error::NoApplicationProtocol => {
                (Fault::TlsMismatch, "; it does not speak HTTP/1.1")
            }
            rustls::Error::AlertReceived(HandshakeFailure | ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
                (Fault::TlsMismatch, "; it may be too old, or another kind of server")
            }
            _ => (Fault::Tls, ""),
        };
        return (fault, format!("TLS with {host} failed: {error}{hint}"));
    };
    let words = match reason {
        CertificateError::Expired => {
            format!("the certificate of {host} has expired, or this machine's clock is wrong")
        }
        CertificateError::ExpiredContext { time, not_after } => {
            let (now, end) = (day(*time), day(*not_after));
            format!(
                "the certificate of {host} has expired, or this machine's clock is wrong: it ended on {end}, and the clock says {now}"
            )
        }
        CertificateError::NotValidYet => {
            format!("the certificate of {host} is not valid yet, or this machine's clock is wrong")
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let (now, start) = (day(*time), day(*not_before));
            format!(
                "the certificate of {host} is not valid yet, or this machine's clock is wrong: it begins on {start}, and the clock says {now}"
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate of {host} is for another name")
        }
        CertificateError::UnknownIssuer => {
            format!(
                "the certificate of {host} is by an unknown issuer; if you trust it, name its PEM file with --cacert"
            )
        }
        CertificateError::Revoked => format!("the certificate of {host} has been revoked"),
        _ => format!("the certificate of {host} is not accepted: {error}"),
    };
    (Fault::Certificate, words)
}

/// A day, as certificates count it.
fn day(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "no day".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}
