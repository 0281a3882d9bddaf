//! Error series that stand at zero from the first request on. A histogram cannot be registered at zero with the SDK, and
//! a rate over a series that begins with its first error does not see that error.
//!
//! A series at zero is as small as the format allows: one bucket without a bound, a count and a sum. What asks for errors
//! asks for their count; with its first error a series has the bounds of the others.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, Metric, ResourceMetrics, metric::Data},
};

use super::names::{CANCELLED, attribute, metric};
use crate::kernel::{client::Lost, kind::Kind, service::Service};

/// What a service has to have before it can fail in a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Peer,
    Database,
}

/// A way to fail: the status, where one is sent, and `error.type`.
type Failure = (Option<u16>, &'static str);

/// Adds, to each route's request durations, an empty histogram for each way in which its service can fail and has not; to
/// the calls of a third party the same for the answers that alerts count.
pub fn add(request: &mut ExportMetricsServiceRequest) {
    for resource in &mut request.resource_metrics {
        let service = service(resource);
        for metric in resource.scope_metrics.iter_mut().flat_map(|scope| &mut scope.metrics) {
            match &*metric.name {
                metric::SERVER_DURATION => add_to(metric, |_| server(service)),
                metric::CLIENT_DURATION => add_to(metric, client),
                _ => {}
            }
        }
    }
}

/// A sender that has a name of its own may be any service: it has whatever a service may need.
fn service(resource: &ResourceMetrics) -> Option<Service> {
    let attributes = resource.resource.as_ref().map(|resource| resource.attributes.as_slice());
    text(attributes.unwrap_or_default(), "service.name")?.parse().ok()
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let pair = attributes.iter().find(|one| one.key == key)?;
    match pair.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        Value::BoolValue(_)
        | Value::IntValue(_)
        | Value::DoubleValue(_)
        | Value::ArrayValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_)
        | Value::StringValueStrindex(_) => None,
    }
}

/// How `service` can fail: with each kind of server error that it can come to, or because its caller went away.
fn server(service: Option<Service>) -> Vec<Failure> {
    let can = |kind: &Kind| need(*kind).is_some_and(|need| has(service, need));
    let kinds = Kind::ALL.into_iter().filter(can);
    let kinds = kinds.map(|kind| (Some(kind.status().as_u16()), kind.name()));
    kinds.chain([(None, CANCELLED)]).collect()
}

/// What it takes to fail in this way; nothing where the caller is at fault.
fn need(kind: Kind) -> Option<Need> {
    match kind {
        Kind::Internal | Kind::Unavailable => Some(Need::Nothing),
        Kind::PeerFailed | Kind::PeerUnreachable | Kind::PeerTimeout => Some(Need::Peer),
        Kind::PoolExhausted | Kind::DatabaseUnavailable | Kind::DatabaseLocked | Kind::DatabaseFull => {
            Some(Need::Database)
        }
        Kind::Malformed
        | Kind::Unauthenticated
        | Kind::Declined
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::MethodNotAllowed
        | Kind::Conflict
        | Kind::OutOfStock
        | Kind::TooLarge
        | Kind::UnsupportedMedia
        | Kind::Invalid
        | Kind::TooManyRequests => None,
    }
}

fn has(service: Option<Service>, need: Need) -> bool {
    let Some(service) = service else { return true };
    match (need, service) {
        (Need::Nothing, _) | (Need::Peer | Need::Database, Service::Checkout) => true,
        (Need::Peer, Service::Storefront | Service::Cart | Service::Recommendation | Service::Payments) => {
            true
        }
        (Need::Database, Service::Catalog) => true,
        (Need::Peer, Service::Catalog)
        | (
            Need::Database,
            Service::Storefront | Service::Cart | Service::Recommendation | Service::Payments,
        )
        | (
            Need::Peer | Need::Database,
            Service::Lab
            | Service::Ads
            | Service::Currency
            | Service::Shipping
            | Service::Promotions
            | Service::PaymentProvider
            | Service::Crm
            | Service::Inventory,
        ) => false,
    }
}

