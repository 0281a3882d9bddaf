//! The instruments of one service. A metric that nobody measures is not sent; where an error must be seen to be zero
//! before it is first seen, its label set is registered at start.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Meter, UpDownCounter},
};

use super::{
    exemplars::{Exemplars, Filter},
    histogram::Histogram,
    names::{DB_SECONDS, DOLLARS, SECONDS, attribute, help, metric, unit},
    otlp::rule::Rule,
};
use crate::kernel::{
    country::Country, db::Pool, fact::PaymentOutcome, origin::PaymentMethod, service::Service,
};

/// Values of `status` on `webstore.checkouts`.
pub const CHECKOUT_SUCCESS: &str = "success";
pub const CHECKOUT_FAILED: &str = "failed";

/// What a service measures with.
#[derive(Clone, Debug)]
pub struct Instruments {
    meter: Meter,
    pub server_duration: Histogram,
    pub server_active: UpDownCounter<i64>,
    pub client_duration: Histogram,
    pub db_duration: Histogram,
    pub pool_wait: Histogram,
    pub pool_use: Histogram,
    pub pool_pending: UpDownCounter<i64>,
    pub pool_timeouts: Counter<u64>,
    pub cart_additions: Counter<u64>,
    pub carts_active: UpDownCounter<i64>,
    pub carts_abandoned: Counter<u64>,
    pub checkouts_started: Counter<u64>,
    pub checkouts: Counter<u64>,
    pub checkout_amount: Histogram,
    pub payment_duration: Histogram,
    pub payments_processed: Counter<u64>,
    pub payment_amount: Histogram,
    pub provider_duration: Histogram,
    pub visits: Counter<u64>,
    pub orders: Counter<u64>,
    pub revenue: Counter<f64>,
}

impl Instruments {
    /// Instruments of `meter`; histograms measure with `exponential` as well, if there is one, and their exemplars keep to
    /// `filter` and to the `tail` rule.
    pub fn new(meter: Meter, exponential: Option<&Meter>, filter: Filter, tail: Option<Rule>) -> Self {
        let histogram = |name, unit, bounds: &[f64]| {
            let on = |meter: &Meter| {
                // Bounds mean nothing to the exponential twin.
                let builder = meter.f64_histogram(name).with_description(help(name)).with_unit(unit);
                builder.with_boundaries(bounds.to_vec()).build()
            };
            Histogram::new(name, Exemplars::new(bounds, filter, tail), on(&meter), exponential.map(on))
        };
        let seconds = |name| histogram(name, unit::SECONDS, &SECONDS);
        let db_seconds = |name| histogram(name, unit::SECONDS, &DB_SECONDS);
        let dollars = |name| histogram(name, unit::DOLLARS, &DOLLARS);
        let counter =
            |name, unit| meter.u64_counter(name).with_description(help(name)).with_unit(unit).build();
        let up_down =
            |name, unit| meter.i64_up_down_counter(name).with_description(help(name)).with_unit(unit).build();
        Instruments {
            server_duration: seconds(metric::SERVER_DURATION),
            server_active: up_down(metric::SERVER_ACTIVE, unit::REQUESTS),
            client_duration: seconds(metric::CLIENT_DURATION),
            db_duration: db_seconds(metric::DB_DURATION),
            pool_wait: db_seconds(metric::POOL_WAIT),
            pool_use: db_seconds(metric::POOL_USE),
            pool_pending: up_down(metric::POOL_PENDING, unit::REQUESTS),
            pool_timeouts: counter(metric::POOL_TIMEOUTS, unit::TIMEOUTS),
            cart_additions: counter(metric::CART_ADDITIONS, unit::ITEMS),
            carts_active: up_down(metric::CARTS_ACTIVE, unit::CARTS),
            carts_abandoned: counter(metric::CARTS_ABANDONED, unit::CARTS),
            checkouts_started: counter(metric::CHECKOUTS_STARTED, unit::CHECKOUTS),
            checkouts: counter(metric::CHECKOUTS, unit::CHECKOUTS),
            checkout_amount: dollars(metric::CHECKOUT_AMOUNT),
            payment_duration: seconds(metric::PAYMENT_DURATION),
            payments_processed: counter(metric::PAYMENTS_PROCESSED, unit::PAYMENTS),
            payment_amount: dollars(metric::PAYMENT_AMOUNT),
            provider_duration: seconds(metric::PROVIDER_DURATION),
            visits: counter(metric::VISITS, unit::VISITS),
            orders: counter(metric::ORDERS, unit::ORDERS),
            revenue: meter
                .f64_counter(metric::REVENUE)
                .with_description(help(metric::REVENUE))
                .with_unit(unit::DOLLARS)
                .build(),
            meter,
        }
    }

