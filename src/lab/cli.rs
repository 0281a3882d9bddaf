//! The command line. Every flag has a variable; the standard ones keep their standard names.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use http::{HeaderValue, Uri};

use super::{remote::flags::Remote, rules::flags::RulesCommand, verify::flags::Verify};
use crate::{kernel::service::Service, rules::pace::Pace};

/// A shop that breaks on cue: an observability demo lab in one binary.
#[derive(Debug, Parser)]
#[command(name = "doorbuster", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub up: Up,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start all services, the shoppers and the control address in this process (the default)
    Up(Box<Up>),
    /// Start one service; where its peers are is said by flags or variables
    Serve(Box<Serve>),
    /// Play scenarios and judge whether the alerts they promise fire, arrive and end: exit 0 when all do, 1 when one does
    /// not, 2 when it cannot be told
    Verify(Box<Verify>),
    /// Make alert rules, objectives and routes fit a pace, or say what is wrong with them
    #[command(subcommand)]
    Rules(RulesCommand),
    #[command(flatten)]
    Remote(Remote),
}

/// `doorbuster up`.
#[derive(Args, Clone, Debug)]
pub struct Up {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub show: ShowFlags,
    #[command(flatten)]
    pub stack: StackFlags,
}

/// Whether alerts are raised and routed by a real Prometheus and a real Alertmanager, and by which.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Alerts")]
pub struct StackFlags {
    /// Start Prometheus and Alertmanager with the lab, where they are installed
    #[arg(long, env = "DOORBUSTER_STACK", value_enum, default_value = "auto")]
    pub stack: StackWish,
    /// How fast alerts are: production, stage (objectives over 12 hours) or talk (over one hour)
    #[arg(long, env = "DOORBUSTER_PACE", default_value = "talk")]
    pub pace: Pace,
    /// Another Prometheus than the one on the PATH
    #[arg(long, env = "DOORBUSTER_PROMETHEUS_BIN", value_name = "FILE")]
    pub prometheus_bin: Option<PathBuf>,
    /// Another Alertmanager than the one on the PATH
    #[arg(long, env = "DOORBUSTER_ALERTMANAGER_BIN", value_name = "FILE")]
    pub alertmanager_bin: Option<PathBuf>,
    #[command(flatten)]
    pub theirs: TheirFlags,
    /// Your own rule files in place of those that come with the lab
    #[arg(long, value_name = "FILE", hide = true)]
    pub rules: Vec<PathBuf>,
    /// Your own `alertmanager.yml`: its routes and receivers' names, and nobody but the lab is told
    #[arg(long, value_name = "FILE", hide = true)]
    pub alertmanager_config: Option<PathBuf>,
}

/// Those that run already.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Alerts")]
pub struct TheirFlags {
    /// A Prometheus that runs already; then none is started
    #[arg(long, env = "PROMETHEUS_URL", value_name = "URL")]
    pub prometheus_url: Option<String>,
    /// An Alertmanager that runs already; then none is started
    #[arg(long, env = "ALERTMANAGER_URL", value_name = "URL")]
    pub alertmanager_url: Option<String>,
}

/// Whether there is to be a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StackWish {
    Auto,
    Off,
}

/// `doorbuster serve SERVICE`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Which one: storefront, lab, recommendation, cart, catalog, checkout, ads, currency, shipping, payments,
    /// promotions, payment-provider, crm or inventory
    pub service: Service,
    /// Port to listen on, instead of the one the port base gives
    #[arg(long)]
    pub port: Option<u16>,
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub show: ShowFlags,
    #[command(flatten)]
    pub peers: PeerFlags,
    #[command(flatten)]
    pub engine: EngineFlags,
    #[command(flatten)]
    pub theirs: TheirFlags,
}

/// Where a service that stands alone hears what is broken.
#[derive(Args, Clone, Debug)]
pub struct EngineFlags {
    /// Address of the lab whose faults this service follows (default: this machine and the port base)
    #[arg(long, env = "LAB_URL", value_name = "URL")]
    pub engine_url: Option<String>,
    /// How long faults stay when the lab is not heard any more
    #[arg(long, env = "DOORBUSTER_LEASE", default_value = "30s", value_parser = delay, hide = true)]
    pub lease: Duration,
}

