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
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

pub type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Mozilla's roots.
pub fn mozilla() -> Arc<RootCertStore> {
    Arc::new(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()))
}

/// Mozilla's roots, and the certificates of a PEM file.
pub fn trusted(file: &Path) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::clone(&mozilla());
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| wrong(file, &error))?;
    }
    Ok(Arc::new(roots))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let named = CertificateDer::pem_file_iter(file)
        .and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>())
        .map_err(|error| wrong(file, &error))?;
    if named.is_empty() { Err(wrong(file, &"no certificate in it")) } else { Ok(named) }
}

fn wrong(file: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", file.display())
}

/// What a client proves itself with: a chain of certificates and the key of the first.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Of two PEM files.
    pub fn read(chain: &Path, key: &Path) -> Result<Identity, String> {
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
        Ok(Identity { chain: certificates(chain)?, key: private })
    }
}

/// How a client speaks TLS. By default it trusts Mozilla's roots and proves nothing of itself.
#[derive(Clone, Default)]
pub struct Tls(Option<Arc<ClientConfig>>);

impl Tls {
    pub fn new(roots: Arc<RootCertStore>, identity: Option<Identity>) -> Result<Tls, String> {
        tls(roots, identity).map(|config| Tls(Some(Arc::new(config)))).map_err(|error| error.to_string())
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

fn tls(roots: Arc<RootCertStore>, identity: Option<Identity>) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    match identity {
        Some(Identity { chain, key }) => config.with_client_auth_cert(chain, key),
        None => Ok(config.with_no_client_auth()),
    }
}

/// Must be first used on the runtime that is to drive its connections.
pub fn client(roots: Arc<RootCertStore>) -> Http {
    // Ring knows the versions it is asked for: this cannot fail.
    over(tls(roots, None).ok())
}

/// The same, speaking TLS as `tls` says.
pub fn client_by(Tls(config): &Tls) -> Http {
    match config {
        Some(config) => over(Some(ClientConfig::clone(config))),
        None => client(mozilla()),
    }
}

fn over(tls: Option<ClientConfig>) -> Http {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let builder = HttpsConnectorBuilder::new();
    let builder = match tls {
        Some(tls) => builder.with_tls_config(tls),
        None => builder.with_webpki_roots(),
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