    /// Registers at zero what a rate or a ratio will ask for before it has happened.
    pub fn start_at_zero(&self, service: Service) {
        let country = |country: Country| KeyValue::new(attribute::COUNTRY, country.code());
        match service {
            Service::Storefront => {
                Country::ALL.into_iter().for_each(|one| self.visits.add(0, &[country(one)]));
            }
            Service::Cart => Country::ALL.into_iter().for_each(|one| {
                self.carts_active.add(0, &[country(one)]);
                self.carts_abandoned.add(0, &[country(one)]);
            }),
            Service::Checkout => Country::ALL.into_iter().for_each(|one| {
                self.orders.add(0, &[country(one)]);
                self.revenue.add(0.0, &[country(one)]);
                for method in PaymentMethod::ALL {
                    let method = KeyValue::new(attribute::PAYMENT_METHOD, method.name());
                    self.checkouts_started.add(0, &[country(one), method.clone()]);
                    for status in [CHECKOUT_SUCCESS, CHECKOUT_FAILED] {
                        let status = KeyValue::new(attribute::STATUS, status);
                        self.checkouts.add(0, &[country(one), method.clone(), status]);
                    }
                }
            }),
            Service::Payments => Country::ALL.into_iter().for_each(|one| {
                for method in PaymentMethod::ALL {
                    let method = KeyValue::new(attribute::PAYMENTS_METHOD, method.name());
                    for outcome in PaymentOutcome::ALL {
                        let status = KeyValue::new(attribute::STATUS, outcome.name());
                        self.payments_processed.add(0, &[country(one), method.clone(), status]);
                    }
                }
            }),
            Service::Lab => {
                let expected = self
                    .meter
                    .i64_gauge(metric::SERVICE_EXPECTED)
                    .with_description(help(metric::SERVICE_EXPECTED))
                    .with_unit(unit::SERVICES)
                    .build();
                for one in Service::ALL.into_iter().filter(|one| !one.is_third_party()) {
                    expected.record(1, &[KeyValue::new(attribute::SERVICE, one.name())]);
                }
            }
            Service::Recommendation
            | Service::Catalog
            | Service::Ads
            | Service::Currency
            | Service::Shipping
            | Service::Promotions
            | Service::PaymentProvider
            | Service::Crm
            | Service::Inventory => {}
        }
    }

    /// Watches the gauges of a pool for as long as the meter lives.
    pub fn watch_pool(&self, pool: &Pool, name: &'static str) {
        let name = KeyValue::new(attribute::POOL_NAME, name);
        self.pool_timeouts.add(0, std::slice::from_ref(&name));
        let (counted, named) = (pool.clone(), name.clone());
        self.meter
            .i64_observable_up_down_counter(metric::POOL_COUNT)
            .with_description(help(metric::POOL_COUNT))
            .with_unit(unit::CONNECTIONS)
            .with_callback(move |observer| {
                let idle = counted.idle().min(counted.size());
                for (state, count) in [("idle", idle), ("used", counted.size() - idle)] {
                    let state = KeyValue::new(attribute::POOL_STATE, state);
                    observer.observe(i64::from(count), &[named.clone(), state]);
                }
            })
            .build();
        let pool = pool.clone();
        self.meter
            .i64_observable_up_down_counter(metric::POOL_MAX)
            .with_description(help(metric::POOL_MAX))
            .with_unit(unit::CONNECTIONS)
            .with_callback(move |observer| {
                observer.observe(i64::from(pool.max()), std::slice::from_ref(&name));
            })
            .build();
    }

    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    pub fn histograms(&self) -> [&Histogram; 9] {
        [
            &self.server_duration,
            &self.client_duration,
            &self.db_duration,
            &self.pool_wait,
            &self.pool_use,
            &self.checkout_amount,
            &self.payment_duration,
            &self.payment_amount,
            &self.provider_duration,
        ]
    }
}
