//! TLS to a real mosquitto: what is accepted, what is not, in which words, and renewal without a restart.

use cuffd::mqtt::Class;
use cuffd::mqtt::settings::{Broker, TlsFiles, Transport};
use tempfile::TempDir;

use crate::certificates::{Authority, Validity};
use crate::mosquitto::Mosquitto;
use crate::rig::{Link, readings, settings};
use crate::subscriber::Subscriber;

/// What the broker logs of one that has said who it is.
const CLIENT: &str = "New client connected";

fn secure(port: u16, host: &str, files: TlsFiles) -> Broker {
    Broker {
        host: host.to_owned(),
        port,
        transport: Transport::Tls(files),
        login: None,
    }
}

/// Tries to connect, and returns what the link says of it.
async fn fault(broker: Broker) -> (Class, String) {
    let mut link = Link::start(settings(vec![broker]), readings(3));
    let state = link.until_state("a fault", |state| state.last_fault.is_some()).await;
    let fault = state.last_fault.unwrap();
    (fault.class, fault.text)
}

struct Clinic {
    folder: TempDir,
    authority: Authority,
    stranger: Authority,
}

fn clinic() -> Clinic {
    let folder = tempfile::tempdir().unwrap();
    Clinic {
        authority: Authority::new(folder.path(), "clinic"),
        stranger: Authority::new(folder.path(), "stranger"),
        folder,
    }
}

#[tokio::test]
async fn messages_arrive_over_tls_by_name_and_by_address() {
    let clinic = clinic();
    for host in ["localhost", "127.0.0.1"] {
        let identity = clinic.authority.issue("broker", host, Validity::Good);
        let broker = Mosquitto::with_tls(&identity, None).await;
        let link = Link::start(
            settings(vec![secure(broker.port, host, clinic.authority.trusted(None))]),
            Vec::new(),
        );
        let mut state = link.state.clone();
        state.wait_for(|state| state.last_puback.is_some()).await.unwrap();
        assert!(broker.log().contains(CLIENT), "{}", broker.log());
    }
}

