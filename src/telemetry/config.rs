//! Where signals go, by OpenTelemetry's standard variables and by Loki's and Pyroscope's own. What cannot be used is
//! refused by name.

use std::{path::Path, sync::Arc, time::Duration};

use rustls::RootCertStore;

use super::{
    account::{Account, LOKI, PYROSCOPE, Variables},
    destination::{Backend, Destination, Signal},
    guest,
    otlp::rule::Rule,
    percent::decode,
};
use crate::kernel::https::trusted;

/// What the environment says about telemetry.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `OTEL_SDK_DISABLED`: no spans, no metrics, no OTLP logs.
    pub disabled: bool,
    pub traces: Option<Destination>,
    pub metrics: Option<Destination>,
    pub logs: Option<Destination>,
    /// Which traces leave by OTLP, where not all do.
    pub tail: Option<Rule>,
    /// Whether the environment names a sampler; else everything is sampled, whatever a caller says.
    pub sampler_given: bool,
    /// Who is believed over TLS, besides Mozilla's list: the PEM file of `OTEL_EXPORTER_OTLP_CERTIFICATE`.
    pub roots: Option<Arc<RootCertStore>>,
    /// Log lines, as they stand on standard output, to Loki.
    pub loki: Option<Destination>,
    /// Profiles, to Pyroscope.
    pub pyroscope: Option<Destination>,
    /// How often profiles are taken; `None`: not at all.
    pub profile_every: Option<Duration>,
    /// Signals that are not to be sent although there is somewhere to send them: `OTEL_…_EXPORTER=none`.
    pub declined: Vec<Signal>,
    pub metric_interval: Duration,
    /// Histograms leave by OTLP with exponential buckets.
    pub exponential: bool,
    /// Directives for log lines, in `RUST_LOG`'s grammar.
    pub log_filter: String,
}

/// Standard default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A line or a profile is small, and the next one comes soon.
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The SDK's default is a minute; an audience does not wait that long.
const METRIC_INTERVAL: Duration = Duration::from_secs(5);
const LOG_FILTER: &str = "info";

impl Config {
    /// Reads variables through `read`, so that a test need not touch the real ones.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let read = |name: &str| read(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let disabled = match read("OTEL_SDK_DISABLED").map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(format!("OTEL_SDK_DISABLED: `{other}` is neither true nor false")),
        };
        check_sampler(&read)?;
        let destination = |signal| if disabled { Ok(None) } else { destination(&read, signal) };
        let loki = pushed(&read, Backend::Loki, &LOKI)?;
        // The same line twice in one Grafana helps nobody: OTLP is for those who ask for it.
        let logs = destination(Signal::Logs)?.filter(|_| loki.is_none() || asks_for_otlp_logs(&read));
        Ok(Config {
            disabled,
            traces: destination(Signal::Traces)?,
            metrics: destination(Signal::Metrics)?,
            tail: tail(&read)?,
            roots: roots(&read)?,
            sampler_given: read("OTEL_TRACES_SAMPLER").is_some(),
            logs,
            loki,
            pyroscope: pushed(&read, Backend::Pyroscope, &PYROSCOPE)?,
            profile_every: None,
            declined: Signal::OTLP.into_iter().filter(|signal| declines(&read, *signal)).collect(),
            metric_interval: millis(&read, "OTEL_METRIC_EXPORT_INTERVAL")?
                .filter(|interval| !interval.is_zero())
                .unwrap_or(METRIC_INTERVAL),
            exponential: exponential(&read)?,
            log_filter: read("RUST_LOG").unwrap_or_else(|| LOG_FILTER.to_owned()),
        })
    }

    /// Where `signal` goes by OTLP.
    pub fn destination(&self, signal: Signal) -> Option<&Destination> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
            Signal::Profiles => None,
        }
    }
}

/// The SDK reads the sampler's variables itself, and passes over what it does not know.
fn check_sampler(read: &impl Fn(&str) -> Option<String>) -> Result<(), String> {
    const KNOWN: [&str; 6] = [
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];
    if let Some(sampler) = read("OTEL_TRACES_SAMPLER")
        && !KNOWN.contains(&sampler.as_str())
    {
        let known = KNOWN.join(" ");
        return Err(format!("OTEL_TRACES_SAMPLER: `{sampler}` is not known, expected one of {known}"));
    }
    match read("OTEL_TRACES_SAMPLER_ARG") {
        Some(text) if !text.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio)) => {
            Err(format!("OTEL_TRACES_SAMPLER_ARG: `{text}` is not a number from 0 to 1"))
        }
        _ => Ok(()),
    }
}

