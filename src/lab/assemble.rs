//! Builds each service from its parts: business in the middle, dressed seams around it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use axum::Router;

use super::settings::Settings;
use crate::{
    chaos::panel::Panel,
    kernel::{
        cache::Cache,
        chore::Chore,
        client::{Client, Retry},
        db::{Db, DbError, Pool},
        health::Health,
        migrate::{self, Schema},
        service::Service,
        strangers,
        transport::{self, Http, Transport},
    },
    shop::{
        ads, cart, catalog, checkout, currency, payments, promotions, recommendation, shipping, storefront,
        third_party,
    },
    telemetry::scope::Scope,
    weave::{chores, dress, keeper},
};

/// How long a cart is kept in Redis after its last change.
const CART_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a database may take to be there when a service starts.
const DATABASE_PATIENCE: Duration = Duration::from_secs(15);

/// A service that is ready to be served.
pub struct Assembled {
    pub router: Router,
    pub health: Health,
    pub pool: Option<Pool>,
    background: Vec<Background>,
}

enum Background {
    Chore(Chore, Arc<Scope>),
    Probe(Transport),
    Keeper(Arc<Panel>, Pool),
}

impl Assembled {
    /// Starts what runs beside requests, on the current runtime.
    pub fn start_background(&mut self) {
        for task in self.background.drain(..) {
            match task {
                Background::Chore(chore, scope) => drop(tokio::spawn(chores::run(chore, scope))),
                Background::Probe(transport) => drop(tokio::spawn(transport.probe())),
                Background::Keeper(panel, pool) => drop(tokio::spawn(keeper::keep(panel, pool))),
            }
        }
    }
}

/// The parts of one service while it is being built. Must be used on the service's own runtime.
struct Workshop<'a> {
    service: Service,
    settings: &'a Settings,
    scope: Arc<Scope>,
    panel: Arc<Panel>,
    http: Http,
    background: Vec<Background>,
}

/// Builds `service`, which breaks as `panel` says.
pub async fn assemble(
    service: Service,
    settings: &Settings,
    scope: Arc<Scope>,
    panel: Arc<Panel>,
) -> Result<Assembled> {
    let http = transport::http();
    let mut shop = Workshop { service, settings, scope, panel, http, background: Vec::new() };
    let (mut database, mut cache) = (None, None);
    let router = match service {
        Service::Catalog => {
            let db = database.insert(shop.database(&catalog::store::SCHEMA).await?);
            catalog::api::router(catalog::api::App::new(db.clone()))
        }
        Service::Cart => {
            let peers = cart::peers::Peers { catalog: shop.client(Service::Catalog)? };
            let kept = cache.insert(shop.cache()?);
            let app = cart::api::App::new(kept.clone(), peers);
            let chores = app.chores().into_iter();
            shop.background.extend(chores.map(|chore| Background::Chore(chore, shop.scope.clone())));
            cart::api::router(app)
        }
        Service::Checkout => {
            let peers = checkout::peers::Peers {
                cart: shop.client(Service::Cart)?,
                catalog: shop.client(Service::Catalog)?,
                promotions: shop.client(Service::Promotions)?,
                currency: shop.client(Service::Currency)?,
                shipping: shop.client(Service::Shipping)?,
                inventory: shop.client(Service::Inventory)?,
                payments: shop.client(Service::Payments)?,
                crm: shop.client(Service::Crm)?,
            };
            let db = database.insert(shop.database(&checkout::store::SCHEMA).await?);
            let app = checkout::api::App::new(db.clone(), peers);
            let chores = app.chores().into_iter();
            shop.background.extend(chores.map(|chore| Background::Chore(chore, shop.scope.clone())));
            checkout::api::router(app)
        }
        Service::Payments => {
            let payment_provider = shop.client(Service::PaymentProvider)?.retrying(Retry::ONCE);
            payments::api::router(payments::api::App::new(payments::peers::Peers { payment_provider }))
        }
        Service::Recommendation => {
            let peers = recommendation::peers::Peers { catalog: shop.client(Service::Catalog)? };
            recommendation::api::router(recommendation::api::App::new(peers))
        }
        Service::Storefront => {
            let peers = storefront::peers::Peers {
                catalog: shop.client(Service::Catalog)?,
                // Cart refuses before it does anything, so that asking it once more is safe.
                cart: shop.client(Service::Cart)?.retrying(Retry::ONCE),
                checkout: shop.client(Service::Checkout)?,
                recommendation: shop.client(Service::Recommendation)?,
                ads: shop.client(Service::Ads)?,
                currency: shop.client(Service::Currency)?,
                shipping: shop.client(Service::Shipping)?,
                promotions: shop.client(Service::Promotions)?,
            };
            let app = storefront::api::App::new(peers, settings.slow_delay);
            storefront::api::router_with(app, |handlers| dress::breakable(handlers, shop.panel.clone()))
        }
        Service::Ads => ads::api::router(ads::api::App::default()),
        Service::Currency => currency::api::router(currency::api::App),
        Service::Shipping => shipping::api::router(shipping::api::App),
        Service::Promotions => promotions::api::router(promotions::api::App::default()),
        Service::PaymentProvider => third_party::payment_provider::router(Default::default()),
        Service::Crm => third_party::crm::router(Default::default()),
        Service::Inventory => third_party::inventory::router(Default::default()),
        Service::Lab => return Err(anyhow!("the lab is not a part of the shop")),
    };
    let router = if service == Service::Storefront {
        // It answers strangers itself, and whoever meets a failure: with a page, when a browser asks.
        dress::cross_origin(router, &settings.cors_origins)
    } else {
        dress::breakable(strangers::answered(router), shop.panel.clone())
    };
    let dressed = if service.is_third_party() {
        dress::third_party(router)
    } else {
        dress::inbound(router, shop.scope.clone())
    };
    let pool = database.as_ref().map(|db| db.pool().clone());
    let kept = pool.iter().map(|pool| Background::Keeper(shop.panel.clone(), pool.clone()));
    shop.background.extend(kept);
    let health = Health::new(service, database, cache);
    // Health stands outside the seam: it is asked by machines, not by shoppers.
    let router = dressed.merge(health.clone().router());
    Ok(Assembled { router, health, pool, background: shop.background })
}

