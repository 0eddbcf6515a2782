//! A description of a certificate, for people.
//!
//! Verifies nothing: that was done when the connection was made.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// A certificate that expires sooner than this is mentioned.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// A certificate in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) words: String,
    pub(crate) ends_soon: bool,
}

/// Its subject, issuer and validity; `None` if it cannot be parsed.
pub(crate) fn describe(der: &[u8], now: SystemTime) -> Option<Described> {
    let certificate = Certificate::from_der(der).ok()?;
    let fields = certificate.tbs_certificate();
    let validity = fields.validity();
    let (from, to) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let left = to.saturating_sub(now);
    let (from, to) = (day(from)?, day(to)?);
    let words = format!(
        "certificate of {}, by {}, valid from {from} to {to} ({} days left)",
        fields.subject(),
        fields.issuer(),
        left.as_secs() / 86_400,
    );
    Some(Described { words: crate::text::shown_start(&words, 400).into_owned(), ends_soon: left < SOON })
}

fn day(since_epoch: Duration) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(since_epoch.as_secs()).ok()?).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    fn described(file: &str, now: &str) -> Described {
        let path = format!("{}/tests/fixtures/tls/{file}", env!("CARGO_MANIFEST_DIR"));
        let der = CertificateDer::from_pem_file(path).unwrap();
        let now: Timestamp = now.parse().unwrap();
        describe(&der, now.into()).unwrap()
    }

    #[test]
    fn a_certificate_says_whose_it_is_by_whom_and_until_when() {
        let good = described("localhost.pem", "2026-11-22T00:00:00Z");
        insta::assert_snapshot!(good.words, @"certificate of CN=localhost, by CN=offerlinks test CA, valid from 2000-01-01 to 2099-12-31 (26702 days left)");
        assert!(!good.ends_soon);
        assert!(described("localhost.pem", "2099-12-20T00:00:00Z").ends_soon);
        let expired = described("expired.pem", "2026-11-22T00:00:00Z");
        assert!(expired.ends_soon && expired.words.ends_with("to 2000-01-02 (0 days left)"), "{}", expired.words);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(der: Vec<u8>) {
            describe(&der, SystemTime::now());
        }
    }
}
