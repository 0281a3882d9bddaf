//! Where signals go, by OpenTelemetry's standard variables and by Loki's and Pyroscope's own. What cannot be used is
//! refused by name.

use std::{collections::BTreeMap, time::Duration};

use opentelemetry_sdk::metrics::Temporality;

use super::{
    account::{Account, LOKI, PYROSCOPE, Variables},
    destination::{Backend, Destination, Signal},
    exemplars::Filter,
    exporter::{self, Choice, Read, millis},
    otlp::rule::Rule,
    percent, variables,
};

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
    /// How sums and histograms leave by OTLP; a scrape is cumulative whatever is said here.
    pub temporality: Temporality,
    /// Which measurements may become exemplars.
    pub exemplars: Filter,
    /// The name of a service that stands alone.
    pub service_name: Option<String>,
    /// Directives for log lines, in `RUST_LOG`'s grammar.
    pub log_filter: String,
}

/// A line or a profile is small, and the next one comes soon.
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// The SDK's default is a minute; an audience does not wait that long.
const METRIC_INTERVAL: Duration = Duration::from_secs(5);
const LOG_FILTER: &str = "info";

impl Config {
    /// Reads a whole environment: a variable of OpenTelemetry's that nobody knows is refused as well.
    pub fn of(environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let given: BTreeMap<String, String> = environment.into_iter().collect();
        let set = given.iter().filter(|(_, text)| !text.trim().is_empty());
        variables::check_names(set.map(|(name, _)| name.as_str()))?;
        Config::read(|name| given.get(name).cloned())
    }

