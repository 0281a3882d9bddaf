//! The HTTP client for servers outside of the shop: plain or by TLS (rustls with ring, Mozilla's roots and those the user
//! names). Services ask one another by `transport`, which does less and costs less.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

pub type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Mozilla's roots.
pub fn mozilla() -> Arc<RootCertStore> {
    Arc::new(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()))
}

/// Mozilla's roots, and the certificates of a PEM file.
pub fn trusted(file: &Path) -> Result<Arc<RootCertStore>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let named = CertificateDer::pem_file_iter(file)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| wrong(&error))?;
    if named.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    let mut roots = RootCertStore::clone(&mozilla());
    for certificate in named {
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    Ok(Arc::new(roots))
}

/// Must be first used on the runtime that is to drive its connections.
pub fn client(roots: Arc<RootCertStore>) -> Http {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Ring knows the versions it is asked for: this cannot fail.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|tls| tls.with_root_certificates(roots).with_no_client_auth());
    let builder = HttpsConnectorBuilder::new();
    let builder = match tls {
        Ok(tls) => builder.with_tls_config(tls),
        Err(_) => builder.with_webpki_roots(),
    };
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(builder.https_or_http().enable_http1().wrap_connector(tcp))
}

/// What lies at the bottom of an error: "client error (Connect)" helps nobody.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