impl Workshop<'_> {
    fn client(&mut self, peer: Service) -> Result<Client> {
        let transport = Transport::new(self.http.clone(), self.settings.peers(peer)?);
        self.background.push(Background::Probe(transport.clone()));
        let carrier = dress::outbound(transport, self.scope.clone(), self.panel.clone());
        Ok(Client::new(peer, carrier, patience(peer)))
    }

    async fn database(&self, schema: &Schema) -> Result<Db> {
        let name = self.service.name();
        let opened = async {
            loop {
                match migrate::open(&self.settings.database_url, name, &self.settings.pool).await {
                    // Away, or another service is just making the file.
                    Err(DbError::Unavailable(_) | DbError::Locked(_)) => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    done => return done,
                }
            }
        };
        let title = self.settings.database_title();
        let pool = tokio::time::timeout(DATABASE_PATIENCE, opened)
            .await
            .map_err(|_| anyhow!("{name}: nobody answers at {title}"))?
            .with_context(|| format!("{name}: failed to open {title}"))?;
        migrate::migrate(&pool, schema).await.with_context(|| format!("{name}: {title}"))?;
        let seam = dress::database(self.scope.clone(), self.panel.clone(), &pool);
        Ok(Db::new(pool, seam))
    }

    fn cache(&self) -> Result<Cache> {
        let seam = dress::cache(self.scope.clone(), self.panel.clone());
        match &self.settings.redis_url {
            Some(url) => Cache::redis(url, CART_KEPT, seam).map_err(|error| anyhow!("REDIS_URL: {error}")),
            None => Ok(Cache::in_memory(seam)),
        }
    }
}

/// How long one attempt at a peer may take. Each is longer than all that the peer itself may wait for, so that the
/// innermost one gives up first and says why.
pub fn patience(peer: Service) -> Duration {
    let seconds = match peer {
        // Beyond 5 s a payment counts as lost; `SlowPaymentProcessing` looks from 3 s on.
        Service::PaymentProvider => 5,
        // Two attempts at the provider and the pause between them.
        Service::Payments => 11,
        // A payment, and a few quick questions around it.
        Service::Checkout => 20,
        // Whatever the shop does, and `GET /slow`.
        Service::Storefront => 30,
        // Nice to have: an order does not wait long for them.
        Service::Crm | Service::Inventory | Service::Recommendation | Service::Ads => 1,
        Service::Cart
        | Service::Catalog
        | Service::Currency
        | Service::Shipping
        | Service::Promotions
        | Service::Lab => 3,
    };
    Duration::from_secs(seconds)
}