/// What every process needs to know.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Address that the storefront and the control address listen on; with `serve`, that service
    #[arg(long, env = "DOORBUSTER_BIND", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// Address that all other services and the third parties listen on: anybody who reaches them can change the stock and
    /// the catalogue (default: loopback; `serve` ignores it)
    #[arg(long, env = "DOORBUSTER_BIND_INTERNAL", value_name = "ADDRESS")]
    pub bind_internal: Option<IpAddr>,
    /// Port of the storefront; all others move with it (lab: +10, third parties: +91 to +93)
    #[arg(long, env = "DOORBUSTER_PORT_BASE", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..=65_442))]
    pub port_base: u16,
    /// Directory for the embedded database and what the lab keeps
    #[arg(long, env = "DOORBUSTER_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// Database: `sqlite:PATH` or `postgres://…` (default: SQLite in the data directory; alias DATABASE_DSN)
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Most connections of each service's own pool
    #[arg(long, env = "DB_POOL_SIZE", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub db_pool_size: u32,
    /// How long a query waits for a connection, in milliseconds
    #[arg(long, env = "DB_ACQUIRE_TIMEOUT_MS", default_value_t = 1000)]
    pub db_acquire_timeout_ms: u64,
    /// How long a connection lives, in seconds
    #[arg(long, env = "DB_MAX_LIFETIME_S", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..))]
    pub db_max_lifetime_s: u64,
    /// Cache for carts: `redis://host:port` (default: in memory)
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Origins whose pages may call the shop's API, separated by commas, such as `https://shop.example` (default: none)
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,
    /// How long `GET /slow` takes, such as `5s`
    #[arg(long, env = "SLOW_ENDPOINT_DELAY", default_value = "5s", value_parser = delay)]
    pub slow_endpoint_delay: Duration,
    /// Sample where processor time goes, by service and route; this takes memory
    #[arg(long, env = "DOORBUSTER_PROFILE", value_parser = clap::builder::BoolishValueParser::new())]
    pub profile: bool,
    /// How often a profile is taken
    #[arg(long, env = "DOORBUSTER_PROFILE_EVERY", default_value = "5s", value_parser = delay, hide = true)]
    pub profile_every: Duration,
}

/// What is shown, and to how many.
#[derive(Args, Clone, Debug)]
pub struct ShowFlags {
    /// The scenario that runs at the start; `calm` for none at all
    #[arg(long, env = "DOORBUSTER_SCENARIO", value_name = "NAME", default_value = "normal")]
    pub scenario: String,
    /// A directory of your own scenarios, which join the bundled ones
    #[arg(long, env = "DOORBUSTER_SCENARIOS", value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Visits a minute on a normal evening (default: 240); other scenarios scale with it, and 0 keeps the shop empty
    #[arg(long, env = "DOORBUSTER_VISITS_PER_MINUTE", value_parser = visits)]
    pub visits_per_minute: Option<f64>,
    /// What visits and faults follow from: the same seed makes the same visits, struck by the same faults (default: the
    /// scenario's own, or 42)
    #[arg(long, env = "DOORBUSTER_SEED")]
    pub seed: Option<u64>,
    /// Enter every crossing that a fault strikes in the ledger, and not only the first hundred traces
    #[arg(long)]
    pub ledger_all: bool,
    /// Grafana on whose dashboards the phases of a scenario are marked, such as `http://user:password@host:3000`; a token
    /// stands in GRAFANA_TOKEN
    #[arg(long, env = "GRAFANA_URL", value_name = "URL", hide_env_values = true)]
    pub grafana_url: Option<String>,
    /// Where a browser finds that Grafana, if elsewhere: the page links there
    #[arg(long, env = "GRAFANA_LINK_URL", value_name = "URL")]
    pub grafana_link: Option<String>,
    /// Mark faults there as well: whoever looks is told what is broken
    #[arg(long, env = "DOORBUSTER_ANNOTATE_FAULTS", value_parser = clap::builder::BoolishValueParser::new())]
    pub annotate_faults: bool,
    /// Another name by which browsers may address the control API, such as that of a proxy before it; several by commas
    #[arg(long = "host", env = "DOORBUSTER_HOSTS", value_name = "NAME", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Memory for recent traces, log lines, series and profiles, in MiB; 0 keeps none
    #[arg(long, env = "DOORBUSTER_STORE_MB", value_name = "MIB", default_value_t = 64, value_parser = store_mb)]
    pub store_mb: usize,
}

