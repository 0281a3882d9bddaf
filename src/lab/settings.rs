//! What a process was told, checked and made whole before anything starts.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use http::HeaderValue;

use super::{
    cli::{Common, PeerFlags},
    table::Row,
};
use crate::kernel::{db::PoolOptions, peers::Peers, service::Service};

const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Where services listen, where their peers are, and what they keep things in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the storefront and the control address listen.
    pub bind: IpAddr,
    /// Where all others listen.
    pub bind_internal: IpAddr,
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
    /// The same for a service that stands alone: `--bind` is its own, and its peers are looked for there unless they are
    /// named.
    pub fn alone(common: &Common, peers: PeerFlags) -> Result<Self> {
        Settings::new(&Common { bind_internal: Some(common.bind), ..common.clone() }, peers)
    }

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
            bind_internal: common.bind_internal.unwrap_or_else(|| loopback(common.bind)),
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
        let is_public = matches!(service, Service::Storefront | Service::Lab);
        let ip = if is_public { self.bind } else { self.bind_internal };
        SocketAddr::new(ip, self.port_base + service.offset())
    }

    /// What the start-up table says of services that are needed on this machine alone.
    pub fn internal_row(&self) -> Row {
        let ports = Service::ALL
            .into_iter()
            .map(|service| service.offset())
            .filter(|offset| *offset > Service::Lab.offset());
        let (first, last) = (ports.clone().min().unwrap_or_default(), ports.max().unwrap_or_default());
        let first = SocketAddr::new(self.bind_internal, self.port_base + first);
        let note = match self.bind_internal.is_loopback() {
            true => "--bind-internal opens them",
            false => "anybody who reaches them can change stock and catalogue",
        };
        Row::new(
            "services",
            format!("{first} to {}", self.port_base + last),
            format!("internal services and third parties; {note}"),
        )
    }

    /// What is reached at `--bind`.
    pub fn bound_note(&self, is_whole: bool) -> &'static str {
        if is_whole { "the shop and the control address" } else { "the control address" }
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
                SocketAddr::V4(_) => LOOPBACK_V4,
                SocketAddr::V6(_) => LOOPBACK_V6,
            });
        }
        address
    }

    /// What the start-up table says of the database, without secrets.
    pub fn database_title(&self) -> String {
        match self.database_url.strip_prefix("sqlite:") {
            Some(path) => format!("SQLite {}", plain(path.split('?').next().unwrap_or(path))),
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

/// The loopback address beside `bind`: itself, if it is one.
fn loopback(bind: IpAddr) -> IpAddr {
    match bind {
        bind if bind.is_loopback() => bind,
        IpAddr::V4(_) => LOOPBACK_V4,
        IpAddr::V6(_) => LOOPBACK_V6,
    }
}

fn embedded(data_dir: &Path) -> Result<String> {
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("failed to make the data directory {}", data_dir.display()))?;
    let file = data_dir.join("doorbuster.db");
    let Some(path) = file.to_str() else {
        let shown = data_dir.display();
        return Err(anyhow!("--data-dir: {shown} is not UTF-8, which the embedded database needs"));
    };
    Ok(format!("sqlite:{}", escaped(path)))
}

/// What means something in the address of a database, and how it is written there. `%` first: it begins the others.
const ESCAPES: [(&str, &str); 4] = [("%", "%25"), ("?", "%3F"), ("#", "%23"), (":", "%3A")];

/// A path as a part of a database's address.
fn escaped(path: &str) -> String {
    let path = ESCAPES.iter().fold(path.to_owned(), |path, (plain, escape)| path.replace(plain, escape));
    // Two slashes at the beginning would be those behind a scheme.
    if path.starts_with("//") { format!("//{path}") } else { path }
}

/// The same as a person reads it.
fn plain(path: &str) -> String {
    let path = path.strip_prefix("//").unwrap_or(path).to_owned();
    ESCAPES.iter().rev().fold(path, |path, (plain, escape)| path.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::lab::cli::Cli;

    fn common(args: &[&str]) -> Common {
        Cli::try_parse_from([&["doorbuster"][..], args].concat()).expect("flags").up.common
    }

    #[test]
    fn bind_is_of_the_shop_and_the_control_address_and_all_others_stay_on_loopback() {
        let home = tempfile::tempdir().expect("a directory");
        let data = ["--data-dir", home.path().to_str().expect("plain")];
        let settings = |args: &[&str]| {
            Settings::new(&common(&[&data[..], args].concat()), PeerFlags::default()).expect("fine")
        };
        let ips = |settings: &Settings| {
            [Service::Storefront, Service::Lab, Service::Catalog, Service::Inventory]
                .map(|service| settings.address(service).ip().to_string())
        };
        let open = settings(&["--bind", "0.0.0.0"]);
        assert_eq!(ips(&open), ["0.0.0.0", "0.0.0.0", "127.0.0.1", "127.0.0.1"]);
        assert_eq!(open.shown(Service::Storefront), "http://127.0.0.1:8000");
        assert_eq!(ips(&settings(&["--bind", "::"])), ["::", "::", "::1", "::1"]);
        assert_eq!(ips(&settings(&["--bind", "127.0.0.2"])), ["127.0.0.2"; 4]);
        let asked = settings(&["--bind", "0.0.0.0", "--bind-internal", "0.0.0.0"]);
        assert_eq!(ips(&asked), ["0.0.0.0"; 4]);
        assert!(asked.internal_row().note.contains("can change stock"));
        let alone = common(&[&data[..], &["--bind", "0.0.0.0"]].concat());
        let alone = Settings::alone(&alone, PeerFlags::default()).expect("fine");
        assert_eq!(ips(&alone), ["0.0.0.0"; 4]);
    }

    #[tokio::test]
    async fn a_data_directory_may_be_called_anything() {
        use crate::kernel::migrate;
        let home = tempfile::tempdir().expect("a directory");
        for name in ["odd?mode=memory", "pct%41x", "a#b", "with blanks", "ü", "%3F", "odd[1]*"] {
            let dir = home.path().join(name);
            let data = ["--data-dir", dir.to_str().expect("UTF-8")];
            let settings = Settings::new(&common(&data), PeerFlags::default()).expect(name);
            let pool = migrate::open(&settings.database_url, "catalog", &settings.pool).await.expect(name);
            pool.close().await;
            assert!(dir.join("doorbuster.db").is_file(), "{name}");
            let shown = settings.database_title();
            assert_eq!(shown, format!("SQLite {}", dir.join("doorbuster.db").display()));
        }
        assert_eq!(
            std::fs::read_dir(home.path()).expect("a directory").count(),
            7,
            "and nothing else was made"
        );
    }

    #[test]
    fn a_path_that_begins_with_two_slashes_keeps_both() {
        assert_eq!(escaped("//a/b"), "////a/b");
        assert_eq!(plain("////a/b"), "//a/b");
    }
}
