//! By TLS: the same page, a cookie that goes by TLS only, an Origin that says https.

use std::fs;
use std::sync::Arc;

use cuffd::web::Listener;
use rcgen::Certificate;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::rig::{CODE, Made};

/// Trusts this certificate and no other.
fn trusting(certificate: &Certificate) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn the_page_is_served_by_tls_with_the_clinics_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("web.pem"), folder.path().join("web.key"));
    fs::write(&certificate, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let mut page = Made::behind_a_code();
    let (own, its) = (certificate.clone(), key.clone());
    page.listener = Some(Box::new(move |address| {
        Listener::tls(address, &own, &its).expect("good files")
    }));
    let served = page.serve().await;

    let connector = trusting(&made.cert);
    let ask = async |origin: &str| {
        let stream = TcpStream::connect(served.address).await.expect("it listens");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut stream = connector.connect(name, stream).await.expect("a handshake");
        let body = format!("{{\"code\":\"{CODE}\"}}");
        let request = format!(
            "POST /api/v1/code HTTP/1.1\r\nHost: localhost:1\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let _no_goodbye = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).expect("text")
    };
    let entered = ask("https://localhost:1").await;
    assert!(
        entered.starts_with("HTTP/1.1 200") && entered.contains("SameSite=Strict; Secure"),
        "{entered}"
    );
    assert!(ask("http://localhost:1").await.starts_with("HTTP/1.1 403"));
    assert!(
        !served
            .octets(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .contains("HTTP/1.1 200")
    );

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let is_served = async |certificate: &Certificate| {
        let stream = TcpStream::connect(served.address).await.expect("it listens");
        let name = ServerName::try_from("localhost").expect("a name");
        trusting(certificate).connect(name, stream).await.is_ok()
    };
    assert!(is_served(&made.cert).await && !is_served(&other.cert).await);
    fs::write(&certificate, other.cert.pem()).expect("written");
    assert!(is_served(&made.cert).await, "its key has not come yet");
    fs::write(&key, other.signing_key.serialize_pem()).expect("written");
    assert!(is_served(&other.cert).await && !is_served(&made.cert).await, "renewed");
    fs::write(&certificate, made.cert.pem()).expect("written");
    fs::write(&key, other.signing_key.serialize_pem()).expect("written");
    assert!(
        Listener::tls(served.address, &certificate, &key).is_err(),
        "a key of another certificate"
    );
    assert!(Listener::tls(served.address, &folder.path().join("none"), &key).is_err());
}