    /// Reads variables through `read`, so that a test need not touch the real ones.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let read = |name: &str| read(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let read: Read<'_> = &read;
        variables::refuse_unsupported(read)?;
        let disabled = match read("OTEL_SDK_DISABLED").map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(format!("OTEL_SDK_DISABLED: `{other}` is neither true nor false")),
        };
        check_sampler(read)?;
        check_propagators(read)?;
        check_conventions(read)?;
        check_limits(read)?;
        let destination = |signal| if disabled { Ok(None) } else { exporter::destination(read, signal) };
        let loki = pushed(read, Backend::Loki, &LOKI)?;
        // The same line twice in one Grafana helps nobody: OTLP is for those who ask for it.
        let logs = destination(Signal::Logs)?.filter(|_| loki.is_none() || asks_for_otlp_logs(read));
        let mut declined = Vec::new();
        for signal in Signal::OTLP {
            if exporter::choice(read, signal)? == Choice::Declined {
                declined.push(signal);
            }
        }
        Ok(Config {
            disabled,
            traces: destination(Signal::Traces)?,
            metrics: destination(Signal::Metrics)?,
            tail: tail(read)?,
            sampler_given: read("OTEL_TRACES_SAMPLER").is_some(),
            logs,
            loki,
            pyroscope: pushed(read, Backend::Pyroscope, &PYROSCOPE)?,
            profile_every: None,
            declined,
            metric_interval: millis(read, "OTEL_METRIC_EXPORT_INTERVAL")?.unwrap_or(METRIC_INTERVAL),
            exponential: exponential(read)?,
            temporality: temporality(read)?,
            exemplars: exemplars(read)?,
            service_name: service_name(read)?,
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
fn check_sampler(read: Read<'_>) -> Result<(), String> {
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

/// Both are always used: business follows baggage. The standard's default is no mistake.
fn check_propagators(read: Read<'_>) -> Result<(), String> {
    const VARIABLE: &str = "OTEL_PROPAGATORS";
    const USED: [&str; 2] = ["tracecontext", "baggage"];
    let Some(text) = read(VARIABLE) else { return Ok(()) };
    let named: Vec<&str> = text.split(',').map(str::trim).collect();
    if let Some(other) = named.iter().find(|one| !USED.contains(one)) {
        return Err(format!("{VARIABLE}: `{other}` is not supported, expected {}", USED.join(",")));
    }
    match USED.iter().find(|one| !named.contains(one)) {
        Some(missing) => {
            Err(format!("{VARIABLE}: `{missing}` cannot be left out, the shop needs {}", USED.join(",")))
        }
        None => Ok(()),
    }
}

/// Signals keep to the stable conventions; older names beside them do not exist here.
fn check_conventions(read: Read<'_>) -> Result<(), String> {
    const VARIABLE: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
    let text = read(VARIABLE).unwrap_or_default();
    match text.split(',').map(str::trim).find(|one| one.ends_with("/dup")) {
        Some(one) => Err(format!("{VARIABLE}: `{one}` is not supported, only the stable names are used")),
        None => Ok(()),
    }
}

/// The SDK reads the limits itself, and passes over what is no number.
fn check_limits(read: Read<'_>) -> Result<(), String> {
    let limits =
        ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"];
    for name in limits {
        if let Some(text) = read(name).filter(|text| text.parse::<u32>().is_err()) {
            return Err(format!("{name}: `{text}` is not a number"));
        }
    }
    Ok(())
}

fn temporality(read: Read<'_>) -> Result<Temporality, String> {
    const VARIABLE: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    let Some(text) = read(VARIABLE) else { return Ok(Temporality::Cumulative) };
    let unknown = |()| format!("{VARIABLE}: `{text}` is not known, expected cumulative, delta or lowmemory");
    text.parse().map_err(unknown)
}

fn exemplars(read: Read<'_>) -> Result<Filter, String> {
    const VARIABLE: &str = "OTEL_METRICS_EXEMPLAR_FILTER";
    match read(VARIABLE).as_deref() {
        None | Some("trace_based") => Ok(Filter::TraceBased),
        Some("always_on") => Ok(Filter::AlwaysOn),
        Some("always_off") => Ok(Filter::AlwaysOff),
        Some(other) => {
            Err(format!("{VARIABLE}: `{other}` is not known, expected trace_based, always_on or always_off"))
        }
    }
}

/// By the specification `OTEL_SERVICE_NAME` wins over a name among the attributes.
fn service_name(read: Read<'_>) -> Result<Option<String>, String> {
    const VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let text = read(VARIABLE).unwrap_or_default();
    let mut named = None;
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => (name.trim(), value.trim()),
            _ => return Err(format!("{VARIABLE}: `{pair}` is not name=value")),
        };
        if name == "service.name" {
            named = percent::decode(value).and_then(|value| String::from_utf8(value).ok());
        }
    }
    Ok(read("OTEL_SERVICE_NAME").or(named).filter(|name| !name.is_empty()))
}

fn tail(read: Read<'_>) -> Result<Option<Rule>, String> {
    const VARIABLE: &str = "DOORBUSTER_TAIL_SAMPLING";
    let rule = read(VARIABLE).filter(|text| text != "off").map(|text| text.parse());
    rule.transpose().map_err(|error| format!("{VARIABLE}: {error}"))
}

/// The standard's words for the two kinds of histogram.
fn exponential(read: Read<'_>) -> Result<bool, String> {
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

fn pushed(read: Read<'_>, backend: Backend, variables: &Variables) -> Result<Option<Destination>, String> {
    let (account, tls) = (Account::read(read, variables)?, exporter::trust(read)?);
    Ok(account.map(|Account { endpoint, headers }| {
        // Loki's bodies are packed already, in its own way.
        let gzip = backend.encoding().is_none();
        Destination { backend, endpoint, headers, timeout: PUSH_TIMEOUT, gzip, tls }
    }))
}

fn asks_for_otlp_logs(read: Read<'_>) -> bool {
    read(&exporter::variable(Signal::Logs)).is_some() || read("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT").is_some()
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
        assert!(config.metrics.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_secrets_are_not_repeated() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        for (pair, word) in [
            (("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318"), "OTEL_EXPORTER_OTLP_ENDPOINT"),
            (("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), "http/protobuf"),
            (("OTEL_PROPAGATORS", "b3"), "tracecontext,baggage"),
            (("OTEL_PROPAGATORS", "tracecontext"), "baggage"),
            (("OTEL_SEMCONV_STABILITY_OPT_IN", "http/dup,database"), "http/dup"),
            (("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"), "not a number"),
            (("OTEL_METRICS_EXEMPLAR_FILTER", "none"), "always_off"),
            (("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "monthly"), "lowmemory"),
            (("OTEL_RESOURCE_ATTRIBUTES", "team=a,b"), "name=value"),
            (("OTEL_CONFIG_FILE", "/otel.yaml"), "OTEL_CONFIG_FILE"),
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
    fn what_the_standard_says_by_itself_is_no_mistake() {
        let config = read(&[
            ("OTEL_PROPAGATORS", "baggage, tracecontext"),
            ("OTEL_METRICS_EXEMPLAR_FILTER", "always_off"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=my%20cart,team=a"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
        ])
        .expect("valid");
        assert_eq!((config.temporality, config.exemplars), (Temporality::Delta, Filter::AlwaysOff));
        assert_eq!(config.service_name.as_deref(), Some("my cart"));
        assert_eq!(config.declined, [Signal::Metrics]);
        let names = [("OTEL_SERVICE_NAME", "a"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=b")];
        assert_eq!(read(&names).expect("valid").service_name.as_deref(), Some("a"));
    }

    #[test]
    fn a_whole_environment_is_read_and_a_variable_that_nobody_knows_is_refused() {
        let of = |pairs: &[(&str, &str)]| {
            Config::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
        };
        let config = of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_TYPO", " "), ("PATH", "/bin")]);
        assert!(config.is_ok_and(|config| config.traces.is_some()));
        let error = of(&[("OTEL_EXPORTER_OTLP_ENDPIONT", "http://c")]).expect_err("a typing error");
        assert!(error.contains("did you mean `OTEL_EXPORTER_OTLP_ENDPOINT`"), "{error}");
    }

    #[test]
    fn a_disabled_sdk_sends_nothing() {
        let config = read(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]);
        assert!(config.is_ok_and(|config| config.disabled && config.traces.is_none()));
    }
}
