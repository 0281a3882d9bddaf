//! Backends behind TLS: a certificate that was named is believed, another is not.

use std::{fs, net::Ipv4Addr, path::Path, sync::Arc, thread, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

use crate::{browser::get, otlp::receiver::Receiver, servers::lab::Plan, waiting::until};

const SOON: Duration = Duration::from_secs(15);

/// A door with TLS before `port`, on a port of its own, until the test ends. Its certificate, for `localhost`, is written
/// to `file`. Whoever has no certificate of `clients` is turned away, where there is such a list.
fn door_before(port: u16, file: &Path, clients: Option<RootCertStore>) -> u16 {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(file, made.cert.pem()).expect("written");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let config = match clients {
        Some(clients) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        None => config.with_no_client_auth(),
    };
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a pair");
    let (listening, opened) = oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            listening.send(listener.local_addr().expect("bound").port()).expect("the test is there");
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((outside, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(outside).await?;
                    let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
    });
    opened.blocking_recv().expect("the door opens")
}

#[test]
fn a_backend_with_a_certificate_that_was_named_gets_everything() {
    let (receiver, home) = (Receiver::start(), tempfile::tempdir().expect("a directory"));
    let certificate = home.path().join("ca.pem");
    let port = door_before(receiver.port(), &certificate, None);
    let lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("https://localhost:{port}"))
        .env("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate.to_str().expect("UTF-8"))
        .start();
    get(lab.shop("/products")).send().ok();
    receiver.wait_until(SOON, "all three signals", |received| {
        !received.spans.is_empty() && !received.logs.is_empty() && !received.points.is_empty()
    });
}

#[test]
fn a_backend_that_nobody_vouches_for_gets_nothing_and_the_lab_says_why() {
    let (receiver, home) = (Receiver::start(), tempfile::tempdir().expect("a directory"));
    let port = door_before(receiver.port(), &home.path().join("ca.pem"), None);
    let lab = Plan::up().env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("https://localhost:{port}")).start();
    get(lab.shop("/products")).send().ok();
    until(SOON, "the reason", || {
        let state = get(lab.at(10, "/api/state")).send().ok().json();
        let mut exits = state["telemetry"].as_array().expect("exits").iter();
        exits.any(|exit| {
            exit["signal"] == "traces"
                && exit["standing"] == "away"
                && exit["trouble"].as_str().is_some_and(|trouble| trouble.contains("certificate"))
        })
    });
    assert_eq!(receiver.received().requests, 0);
}

#[test]
fn a_backend_that_wants_a_certificate_gets_the_signals_that_have_one() {
    let (receiver, home) = (Receiver::start(), tempfile::tempdir().expect("a directory"));
    let made = rcgen::generate_simple_self_signed(["lab".to_owned()]).expect("a certificate");
    let mut clients = RootCertStore::empty();
    clients.add(made.cert.der().clone()).expect("a certificate");
    let certificate = home.path().join("ca.pem");
    let port = door_before(receiver.port(), &certificate, Some(clients));
    let (chain, key) = (home.path().join("chain.pem"), home.path().join("key.pem"));
    fs::write(&chain, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let text = |file: &Path| file.to_str().expect("UTF-8").to_owned();
    let lab = Plan::up()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("https://localhost:{port}"))
        .env("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", &text(&certificate))
        .env("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", &text(&certificate))
        .env("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", &text(&chain))
        .env("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", &text(&key))
        .start();
    get(lab.shop("/products")).send().ok();
    receiver.wait_until(SOON, "spans", |received| !received.spans.is_empty());
    let received = receiver.received();
    assert!(received.logs.is_empty() && received.points.is_empty(), "they prove nothing of themselves");
}