/// Declares a flag and a variable for each peer: `--catalog-url`, `CATALOG_URL`.
macro_rules! peer_flags {
    ($($field:ident $variable:literal $service:ident),* $(,)?) => {
        /// Where the peers are; several addresses are separated by commas. The default is this machine and the port
        /// base.
        #[derive(Args, Clone, Debug, Default)]
        #[command(next_help_heading = "Peers (http://host:port, several separated by commas)")]
        pub struct PeerFlags {
            $(
                #[arg(long, env = $variable, value_name = "URLS")]
                pub $field: Option<String>,
            )*
        }

        impl PeerFlags {
            /// What was said about `service`; an empty variable says nothing.
            pub fn of(&self, service: Service) -> Option<&str> {
                match service {
                    $(Service::$service => self.$field.as_deref().filter(|urls| !urls.trim().is_empty()),)*
                    Service::Lab => None,
                }
            }
        }
    };
}

peer_flags! {
    storefront_url "STOREFRONT_URL" Storefront,
    recommendation_url "RECOMMENDATION_URL" Recommendation,
    cart_url "CART_URL" Cart,
    catalog_url "CATALOG_URL" Catalog,
    checkout_url "CHECKOUT_URL" Checkout,
    ads_url "ADS_URL" Ads,
    currency_url "CURRENCY_URL" Currency,
    shipping_url "SHIPPING_URL" Shipping,
    payments_url "PAYMENTS_URL" Payments,
    promotions_url "PROMOTIONS_URL" Promotions,
    payment_provider_url "PAYMENT_PROVIDER_URL" PaymentProvider,
    crm_url "CRM_URL" Crm,
    inventory_url "INVENTORY_URL" Inventory,
}

/// A duration with a unit, or plain seconds as the variable has always been written.
fn delay(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

/// An origin as a browser sends it: scheme, host, port, and nothing else.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let uri: Uri =
        text.trim().parse().map_err(|_| "expected scheme://host or scheme://host:port".to_owned())?;
    match (uri.scheme_str(), uri.authority(), text.trim().ends_with('/')) {
        (Some(scheme @ ("http" | "https")), Some(place), false)
            if uri.path() == "/" && uri.query().is_none() =>
        {
            HeaderValue::try_from(format!("{scheme}://{place}")).map_err(|error| error.to_string())
        }
        _ => Err("expected scheme://host or scheme://host:port, without a slash at the end".to_owned()),
    }
}

fn visits(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=600_000.0).contains(&number) => Ok(number),
        _ => Err("expected a number from 0 to 600000".to_owned()),
    }
}

/// More than 16 GiB is a slip of the pen.
fn store_mb(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(size @ 0..=16_384) => Ok(size),
        _ => Err("expected a whole number from 0 to 16384".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_service_but_the_lab_has_a_flag_and_the_variable_that_bears_its_name() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").expect("serve");
        for service in Service::ALL.into_iter().filter(|service| *service != Service::Lab) {
            let variable = service.url_variable();
            let known = serve.get_arguments().any(|one| one.get_env().is_some_and(|env| *env == *variable));
            assert!(known, "{variable}");
        }
    }

    #[test]
    fn origins_are_whole_and_nothing_more() {
        assert_eq!(
            origin("https://shop.example:8443"),
            Ok(HeaderValue::from_static("https://shop.example:8443"))
        );
        for text in
            ["*", "null", "shop.example", "https://shop.example/", "https://shop.example/a", "ftp://a"]
        {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn delays_are_durations_or_seconds() {
        assert_eq!(delay("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(delay("250ms"), Ok(Duration::from_millis(250)));
        assert!(delay("soon").is_err());
        assert!(delay("-1").is_err());
    }
}
