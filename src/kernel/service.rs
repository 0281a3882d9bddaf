//! The services and third parties by name, port and role.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything that listens. Signals call it by [`Service::name`], except third parties, which send none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    Storefront,
    Lab,
    Recommendation,
    Cart,
    Catalog,
    Checkout,
    Ads,
    Currency,
    Shipping,
    Payments,
    Promotions,
    PaymentProvider,
    Crm,
    Inventory,
}

impl Service {
    /// By port, lowest first.
    pub const ALL: [Service; 14] = [
        Service::Storefront,
        Service::Lab,
        Service::Recommendation,
        Service::Cart,
        Service::Catalog,
        Service::Checkout,
        Service::Ads,
        Service::Currency,
        Service::Shipping,
        Service::Payments,
        Service::Promotions,
        Service::PaymentProvider,
        Service::Crm,
        Service::Inventory,
    ];

    /// `service.name` in signals, the word on the command line, and the thread's name.
    pub fn name(self) -> &'static str {
        match self {
            Service::Storefront => "storefront",
            Service::Lab => "lab",
            Service::Recommendation => "recommendation",
            Service::Cart => "cart",
            Service::Catalog => "catalog",
            Service::Checkout => "checkout",
            Service::Ads => "ads",
            Service::Currency => "currency",
            Service::Shipping => "shipping",
            Service::Payments => "payments",
            Service::Promotions => "promotions",
            Service::PaymentProvider => "payment-provider",
            Service::Crm => "crm",
            Service::Inventory => "inventory",
        }
    }

    /// How far the port stands above the port base (8000 unless moved).
    pub fn offset(self) -> u16 {
        match self {
            Service::Storefront => 0,
            Service::Lab => 10,
            Service::Recommendation => 11,
            Service::Cart => 13,
            Service::Catalog => 14,
            Service::Checkout => 16,
            Service::Ads => 17,
            Service::Currency => 18,
            Service::Shipping => 19,
            Service::Payments => 81,
            Service::Promotions => 82,
            Service::PaymentProvider => 91,
            Service::Crm => 92,
            Service::Inventory => 93,
        }
    }

    /// The variable that says where this service is, for `serve`: `CATALOG_URL`, `PAYMENT_PROVIDER_URL`, ….
    pub fn url_variable(self) -> String {
        format!("{}_URL", self.name().to_uppercase().replace('-', "_"))
    }

    /// Third parties belong to somebody else: they send no signals of their own.
    pub fn is_third_party(self) -> bool {
        matches!(self, Service::PaymentProvider | Service::Crm | Service::Inventory)
    }

    /// A small dense number, to index a table of services with.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Service::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
            format!("unknown service `{text}`, expected one of {}", Service::ALL.map(Service::name).join(" "))
        })
    }
}
