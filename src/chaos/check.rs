//! Whether a fault can be: does it name places that there are, does its effect make sense there, does it stay below
//! what a laptop bears. Pure; every flaw is named with the field it stands in.

use garde::{Error, Path, Report, Validate};

use super::{
    fault::{Delay, Effect, Fault, Hold},
    target::Seam,
    units::{Share, Size, Span},
};
use crate::kernel::{
    nearest::unknown,
    places::{self, Places},
    service::Service,
};

/// The longest a delay, a slow query or a held lock may take.
pub const LONGEST_WAIT: Span = Span::from_secs(60);
/// The most processor time a crossing may burn. A service has one thread, so it never burns more than one processor.
pub const MOST_CPU: Span = Span::from_millis(1_000);
/// The most memory one fault may keep.
pub const MOST_MEMORY: Size = Size::mib(1_024);
/// The most memory one crossing may keep.
pub const MOST_MEMORY_A_CROSSING: Size = Size::mib(16);
/// The most connections that may be held by count.
pub const MOST_CONNECTIONS: u32 = 1_000;
/// The most attempts of a client.
pub const MOST_ATTEMPTS: u32 = 20;

/// Whether `id` may name a fault: 1 to 64 lower-case letters, digits and dashes, the first no dash.
pub fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(fits) && !id.starts_with('-')
}

impl Validate for Fault {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
        let parent = parent();
        let mut flaws = Flaws { fault: self, parent, report };
        flaws.id();
        flaws.place();
        flaws.standing();
        flaws.effect();
    }
}

struct Flaws<'a> {
    fault: &'a Fault,
    parent: Path,
    report: &'a mut Report,
}