/// How a call fails that alerts count: those of third parties, which are never perfect.
fn client(attributes: &[KeyValue]) -> Vec<Failure> {
    let peer = text(attributes, attribute::SERVER_ADDRESS).and_then(|name| name.parse::<Service>().ok());
    if !peer.is_some_and(Service::is_third_party) {
        return Vec::new();
    }
    vec![
        (Some(400), "400"),
        (Some(404), "404"),
        (Some(429), "429"),
        (Some(500), "500"),
        (Some(503), "503"),
        (None, Lost::Refused(String::new()).name()),
        (None, Lost::Broken(String::new()).name()),
        (None, Lost::TimedOut.name()),
    ]
}

fn add_to(metric: &mut Metric, failures: impl Fn(&[KeyValue]) -> Vec<Failure>) {
    match &mut metric.data {
        Some(Data::Histogram(histogram)) => complete(&mut histogram.data_points, failures),
        Some(Data::ExponentialHistogram(histogram)) => complete(&mut histogram.data_points, failures),
        Some(Data::Gauge(_) | Data::Sum(_) | Data::Summary(_)) | None => {}
    }
}

fn complete<P: Point>(points: &mut Vec<P>, failures: impl Fn(&[KeyValue]) -> Vec<Failure>) {
    let mut routes: Vec<Vec<KeyValue>> = Vec::new();
    let mut missing: Vec<P> = Vec::new();
    for point in points.iter() {
        let route = route(point.attributes());
        if routes.contains(&route) {
            continue;
        }
        for failure in failures(&route) {
            let attributes = failed(&route, failure);
            if !points.iter().any(|point| same(point.attributes(), &attributes)) {
                missing.push(point.empty(attributes));
            }
        }
        routes.push(route);
    }
    points.append(&mut missing);
}

/// A point of a series that is known by its attributes.
trait Point {
    fn attributes(&self) -> &[KeyValue];
    /// Another series of the same time, before anything was measured.
    fn empty(&self, attributes: Vec<KeyValue>) -> Self;
}

impl Point for HistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn empty(&self, attributes: Vec<KeyValue>) -> Self {
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: self.start_time_unix_nano,
            time_unix_nano: self.time_unix_nano,
            sum: Some(0.0),
            bucket_counts: vec![0],
            ..Default::default()
        }
    }
}

impl Point for ExponentialHistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn empty(&self, attributes: Vec<KeyValue>) -> Self {
        ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: self.start_time_unix_nano,
            time_unix_nano: self.time_unix_nano,
            sum: Some(0.0),
            scale: self.scale,
            ..Default::default()
        }
    }
}

/// The attributes without how it ended, in order.
fn route(attributes: &[KeyValue]) -> Vec<KeyValue> {
    let is_kept = |one: &&KeyValue| one.key != attribute::STATUS_CODE && one.key != attribute::ERROR_TYPE;
    let mut kept: Vec<KeyValue> = attributes.iter().filter(is_kept).cloned().collect();
    kept.sort_by(|one, other| one.key.cmp(&other.key));
    kept
}

/// The attributes of the same route when it fails.
fn failed(route: &[KeyValue], (status, error_type): Failure) -> Vec<KeyValue> {
    let pair = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    };
    let status = status.map(|status| pair(attribute::STATUS_CODE, Value::IntValue(status.into())));
    let error = pair(attribute::ERROR_TYPE, Value::StringValue(error_type.to_owned()));
    route.iter().cloned().chain(status).chain([error]).collect()
}

