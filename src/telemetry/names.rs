//! Every name of a signal, once. Dashboards, rules and documents use these and no others.

/// Names of metrics: dots here; the exposition writes them in Prometheus form.
pub mod metric {
    pub const SERVER_DURATION: &str = "http.server.request.duration";
    pub const SERVER_ACTIVE: &str = "http.server.active_requests";
    pub const CLIENT_DURATION: &str = "http.client.request.duration";

    pub const DB_DURATION: &str = "db.client.operation.duration";
    pub const POOL_COUNT: &str = "db.client.connection.count";
    pub const POOL_MAX: &str = "db.client.connection.max";
    pub const POOL_WAIT: &str = "db.client.connection.wait_time";
    pub const POOL_USE: &str = "db.client.connection.use_time";
    pub const POOL_PENDING: &str = "db.client.connection.pending_requests";
    pub const POOL_TIMEOUTS: &str = "db.client.connection.timeouts";

    pub const CART_ADDITIONS: &str = "webstore.cart.additions";
    pub const CARTS_ACTIVE: &str = "webstore.carts.active";
    pub const CARTS_ABANDONED: &str = "webstore.carts.abandoned";
    pub const CHECKOUTS_STARTED: &str = "webstore.checkouts.started";
    pub const CHECKOUTS: &str = "webstore.checkouts";
    pub const CHECKOUT_AMOUNT: &str = "webstore.checkout.amount";
    pub const PAYMENT_DURATION: &str = "webstore.payment.duration";
    pub const PAYMENTS_PROCESSED: &str = "payments.processed";
    pub const PAYMENT_AMOUNT: &str = "payment.amount.usd";
    pub const PROVIDER_DURATION: &str = "external.payment_provider.duration";
    pub const VISITS: &str = "shop.visits";
    pub const ORDERS: &str = "shop.orders";
    pub const REVENUE: &str = "shop.revenue";

    pub const PROCESS_CPU: &str = "process.cpu.time";
    pub const PROCESS_MEMORY: &str = "process.memory.usage";

    pub const SERVICE_EXPECTED: &str = "lab.service.expected";
    pub const MODE: &str = "lab.mode";
    pub const SCENARIO_PHASE: &str = "lab.scenario.phase";
    pub const TELEMETRY_SENT: &str = "lab.telemetry.sent";
    pub const TELEMETRY_FAILED: &str = "lab.telemetry.failed";
    pub const TELEMETRY_DROPPED: &str = "lab.telemetry.dropped";
    pub const TELEMETRY_NOT_SAMPLED: &str = "lab.telemetry.not_sampled";
    pub const TELEMETRY_QUEUE: &str = "lab.telemetry.queue.bytes";
    pub const ANNOTATIONS_DROPPED: &str = "lab.annotations.dropped";
}

/// What a metric measures, in one sentence: its description by OTLP, its `# HELP` in the exposition.
pub fn help(name: &str) -> &'static str {
    match name {
        metric::SERVER_DURATION => "Duration of HTTP requests that a service answered.",
        metric::SERVER_ACTIVE => "HTTP requests a service is answering right now.",
        metric::CLIENT_DURATION => "Duration of HTTP requests that a service made, one for each attempt.",
        metric::DB_DURATION => {
            "Duration of queries to the database or the cache, the wait for a connection included."
        }
        metric::POOL_COUNT => "Connections of a pool, by state.",
        metric::POOL_MAX => "The most connections a pool may have.",
        metric::POOL_WAIT => "How long queries waited for a connection of the pool.",
        metric::POOL_USE => "How long connections were held before they went back to the pool.",
        metric::POOL_PENDING => "Queries that wait for a connection of the pool.",
        metric::POOL_TIMEOUTS => "Queries that waited for a connection in vain.",
        metric::CART_ADDITIONS => "Items put into carts.",
        metric::CARTS_ACTIVE => "Carts with something in them that are neither bought nor given up.",
        metric::CARTS_ABANDONED => "Carts that were left behind.",
        metric::CHECKOUTS_STARTED => "Checkouts that were begun; a repeated one is not begun again.",
        metric::CHECKOUTS => "Checkouts that ended, by how.",
        metric::CHECKOUT_AMOUNT => "Totals of orders, in US dollars.",
        metric::PAYMENT_DURATION => "Duration of payments as checkout sees them, retries included.",
        metric::PAYMENTS_PROCESSED => "Payments, by how they ended.",
        metric::PAYMENT_AMOUNT => "Amounts of payments, in US dollars.",
        metric::PROVIDER_DURATION => "Duration of calls to the payment provider, one for each attempt.",
        metric::VISITS => "Visits: sessions seen for the first time.",
        metric::ORDERS => "Orders placed.",
        metric::REVENUE => "Totals of orders added up, in US dollars.",
        metric::PROCESS_CPU => "Processor time of a service's threads.",
        metric::PROCESS_MEMORY => "Memory of the process that is in RAM.",
        metric::SERVICE_EXPECTED => "1 for each service that should be there.",
        metric::MODE => "1 for the mode the lab is in; `concealed` where its name would tell what is broken.",
        metric::SCENARIO_PHASE => {
            "1 for the scenario and its phase; `concealed` where names would tell what is broken."
        }
        metric::TELEMETRY_SENT => "Records that arrived at a destination.",
        metric::TELEMETRY_FAILED => "Requests to a destination that failed.",
        metric::TELEMETRY_DROPPED => "Records that were given up on their way to a destination, by why.",
        metric::TELEMETRY_NOT_SAMPLED => "Spans that the tail rule left out.",
        metric::TELEMETRY_QUEUE => "What waits for a destination.",
        metric::ANNOTATIONS_DROPPED => "Marks on dashboards that Grafana will never hear of.",
        _ => "",
    }
}