#[tokio::test]
async fn a_broker_that_cannot_prove_its_name_gets_nothing() {
    let clinic = clinic();
    let good = clinic.authority.issue("good", "localhost", Validity::Good);
    let over = clinic.authority.issue("over", "localhost", Validity::Over);
    let not_yet = clinic.authority.issue("not-yet", "localhost", Validity::NotYet);
    let other = clinic.authority.issue("other", "broker.example", Validity::Good);
    let trusted = || clinic.authority.trusted(None);
    for (identity, files, words) in [
        (&good, clinic.stranger.trusted(None), "nobody who is trusted has signed"),
        (&over, trusted(), "has expired, or this machine's clock is wrong"),
        (&not_yet, trusted(), "not valid yet, or this machine's clock is wrong"),
        (&other, trusted(), "bears another name"),
    ] {
        let broker = Mosquitto::with_tls(identity, None).await;
        let (class, text) = fault(secure(broker.port, "localhost", files)).await;
        assert_eq!(class, Class::Tls, "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!broker.log().contains(CLIENT), "{}", broker.log());
    }
}

#[tokio::test]
async fn wrong_ports_are_guessed() {
    let clinic = clinic();
    let plain_broker = Mosquitto::open().await;
    let (_, text) = fault(secure(plain_broker.port, "localhost", clinic.authority.trusted(None))).await;
    assert!(text.contains("plain ones have mqtt://"), "{text}");
    let identity = clinic.authority.issue("broker", "localhost", Validity::Good);
    let broker = Mosquitto::with_tls(&identity, None).await;
    let (_, text) = fault(crate::rig::plain(broker.port)).await;
    assert!(text.contains("those have mqtts://"), "{text}");
}

#[tokio::test]
async fn an_unusable_file_is_named() {
    let clinic = clinic();
    let files = TlsFiles {
        ca_file: Some("/nonexistent/ca.pem".into()),
        client: None,
    };
    let (class, text) = fault(secure(1, "localhost", files)).await;
    assert_eq!(class, Class::Config);
    assert!(text.starts_with("cannot read /nonexistent/ca.pem"), "{text}");
    let empty = clinic.folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    let files = TlsFiles {
        ca_file: Some(empty),
        client: None,
    };
    let (class, text) = fault(secure(1, "localhost", files)).await;
    assert_eq!(class, Class::Config);
    assert!(text.ends_with("empty.pem holds no certificate"), "{text}");
    let mismatched = {
        let mut identity = clinic.authority.issue("a", "gw", Validity::Good);
        identity.key = clinic.authority.issue("b", "gw", Validity::Good).key;
        clinic.authority.trusted(Some(identity))
    };
    let (class, text) = fault(secure(1, "localhost", mismatched)).await;
    assert_eq!(class, Class::Config);
    assert!(text.contains("do not go together"), "{text}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_renewed_without_a_restart() {
    let clinic = clinic();
    let identity = clinic.authority.issue("broker", "localhost", Validity::Good);
    let broker = Mosquitto::with_tls(&identity, Some(&clinic.authority.ca_file())).await;
    let secure = |files| secure(broker.port, "localhost", files);

    let (class, text) = fault(secure(clinic.authority.trusted(None))).await;
    assert_eq!(class, Class::Tls, "{text}");
    assert!(text.contains("client certificate"), "{text}");

    let expired = clinic.authority.issue("gateway", "north-gw", Validity::Over);
    let files = clinic.authority.trusted(Some(expired));
    let mut link = Link::start(settings(vec![secure(files)]), readings(3));
    let state = link.until_state("a fault", |state| state.last_fault.is_some()).await;
    let text = state.last_fault.unwrap().text;
    assert!(text.contains("client certificate has expired"), "{text}");

    clinic.authority.issue("gateway", "north-gw", Validity::Good);
    link.until_state("an acknowledgement", |state| state.last_puback.is_some())
        .await;
}

#[tokio::test]
async fn a_client_certificate_of_a_stranger_is_not_accepted() {
    let clinic = clinic();
    let identity = clinic.authority.issue("broker", "localhost", Validity::Good);
    let broker = Mosquitto::with_tls(&identity, Some(&clinic.authority.ca_file())).await;
    let stranger = clinic.stranger.issue("gateway", "north-gw", Validity::Good);
    let files = clinic.authority.trusted(Some(stranger));
    let (class, text) = fault(secure(broker.port, "localhost", files)).await;
    assert_eq!(class, Class::Tls, "{text}");
    assert!(
        text.contains("does not know who signed the client certificate"),
        "{text}"
    );
}

/// Whatever is wrong with the certificates of one broker, the next one is tried, and then the first again.
#[tokio::test]
async fn the_next_broker_takes_over_from_one_whose_certificates_are_wrong() {
    let clinic = clinic();
    let good = clinic.authority.issue("good", "localhost", Validity::Good);
    let over = clinic.authority.issue("over", "localhost", Validity::Over);
    let mended = Mosquitto::with_tls(&over, None).await;
    let mut second = Mosquitto::with_tls(&good, None).await;
    let trusted = |port| secure(port, "localhost", clinic.authority.trusted(None));
    let unusable = secure(
        mended.port,
        "localhost",
        TlsFiles {
            ca_file: Some("/nonexistent/ca.pem".into()),
            client: None,
        },
    );
    let distrusted = secure(second.port, "localhost", clinic.stranger.trusted(None));
    let brokers = vec![unusable, distrusted, trusted(mended.port), trusted(second.port)];
    let mut link = Link::start(settings(brokers), Vec::new());
    link.until_state("the one whose certificates are right", |state| {
        state.last_puback.is_some() && state.broker == 3
    })
    .await;
    // The broker's certificate is renewed, and it is before the other in the order.
    clinic.authority.issue("over", "localhost", Validity::Good);
    mended.reload();
    second.kill();
    link.until_state("the one whose certificate was renewed", |state| {
        state.last_puback.is_some() && state.broker == 2
    })
    .await;
}

#[tokio::test]
async fn readings_arrive_over_mutual_tls() {
    let clinic = clinic();
    let identity = clinic.authority.issue("broker", "localhost", Validity::Good);
    let port = crate::mosquitto::free_port();
    // A second listener, plain, for the platform.
    let lines = format!(
        "allow_anonymous true\nlistener {port} 127.0.0.1\ncertfile {}\nkeyfile {}\ncafile {}\nrequire_certificate true\n",
        identity.certificate.display(),
        identity.key.display(),
        clinic.authority.ca_file().display(),
    );
    let broker = Mosquitto::with(&lines).await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/+/+/reading").await;
    let gateway = clinic.authority.issue("gateway", "north-gw", Validity::Good);
    let files = clinic.authority.trusted(Some(gateway));
    let mut link = Link::start(settings(vec![secure(port, "localhost", files)]), readings(100));
    assert_eq!(subscriber.collect(100).await.len(), 100);
    link.until_empty().await;
    link.stop().await;
}