fn roots(read: &impl Fn(&str) -> Option<String>) -> Result<Option<Arc<RootCertStore>>, String> {
    const VARIABLE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
    let roots = read(VARIABLE).map(|file| trusted(Path::new(&file))).transpose();
    roots.map_err(|error| format!("{VARIABLE}: {error}"))
}

fn tail(read: &impl Fn(&str) -> Option<String>) -> Result<Option<Rule>, String> {
    const VARIABLE: &str = "DOORBUSTER_TAIL_SAMPLING";
    let rule = read(VARIABLE).filter(|text| text != "off").map(|text| text.parse());
    rule.transpose().map_err(|error| format!("{VARIABLE}: {error}"))
}

/// The standard's words for the two kinds of histogram.
fn exponential(read: &impl Fn(&str) -> Option<String>) -> Result<bool, String> {
    const VARIABLE: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    const EXPLICIT: &str = "explicit_bucket_histogram";
    const EXPONENTIAL: &str = "base2_exponential_bucket_histogram";
    match read(VARIABLE).as_deref() {
        None | Some(EXPLICIT) => Ok(false),
        Some(EXPONENTIAL) => Ok(true),
        Some(other) => {
            Err(format!("{VARIABLE}: `{other}` is not known, expected {EXPLICIT} or {EXPONENTIAL}"))
        }
    }
}

/// The more exact variable wins: `OTEL_EXPORTER_OTLP_TRACES_X` over `OTEL_EXPORTER_OTLP_X`.
fn destination(
    read: &impl Fn(&str) -> Option<String>,
    signal: Signal,
) -> Result<Option<Destination>, String> {
    let upper = signal.name().to_uppercase();
    let exact = |suffix: &str| format!("OTEL_EXPORTER_OTLP_{upper}_{suffix}");
    let either = |suffix: &str| {
        let (one, all) = (exact(suffix), format!("OTEL_EXPORTER_OTLP_{suffix}"));
        read(&one).map(|text| (one, text)).or_else(|| read(&all).map(|text| (all, text)))
    };

    let exporter = exporter(signal);
    match read(&exporter).as_deref() {
        None | Some("otlp") => {}
        Some(NONE) => return Ok(None),
        Some(other) => return Err(format!("{exporter}: `{other}` is not known, expected otlp or none")),
    }
    let endpoint = exact("ENDPOINT");
    let (variable, text) = match (read(&endpoint), read("OTEL_EXPORTER_OTLP_ENDPOINT")) {
        (Some(text), _) => (endpoint, text),
        (None, Some(base)) => {
            let text = format!("{}/v1/{}", base.trim_end_matches('/'), signal.name());
            ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), text)
        }
        (None, None) => return Ok(None),
    };
    let (uri, guest) = guest::address(&variable, &text)?;
    if let Some((variable, protocol)) = either("PROTOCOL")
        && protocol != "http/protobuf"
    {
        return Err(format!("{variable}: `{protocol}` is not spoken here, use http/protobuf (port 4318)"));
    }
    let gzip = match either("COMPRESSION") {
        None => false,
        Some((_, text)) if text == "none" => false,
        Some((_, text)) if text == "gzip" => true,
        Some((variable, text)) => return Err(format!("{variable}: `{text}` is not known, expected gzip")),
    };
    let mut headers = match either("HEADERS") {
        Some((variable, text)) => headers(&variable, &text)?,
        None => Vec::new(),
    };
    // What is said by a header wins over who stands in the address.
    if let Some(guest) = guest.and_then(|guest| guest.basic())
        && !headers.iter().any(|(name, _)| *name == http::header::AUTHORIZATION)
    {
        headers.push((http::header::AUTHORIZATION, guest));
    }
    let timeout = millis(read, &exact("TIMEOUT"))?;
    let timeout = timeout.or(millis(read, "OTEL_EXPORTER_OTLP_TIMEOUT")?).unwrap_or(TIMEOUT);
    Ok(Some(Destination { backend: Backend::Otlp, endpoint: uri, headers, timeout, gzip }))
}

fn pushed(
    read: &impl Fn(&str) -> Option<String>,
    backend: Backend,
    variables: &Variables,
) -> Result<Option<Destination>, String> {
    let account = Account::read(read, variables)?;
    Ok(account.map(|Account { endpoint, headers }| {
        // Loki's bodies are packed already, in its own way.
        let gzip = backend.encoding().is_none();
        Destination { backend, endpoint, headers, timeout: PUSH_TIMEOUT, gzip }
    }))
}

fn asks_for_otlp_logs(read: &impl Fn(&str) -> Option<String>) -> bool {
    read(&exporter(Signal::Logs)).is_some() || read("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT").is_some()
}

const NONE: &str = "none";

/// The variable that chooses a signal's exporter.
pub fn exporter(signal: Signal) -> String {
    format!("OTEL_{}_EXPORTER", signal.name().to_uppercase())
}