/// Names of attributes of spans, metrics and log lines.
pub mod attribute {
    pub const METHOD: &str = "http.request.method";
    pub const ROUTE: &str = "http.route";
    pub const STATUS_CODE: &str = "http.response.status_code";
    pub const RESEND_COUNT: &str = "http.request.resend_count";
    pub const URL_PATH: &str = "url.path";
    pub const URL_SCHEME: &str = "url.scheme";
    pub const URL_TEMPLATE: &str = "url.template";
    pub const SERVER_ADDRESS: &str = "server.address";
    pub const ERROR_TYPE: &str = "error.type";

    pub const DB_SYSTEM: &str = "db.system.name";
    pub const DB_NAMESPACE: &str = "db.namespace";
    pub const DB_OPERATION: &str = "db.operation.name";
    pub const DB_COLLECTION: &str = "db.collection.name";
    pub const DB_QUERY_TEXT: &str = "db.query.text";
    pub const DB_QUERY_SUMMARY: &str = "db.query.summary";
    pub const POOL_NAME: &str = "db.client.connection.pool.name";
    pub const POOL_STATE: &str = "db.client.connection.state";

    pub const SHOP_COUNTRY: &str = "shop.country";
    pub const SHOP_PAYMENT_METHOD: &str = "shop.payment_method";
    pub const SHOP_TIER: &str = "shop.tier";
    pub const SHOP_ORDER_ID: &str = "shop.order.id";

    pub const COUNTRY: &str = "country";
    pub const PAYMENT_METHOD: &str = "payment_method";
    pub const PAYMENTS_METHOD: &str = "method";
    pub const PRODUCT_ID: &str = "product_id";
    pub const STATUS: &str = "status";
    pub const SERVICE: &str = "service";
    pub const MODE: &str = "mode";
    pub const SCENARIO: &str = "scenario";
    pub const PHASE: &str = "phase";
    pub const SIGNAL: &str = "signal";
    pub const DESTINATION: &str = "destination";
    pub const REASON: &str = "reason";
}

/// Names that say whose a signal is.
pub mod resource {
    pub const NAMESPACE: &str = "webstore";
    pub const ENVIRONMENT: &str = "lab";
    pub const VERSION: &str = "service.version";
    /// The label that stands on every series, by scrape and by OTLP alike.
    pub const SERVICE_LABEL: &str = "service_name";
}

/// `error.type` of what was given up before it was done: a request whose caller went away, a query that nobody waits for.
pub const CANCELLED: &str = "cancelled";

/// Bounds of latency histograms in seconds: the HTTP conventions' own, then on past 5 s, where a slow payment lives.
/// No whole number among them is ever matched as `le`: the two ways into Prometheus spell it differently.
pub const SECONDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0];

/// Bounds of database histograms in seconds: the database conventions' own.
pub const DB_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Bounds of amounts in US dollars: from a paperback to the provider's limit.
pub const DOLLARS: [f64; 10] = [10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0];

/// The unit of a metric, in UCUM; what is counted stands in braces.
pub mod unit {
    pub const SECONDS: &str = "s";
    pub const BYTES: &str = "By";
    pub const DOLLARS: &str = "{USD}";
    pub const REQUESTS: &str = "{request}";
    pub const CONNECTIONS: &str = "{connection}";
    pub const TIMEOUTS: &str = "{timeout}";
    pub const ITEMS: &str = "{item}";
    pub const CARTS: &str = "{cart}";
    pub const CHECKOUTS: &str = "{checkout}";
    pub const PAYMENTS: &str = "{payment}";
    pub const VISITS: &str = "{visit}";
    pub const ORDERS: &str = "{order}";
    pub const SERVICES: &str = "{service}";
    pub const RECORDS: &str = "{record}";
}
