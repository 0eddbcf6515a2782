//! A TLS server for one good answer, with the certificates of `tests/fixtures/tls`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// Where the certificates are.
pub(crate) const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/");

/// A TLS server with a certificate of `tests/fixtures/tls` and a good answer; gives back its port.
pub(crate) fn serve_tls(certificate: &str) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_file(format!("{TLS}{certificate}")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(format!("{TLS}localhost.key")).unwrap();
    let config = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut tls) = (stream.unwrap(), ServerConnection::new(Arc::clone(&config)).unwrap());
            answer(&mut Stream::new(&mut tls, &mut stream));
        }
    });
    port
}

fn answer(wire: &mut Stream<'_, ServerConnection, TcpStream>) {
    let body = r#"{"code":0,"data":{"totalRows":1,"rowset":[{"id":16}]}}"#;
    if wire.read(&mut [0; 4096]).is_ok() {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = wire.write_all((head + body).as_bytes());
    }
}