fn declines(read: &impl Fn(&str) -> Option<String>, signal: Signal) -> bool {
    read(&exporter(signal)).as_deref() == Some(NONE)
}

/// `key=value,key=value`, values percent-encoded as in W3C baggage. A value is a secret: errors do not repeat it.
fn headers(variable: &str, text: &str) -> Result<Vec<(http::HeaderName, http::HeaderValue)>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| format!("{variable}: a header must be name=value"))?;
            let name: http::HeaderName = name
                .trim()
                .parse()
                .map_err(|_| format!("{variable}: `{}` is not a header's name", name.trim()))?;
            let mut value = decode(value.trim())
                .and_then(|value| http::HeaderValue::from_bytes(&value).ok())
                .ok_or_else(|| format!("{variable}: the value of `{name}` cannot be a header's"))?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}

fn millis(read: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<Duration>, String> {
    read(name)
        .map(|text| {
            let number = text.parse().ok().filter(|number| *number > 0).map(Duration::from_millis);
            number.ok_or_else(|| format!("{name}: `{text}` is not a number of milliseconds above 0"))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        Config::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_named_is_nothing_sent() {
        let config = read(&[]).expect("an empty environment is fine");
        assert!(Signal::ALL.into_iter().all(|signal| config.destination(signal).is_none()));
        assert_eq!(config.metric_interval, METRIC_INTERVAL);
    }

    #[test]
    fn one_endpoint_serves_all_signals_and_the_exact_one_wins() {
        let config = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://l/push"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc, x-tenant=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ])
        .expect("valid");
        let traces = config.traces.expect("traces");
        assert_eq!(traces.endpoint, "http://c:4318/v1/traces");
        assert_eq!(traces.timeout, Duration::from_millis(250));
        assert_eq!(traces.headers[0].1, "Basic abc");
        assert_eq!(config.logs.expect("logs").endpoint, "https://l/push");
        assert_eq!(config.metrics, None);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_secrets_are_not_repeated() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        for (pair, word) in [
            (("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318"), "OTEL_EXPORTER_OTLP_ENDPOINT"),
            (("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), "http/protobuf"),
            (("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"), "milliseconds"),
            (("OTEL_TRACES_EXPORTER", "zipkin"), "OTEL_TRACES_EXPORTER"),
            (("OTEL_TRACES_SAMPLER", "bogus"), "parentbased_traceidratio"),
            (("OTEL_TRACES_SAMPLER_ARG", "7"), "OTEL_TRACES_SAMPLER_ARG"),
            (("OTEL_SDK_DISABLED", "maybe"), "OTEL_SDK_DISABLED"),
            (("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem"), "/nowhere.pem"),
            (("DOORBUSTER_TAIL_SAMPLING", "errors,5"), "slow=DURATION"),
            (("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "native"), "base2_exponential"),
            (("OTEL_EXPORTER_OTLP_HEADERS", "key=%zzsecret"), "OTEL_EXPORTER_OTLP_HEADERS"),
        ] {
            let error = read(&[pair, endpoint]).expect_err(pair.0);
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn logs_leave_once_unless_both_ways_are_asked_for() {
        let (loki, otlp) = (("LOKI_URL", "http://l"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"));
        let ways = |pairs: &[(&str, &str)]| {
            let config = read(pairs).expect("valid");
            (config.logs.is_some(), config.loki.is_some())
        };
        assert_eq!(ways(&[otlp]), (true, false));
        assert_eq!(ways(&[loki, otlp]), (false, true));
        assert_eq!(ways(&[loki, otlp, ("OTEL_LOGS_EXPORTER", "otlp")]), (true, true));
        assert_eq!(ways(&[loki, ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://x/v1/logs")]), (true, true));
        assert_eq!(ways(&[loki, otlp, ("OTEL_LOGS_EXPORTER", "none")]), (false, true));
    }

    #[test]
    fn what_is_pushed_has_the_packing_of_its_backend() {
        let config =
            read(&[("PYROSCOPE_ENDPOINT", "http://p:4040"), ("LOKI_URL", "http://l")]).expect("valid");
        let (loki, pyroscope) = (config.loki.expect("loki"), config.pyroscope.expect("pyroscope"));
        assert_eq!((loki.backend, loki.gzip), (Backend::Loki, false));
        assert_eq!((pyroscope.backend, pyroscope.gzip), (Backend::Pyroscope, true));
        assert_eq!(pyroscope.endpoint, "http://p:4040/push.v1.PusherService/Push");
    }

    #[test]
    fn a_disabled_sdk_sends_nothing() {
        let config = read(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]);
        assert!(config.is_ok_and(|config| config.disabled && config.traces.is_none()));
    }
}
