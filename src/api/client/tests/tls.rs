//! The client against a real TLS server: which certificates it takes, and the words for those it does not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::super::*;
use crate::api::client::tests::call;
use crate::offer::ErrorKind;

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/");

/// A TLS server with a certificate of `tests/fixtures/tls`; gives back its port.
fn serve(certificate: &str) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_file(format!("{DIR}{certificate}")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(format!("{DIR}localhost.key")).unwrap();
    let config = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut tls) = (stream.unwrap(), ServerConnection::new(Arc::clone(&config)).unwrap());
            let mut wire = Stream::new(&mut tls, &mut stream);
            let mut head = [0; 4096];
            if wire.read(&mut head).is_ok() {
                let _ = wire.write_all(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        }
    });
    port
}

fn trusting() -> Http {
    Http { cacert: Some(format!("{DIR}ca.pem").into()), timeout: Duration::from_secs(5), ..Http::default() }
}

#[tokio::test]
async fn a_certificate_of_the_named_authority_is_taken() {
    let reply = call(&format!("https://localhost:{}", serve("localhost.pem")), &trusting()).await;
    assert_eq!(reply.http_status, Some(404), "{reply:?}");
}

#[tokio::test]
async fn any_other_certificate_is_refused_with_the_reason() {
    let unknown = Http { cacert: None, ..trusting() };
    for (host, certificate, http, words) in [
        (
            "localhost",
            "localhost.pem",
            &unknown,
            "is by an unknown issuer; if you trust it, name its PEM file with --cacert",
        ),
        ("localhost", "expired.pem", &trusting(), "has expired, or this machine's clock is wrong"),
        ("127.0.0.1", "localhost.pem", &trusting(), "is for another name"),
    ] {
        let host = format!("{host}:{}", serve(certificate));
        let reply = call(&format!("https://{host}"), http).await;
        let error = reply.outcome.unwrap_err();
        assert_eq!((error.kind, reply.fault), (ErrorKind::Network, Some(Fault::Certificate)), "{error:?}");
        let message = format!("the certificate of {host} {words}");
        assert!(error.message.starts_with(&message), "{}", error.message);
        assert_eq!(error.message.contains("it ended on 2000-01-02"), certificate == "expired.pem");
    }
}

#[tokio::test]
async fn https_to_a_port_that_speaks_http_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    let reply = call(&format!("https://{host}"), &trusting()).await;
    let error = reply.outcome.unwrap_err();
    assert_eq!(reply.fault, Some(Fault::TlsMismatch), "{error:?}");
    assert!(error.message.ends_with("; it may not speak https on this port"), "{}", error.message);
}