impl Flaws<'_> {
    /// Names a flaw of the field at `path`, such as `["on", "route"]`.
    fn at(&mut self, path: &[&'static str], why: impl Into<String>) {
        let path = path.iter().fold(self.parent.clone(), |path, part| path.join(*part));
        self.report.append(path, Error::new(why.into()));
    }

    fn id(&mut self) {
        if !is_id(&self.fault.id) {
            self.at(&["id"], "expected 1 to 64 lower-case letters, digits and dashes");
        }
    }

    fn place(&mut self) {
        let on = &self.fault.on;
        if on.service == Some(Service::Lab) {
            self.at(&["on", "service"], "the lab itself is not broken: it is what breaks the shop");
            return;
        }
        let seam = self.fault.seam();
        let effect = &self.fault.effect;
        if !effect.seams().contains(&seam) {
            let seams: Vec<_> = effect.seams().iter().map(|seam| seam.name()).collect();
            let why =
                format!("{} makes sense at {}, not at {}", effect.name(), seams.join(", "), seam.name());
            let field: &[_] = if on.seam.is_some() { &["on", "seam"] } else { &["effect"] };
            self.at(field, why);
        }
        if on.peer.is_some() && seam != Seam::Outbound {
            self.at(&["on", "peer"], "only at the seam `outbound` is somebody asked");
        }
        if on.query.is_some() && !matches!(seam, Seam::Database | Seam::Cache) {
            self.at(&["on", "query"], "queries are at the seams `database` and `cache`");
        }
        if on.route.is_some() && !matches!(seam, Seam::Inbound | Seam::Outbound) {
            self.at(&["on", "route"], "routes are at the seams `inbound` and `outbound`; name a `query`");
        }
        self.names(seam);
    }

    /// Whether the route, query and peer exist where the fault looks for them.
    fn names(&mut self, seam: Seam) {
        let on = &self.fault.on;
        let services: Vec<Service> = match on.service {
            Some(service) => vec![service],
            None => Service::ALL.into_iter().filter(|service| *service != Service::Lab).collect(),
        };
        let all = |of: fn(Places) -> &'static [&'static str], services: &[Service]| -> Vec<&'static str> {
            services.iter().flat_map(|service| of(places::of(*service))).copied().collect()
        };
        let peers: Vec<Service> =
            services.iter().flat_map(|service| places::of(*service).peers).copied().collect();
        if let Some(peer) = on.peer
            && !peers.contains(&peer)
        {
            let name = services.first().map_or("nobody", |service| service.name());
            let known: Vec<_> = peers.iter().map(|peer| peer.name()).collect();
            self.at(&["on", "peer"], format!("{name} asks {}, not {peer}", listed(&known)));
        }
        if let Some(route) = &on.route {
            let routes = match (seam, on.peer) {
                (Seam::Outbound, Some(peer)) => all(|places| places.routes, &[peer]),
                (Seam::Outbound, None) => all(|places| places.routes, &peers),
                _ => all(|places| places.routes, &services),
            };
            if !routes.contains(&route.as_str()) {
                self.at(&["on", "route"], unknown("route", route, routes));
            }
        }
        if let Some(query) = &on.query {
            let queries = match seam {
                Seam::Cache => all(|places| places.passages, &services),
                Seam::Inbound | Seam::Outbound | Seam::Database => all(|places| places.queries, &services),
            };
            if !queries.contains(&query.as_str()) {
                self.at(&["on", "query"], unknown("query", query, queries));
            }
        }
        if let Some(service) = on.service {
            let places = places::of(service);
            if seam == Seam::Database && places.queries.is_empty() {
                self.at(&["on", "service"], format!("{service} has no database; catalog and checkout have"));
            }
            if seam == Seam::Cache && places.passages.is_empty() {
                self.at(&["on", "service"], format!("{service} has no cache; cart has"));
            }
            if seam == Seam::Outbound && places.peers.is_empty() {
                self.at(&["on", "service"], format!("{service} asks nobody"));
            }
        }
        if let Effect::HoldLock(lock) = &self.fault.effect {
            let tables = all(|places| places.tables, &services);
            if !tables.contains(&lock.table.as_str()) {
                self.at(&["effect", "hold_lock", "table"], unknown("table", &lock.table, tables));
            }
        }
    }

    /// An effect that is a state of a service is of the whole service.
    fn standing(&mut self) {
        if !self.fault.effect.is_standing() {
            return;
        }
        let (on, name) = (&self.fault.on, self.fault.effect.name());
        if on.service.is_none() {
            self.at(&["on", "service"], format!("{name} needs the service it is about"));
        }
        let narrow = on.route.is_some()
            || on.query.is_some()
            || !on.country.is_empty()
            || !on.payment_method.is_empty()
            || !on.tier.is_empty()
            || !on.product.is_empty()
            || !on.category.is_empty();
        if narrow {
            self.at(
                &["on"],
                format!("{name} is of the whole service: only `service` and `version` can be named"),
            );
        }
        if self.fault.share != Share::ALL {
            self.at(&["share"], format!("{name} is there or it is not: leave the share out"));
        }
    }

    fn effect(&mut self) {
        match &self.fault.effect {
            Effect::Delay(delay) => self.delay(delay),
            Effect::Fail(fail) => {
                if fail.status.is_empty() {
                    self.at(&["effect", "fail", "status"], "name at least one status, such as { 503: 1 }");
                }
                for (status, weight) in &fail.status {
                    if !(400..=599).contains(status) {
                        self.at(
                            &["effect", "fail", "status"],
                            format!("{status} is no failure; use 400 to 599"),
                        );
                    }
                    if !weight.is_finite() || *weight <= 0.0 {
                        self.at(&["effect", "fail", "status"], format!("{status} needs a weight above 0"));
                    }
                }
                if let Some(after) = fail.retry_after {
                    self.at_most(&["effect", "fail", "retry_after"], after, Span::from_secs(3_600));
                }
            }
            Effect::HoldConnections(Hold::Count(count)) => {
                if !(1..=MOST_CONNECTIONS).contains(count) {
                    let why = format!("expected 1 to {MOST_CONNECTIONS} connections, not {count}");
                    self.at(&["effect", "hold_connections", "count"], why);
                }
            }
            Effect::HoldConnections(Hold::Share(share)) => {
                if share.fraction() <= 0.0 {
                    self.at(&["effect", "hold_connections", "share"], "expected more than 0%");
                }
            }
            Effect::SlowQuery(slow) => {
                self.at_most(&["effect", "slow_query", "extra"], slow.extra, LONGEST_WAIT)
            }
            Effect::HoldLock(lock) => self.at_most(&["effect", "hold_lock", "for"], lock.keep, LONGEST_WAIT),
            Effect::BurnCpu(burn) => {
                self.at_most(&["effect", "burn_cpu", "per_crossing"], burn.per_crossing, MOST_CPU);
            }
            Effect::LeakMemory(leak) => {
                if leak.per_crossing > MOST_MEMORY_A_CROSSING || leak.per_crossing == Size(0) {
                    let why = format!(
                        "expected more than 0 and at most {MOST_MEMORY_A_CROSSING} a crossing, not {}",
                        leak.per_crossing
                    );
                    self.at(&["effect", "leak_memory", "per_crossing"], why);
                }
                if leak.cap > MOST_MEMORY {
                    let why = format!("the cap is {MOST_MEMORY}; {} could hurt this machine", leak.cap);
                    self.at(&["effect", "leak_memory", "cap"], why);
                }
            }
            Effect::Retry(retry) => {
                if !(1..=MOST_ATTEMPTS).contains(&retry.attempts) {
                    let why = format!("expected 1 to {MOST_ATTEMPTS} attempts, not {}", retry.attempts);
                    self.at(&["effect", "retry", "attempts"], why);
                }
                self.at_most(&["effect", "retry", "backoff"], retry.backoff, LONGEST_WAIT);
            }
            Effect::Hang | Effect::Down | Effect::CacheOutage | Effect::LoseContext => {}
        }
    }

    fn delay(&mut self, delay: &Delay) {
        match *delay {
            Delay::Fixed(span) => self.at_most(&["effect", "delay", "fixed"], span, LONGEST_WAIT),
            Delay::Uniform { from, to } => {
                if from > to {
                    let why = format!("{from} is longer than `to`, {to}");
                    self.at(&["effect", "delay", "uniform", "from"], why);
                }
                self.at_most(&["effect", "delay", "uniform", "to"], to, LONGEST_WAIT);
            }
            Delay::Normal { mean, deviation } => {
                self.at_most(&["effect", "delay", "normal", "mean"], mean, LONGEST_WAIT);
                self.at_most(&["effect", "delay", "normal", "deviation"], deviation, LONGEST_WAIT);
            }
            Delay::LongTail { median, p99 } => {
                if median > p99 || median == Span::ZERO {
                    let why = "expected more than 0 and less than `p99`";
                    self.at(&["effect", "delay", "long_tail", "median"], why);
                }
                self.at_most(&["effect", "delay", "long_tail", "p99"], p99, LONGEST_WAIT);
            }
        }
    }

    fn at_most(&mut self, path: &[&'static str], span: Span, most: Span) {
        if span > most {
            self.at(path, format!("at most {most}, not {span}"));
        }
    }
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn flaws(fault: Value) -> Vec<String> {
        let fault: Fault = serde_json::from_value(fault).expect("well-formed");
        match fault.validate() {
            Ok(()) => Vec::new(),
            Err(report) => report.iter().map(|(path, error)| format!("{path}: {error}")).collect(),
        }
    }

    #[test]
    fn what_can_be_is_accepted() {
        for fault in [
            json!({"id": "a", "effect": {"delay": {"fixed": "1s"}}}),
            json!({"id": "b", "on": {"service": "payment-provider", "route": "POST /charge", "country": ["BR"]},
                   "share": "35%", "effect": {"fail": {"status": {"500": 2, "503": 1}}}}),
            json!({"id": "c", "on": {"service": "checkout", "query": "orders.insert"},
                   "effect": {"hold_lock": {"table": "orders", "for": "2s"}}}),
            json!({"id": "d", "on": {"service": "cart"}, "effect": "cache_outage"}),
            json!({"id": "e", "on": {"service": "payments", "peer": "payment-provider"},
                   "effect": {"retry": {"attempts": 5}}}),
            json!({"id": "f", "on": {"service": "catalog"}, "effect": "down"}),
        ] {
            assert_eq!(flaws(fault), Vec::<String>::new());
        }
    }

    #[test]
    fn every_flaw_is_named_with_its_field_and_the_nearest_right_word() {
        let cases = [
            (json!({"id": "A b", "effect": "hang"}), "id: expected 1 to 64 lower-case"),
            (json!({"id": "a", "on": {"service": "lab"}, "effect": "hang"}), "on.service: the lab itself"),
            (
                json!({"id": "a", "on": {"service": "payments", "route": "POST /paymants"}, "effect": "hang"}),
                "on.route: unknown route `POST /paymants`; did you mean `POST /payments`?",
            ),
            (
                json!({"id": "a", "on": {"query": "orders.insrt"}, "effect": {"slow_query": {"extra": "1s"}}}),
                "on.query: unknown query `orders.insrt`; did you mean `orders.insert`?",
            ),
            (
                json!({"id": "a", "on": {"service": "ads"}, "effect": {"slow_query": {"extra": "1s"}}}),
                "on.service: ads has no database",
            ),
            (
                json!({"id": "a", "on": {"seam": "inbound"}, "effect": "cache_outage"}),
                "on.seam: cache_outage makes",
            ),
            (
                json!({"id": "a", "on": {"service": "ads"}, "share": "5%", "effect": "down"}),
                "share: down is there",
            ),
            (json!({"id": "a", "effect": "down"}), "on.service: down needs"),
            (
                json!({"id": "a", "effect": {"leak_memory": {"per_crossing": "1MiB", "cap": "9GiB"}}}),
                "effect.leak_memory.cap: the cap is 1GiB",
            ),
            (
                json!({"id": "a", "effect": {"burn_cpu": {"per_crossing": "5s"}}}),
                "effect.burn_cpu.per_crossing: at most 1s, not 5s",
            ),
            (
                json!({"id": "a", "effect": {"fail": {"status": {"200": 1}}}}),
                "effect.fail.status: 200 is no failure",
            ),
            (
                json!({"id": "a", "on": {"service": "ads", "peer": "cart"}, "effect": "lose_context"}),
                "on.peer: ads asks nobody, not cart",
            ),
        ];
        for (fault, expected) in cases {
            let flaws = flaws(fault);
            assert!(flaws.iter().any(|flaw| flaw.starts_with(expected)), "{expected}: {flaws:?}");
        }
    }
}
