//! What a process was told, checked and made whole before anything starts.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use http::HeaderValue;

use super::cli::{Common, PeerFlags};
use crate::kernel::{db::PoolOptions, peers::Peers, service::Service};

/// Where services listen, where their peers are, and what they keep things in.
#[derive(Clone, Debug)]
pub struct Settings {
    pub bind: IpAddr,
    pub port_base: u16,
    pub database_url: String,
    pub redis_url: Option<String>,
    pub pool: PoolOptions,
    pub slow_delay: Duration,
    /// Origins whose pages may call the shop.
    pub cors_origins: Vec<HeaderValue>,
    peers: PeerFlags,
}

impl Settings {
    /// Checks all there is to check and makes the data directory where it is needed.
    pub fn new(common: &Common, peers: PeerFlags) -> Result<Self> {
        let told = common.database_url.clone().or_else(|| std::env::var("DATABASE_DSN").ok());
        let database_url = match told.filter(|url| !url.is_empty()) {
            Some(url) if url.starts_with("sqlite:") || is_postgres(&url) => url,
            // The address may hold a password: it is not repeated.
            Some(_) => return Err(anyhow!("DATABASE_URL must start with sqlite: or postgres://")),
            None => embedded(&common.data_dir)?,
        };
        let settings = Settings {
            bind: common.bind,
            port_base: common.port_base,
            database_url,
            redis_url: common.redis_url.clone().filter(|url| !url.is_empty()),
            pool: PoolOptions {
                size: common.db_pool_size,
                acquire_timeout: Duration::from_millis(common.db_acquire_timeout_ms),
                max_lifetime: Duration::from_secs(common.db_max_lifetime_s),
            },
            slow_delay: common.slow_endpoint_delay,
            cors_origins: common.cors_origins.clone(),
            peers,
        };
        for service in Service::ALL {
            settings.peers(service)?;
        }
        Ok(settings)
    }

    pub fn address(&self, service: Service) -> SocketAddr {
        SocketAddr::new(self.bind, self.port_base + service.offset())
    }

    /// Where `service` can be asked, as a person reads it.
    pub fn shown(&self, service: Service) -> String {
        let here = || format!("http://{}", self.reachable(service));
        self.peers.of(service).map_or_else(here, str::to_owned)
    }

    /// Where `service` can be asked: as told, or on this machine.
    pub fn peers(&self, service: Service) -> Result<Arc<Peers>> {
        let variable = service.url_variable();
        Peers::parse(&variable, &self.shown(service)).map(Arc::new).map_err(|error| anyhow!(error))
    }

    /// The address by which this machine itself reaches `service`.
    pub fn reachable(&self, service: Service) -> SocketAddr {
        let mut address = self.address(service);
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                SocketAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            });
        }
        address
    }

    /// What the start-up table says of the database, without secrets.
    pub fn database_title(&self) -> String {
        match self.database_url.strip_prefix("sqlite:") {
            Some(path) => format!("SQLite {}", path.split('?').next().unwrap_or(path)),
            None => {
                let place = self.database_url.rsplit('@').next().unwrap_or_default();
                let place = place.split("://").last().unwrap_or(place);
                format!("PostgreSQL {}", place.split('?').next().unwrap_or(place))
            }
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn embedded(data_dir: &Path) -> Result<String> {
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("failed to make the data directory {}", data_dir.display()))?;
    let file: PathBuf = data_dir.join("doorbuster.db");
    Ok(format!("sqlite:{}", file.display()))
}