fn same(one: &[KeyValue], other: &[KeyValue]) -> bool {
    one.len() == other.len() && one.iter().all(|pair| other.contains(pair))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        metrics::v1::{Histogram, ScopeMetrics},
        resource::v1::Resource,
    };

    use super::*;

    fn pair(key: &str, value: &str) -> KeyValue {
        let value = value.parse().map_or_else(|_| Value::StringValue(value.to_owned()), Value::IntValue);
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
    }

    /// The series that `service` shows of `name` once these were measured: their attributes, and the point.
    fn shown(service: &str, name: &str, measured: &[&[(&str, &str)]]) -> Vec<(String, HistogramDataPoint)> {
        let point = |attributes: &&[(&str, &str)]| HistogramDataPoint {
            attributes: attributes.iter().map(|(key, value)| pair(key, value)).collect(),
            count: 1,
            bucket_counts: vec![1, 0],
            explicit_bounds: vec![0.5],
            time_unix_nano: 7,
            ..Default::default()
        };
        let histogram = Histogram { data_points: measured.iter().map(point).collect(), ..Default::default() };
        let metric =
            Metric { name: name.to_owned(), data: Some(Data::Histogram(histogram)), ..Default::default() };
        let resource = Resource { attributes: vec![pair("service.name", service)], ..Default::default() };
        let mut request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(resource),
                scope_metrics: vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }],
                ..Default::default()
            }],
        };
        add(&mut request);
        let metric = request.resource_metrics.remove(0).scope_metrics.remove(0).metrics.remove(0);
        let Some(Data::Histogram(histogram)) = metric.data else { panic!("a histogram") };
        let words = |point: &HistogramDataPoint| {
            let word = |one: &KeyValue| match &one.value.as_ref().expect("a value").value {
                Some(Value::StringValue(text)) => text.clone(),
                Some(Value::IntValue(number)) => number.to_string(),
                other => panic!("{other:?}"),
            };
            let mut words: Vec<String> = point.attributes.iter().map(word).collect();
            words.sort();
            words.join(" ")
        };
        histogram.data_points.into_iter().map(|point| (words(&point), point)).collect()
    }

    fn zeros(service: &str, name: &str, measured: &[&[(&str, &str)]]) -> Vec<String> {
        shown(service, name, measured).into_iter().skip(measured.len()).map(|(words, _)| words).collect()
    }

    const CART: &[(&str, &str)] = &[("http.route", "/cart"), ("http.response.status_code", "200")];

    #[test]
    fn each_way_in_which_a_service_can_fail_is_there_at_zero() {
        let of = |service: &str| zeros(service, metric::SERVER_DURATION, &[CART]);
        assert_eq!(of("ads"), ["/cart 500 internal", "/cart 503 unavailable", "/cart cancelled"]);
        assert_eq!(
            of("cart"),
            [
                "/cart 500 internal",
                "/cart 503 unavailable",
                "/cart 502 peer_failed",
                "/cart 502 peer_unreachable",
                "/cart 504 peer_timeout",
                "/cart cancelled",
            ]
        );
        assert_eq!(
            of("catalog"),
            [
                "/cart 500 internal",
                "/cart 503 unavailable",
                "/cart 503 pool_exhausted",
                "/cart 503 database_unavailable",
                "/cart 503 database_locked",
                "/cart 503 database_full",
                "/cart cancelled",
            ]
        );
        assert_eq!(of("checkout").len(), 10);
        assert_eq!(of("checkout-of-ann"), of("checkout"));
    }

    #[test]
    fn each_server_error_is_of_a_service_that_can_have_it() {
        for kind in Kind::ALL {
            assert_eq!(need(kind).is_some(), kind.status().is_server_error(), "{kind:?}");
        }
    }

    #[test]
    fn a_failure_that_was_measured_stays_and_a_route_is_completed_once() {
        let failed: &[(&str, &str)] =
            &[("error.type", "internal"), ("http.route", "/cart"), ("http.response.status_code", "500")];
        let zeros = zeros("ads", metric::SERVER_DURATION, &[failed, CART]);
        assert_eq!(zeros, ["/cart 503 unavailable", "/cart cancelled"]);
    }

    #[test]
    fn a_series_at_zero_has_one_bucket_and_the_time_of_the_others() {
        let (_, zero) = shown("ads", metric::SERVER_DURATION, &[CART]).pop().expect("a zero");
        assert_eq!((zero.count, zero.sum, zero.time_unix_nano), (0, Some(0.0), 7));
        assert_eq!((zero.bucket_counts, zero.explicit_bounds), (vec![0], vec![]));
    }

    #[test]
    fn calls_of_third_parties_have_their_failures_at_zero_and_others_do_not() {
        let of = |peer| zeros("payments", metric::CLIENT_DURATION, &[&[("server.address", peer)]]);
        assert_eq!(of("catalog"), Vec::<String>::new());
        assert_eq!(of("payment-provider").len(), 8);
        assert!(of("crm").contains(&"crm timeout".to_owned()), "{:?}", of("crm"));
        assert!(of("crm").contains(&"503 503 crm".to_owned()), "{:?}", of("crm"));
    }
}
