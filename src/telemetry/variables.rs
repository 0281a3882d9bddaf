//! Every `OTEL_*` variable of OpenTelemetry's specification, and what becomes of it here: it is obeyed, or refused by name.
//! None is passed over in silence. `docs/variables.md` is written from this table.

use super::exporter::Read;
use crate::kernel::nearest::nearest;

/// One row of the table.
struct Variable {
    /// `*` stands for `TRACES`, `METRICS` and `LOGS`.
    name: &'static str,
    support: Support,
}

/// What becomes of a variable.
enum Support {
    /// What it does here, where there is more to say than the specification says.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page is written from it"))]
    Obeyed(&'static str),
    /// Why it is not supported, and what to use in its place.
    Refused(&'static str),
}

use Support::{Obeyed, Refused};

const SIGNALS: [&str; 3] = ["TRACES", "METRICS", "LOGS"];
const QUEUES: &str = "queues are bounded in bytes and sent five times a second";
const CONFIG: &str = "a configuration file is not read, use variables";
const GRPC: &str = "it belongs to gRPC; http:// or https:// in the endpoint decides";
const ZIPKIN: &str = "Zipkin is not supported, use OTLP";
const JAEGER: &str = "the Jaeger exporter is not supported, use OTLP";
const SCRAPED: &str = "the lab's control port serves /metrics, see --port-base and --bind";
const SPANS_ONLY: &str = "spans alone have a limit, use OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT";
const NO_LENGTHS: &str = "values are not cut";

const fn row(name: &'static str, support: Support) -> Variable {
    Variable { name, support }
}

const TABLE: [Variable; 66] = [
    row("OTEL_SDK_DISABLED", Obeyed("`true`: no spans, no metrics; log lines stay")),
    row(
        "OTEL_RESOURCE_ATTRIBUTES",
        Obeyed("on every service; `service.name` counts with `serve`, and is refused with `up`"),
    ),
    row("OTEL_SERVICE_NAME", Obeyed("with `serve`; refused with `up`, where each service has its own name")),
    row("OTEL_ENTITIES", Refused("entities are not supported, use OTEL_RESOURCE_ATTRIBUTES")),
    row("OTEL_LOG_LEVEL", Refused("use RUST_LOG, such as RUST_LOG=debug")),
    row("OTEL_PROPAGATORS", Obeyed("`tracecontext,baggage`, both, are always used; another is refused")),
    row("OTEL_TRACES_SAMPLER", Obeyed("`always_on` unless set; jaeger_remote and xray are refused")),
    row("OTEL_TRACES_SAMPLER_ARG", Obeyed("a number from 0 to 1")),
    row("OTEL_BSP_SCHEDULE_DELAY", Refused(QUEUES)),
    row("OTEL_BSP_EXPORT_TIMEOUT", Refused("use OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")),
    row("OTEL_BSP_MAX_QUEUE_SIZE", Refused(QUEUES)),
    row("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", Refused(QUEUES)),
    row("OTEL_BSP_MAX_CONCURRENT_EXPORTS", Refused("one request of a signal is under way at a time")),
    row("OTEL_BLRP_SCHEDULE_DELAY", Refused(QUEUES)),
    row("OTEL_BLRP_EXPORT_TIMEOUT", Refused("use OTEL_EXPORTER_OTLP_LOGS_TIMEOUT")),
    row("OTEL_BLRP_MAX_QUEUE_SIZE", Refused(QUEUES)),
    row("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", Refused(QUEUES)),
    row("OTEL_ATTRIBUTE_COUNT_LIMIT", Refused(SPANS_ONLY)),
    row("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", Refused(NO_LENGTHS)),
    row("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", Obeyed("")),
    row("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", Refused(NO_LENGTHS)),
    row("OTEL_SPAN_EVENT_COUNT_LIMIT", Obeyed("")),
    row("OTEL_SPAN_LINK_COUNT_LIMIT", Obeyed("")),
    row("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", Refused(SPANS_ONLY)),
    row("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", Refused(SPANS_ONLY)),
    row("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", Refused(SPANS_ONLY)),
    row("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", Refused(NO_LENGTHS)),
    row("OTEL_TRACES_EXPORTER", Obeyed("`otlp` or `none`")),
    row(
        "OTEL_METRICS_EXPORTER",
        Obeyed("`otlp`, `prometheus` (`/metrics`, which is always there), both, or `none`"),
    ),
    row("OTEL_LOGS_EXPORTER", Obeyed("`otlp` or `none`; log lines go to standard output as well")),
    row(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Obeyed("nothing is sent unless it is set, or an exporter is `otlp`: then `http://localhost:4318`"),
    ),
    row("OTEL_EXPORTER_OTLP_*_ENDPOINT", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_PROTOCOL", Obeyed("`http/protobuf`; another is refused")),
    row("OTEL_EXPORTER_OTLP_*_PROTOCOL", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_HEADERS", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_*_HEADERS", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_TIMEOUT", Obeyed("milliseconds; 10000 unless set")),
    row("OTEL_EXPORTER_OTLP_*_TIMEOUT", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_COMPRESSION", Obeyed("`gzip` or `none`")),
    row("OTEL_EXPORTER_OTLP_*_COMPRESSION", Obeyed("")),
    row(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        Obeyed("trusted besides Mozilla's list; by Loki and Pyroscope as well"),
    ),
    row("OTEL_EXPORTER_OTLP_*_CERTIFICATE", Obeyed("")),
    row(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        Obeyed("with the key: the lab proves itself to OTLP backends"),
    ),
    row("OTEL_EXPORTER_OTLP_*_CLIENT_CERTIFICATE", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_CLIENT_KEY", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_*_CLIENT_KEY", Obeyed("")),
    row("OTEL_EXPORTER_OTLP_INSECURE", Refused(GRPC)),
    row("OTEL_EXPORTER_OTLP_*_INSECURE", Refused(GRPC)),
    row(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        Obeyed("`cumulative`, `delta` or `lowmemory`, by OTLP; a scrape is cumulative"),
    ),
    row(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        Obeyed("by OTLP; a scrape keeps its fixed bounds"),
    ),
    row("OTEL_METRICS_EXEMPLAR_FILTER", Obeyed("`trace_based` unless set")),
    row("OTEL_METRIC_EXPORT_INTERVAL", Obeyed("milliseconds; 5000 unless set")),
    row("OTEL_METRIC_EXPORT_TIMEOUT", Refused("use OTEL_EXPORTER_OTLP_METRICS_TIMEOUT")),
    row("OTEL_SEMCONV_STABILITY_OPT_IN", Obeyed("only the stable names are used; `/dup` is refused")),
    row("OTEL_CONFIG_FILE", Refused(CONFIG)),
    row("OTEL_EXPERIMENTAL_CONFIG_FILE", Refused(CONFIG)),
    row("OTEL_EXPORTER_PROMETHEUS_HOST", Refused(SCRAPED)),
    row("OTEL_EXPORTER_PROMETHEUS_PORT", Refused(SCRAPED)),
    row("OTEL_EXPORTER_ZIPKIN_ENDPOINT", Refused(ZIPKIN)),
    row("OTEL_EXPORTER_ZIPKIN_TIMEOUT", Refused(ZIPKIN)),
    row("OTEL_EXPORTER_ZIPKIN_PROTOCOL", Refused(ZIPKIN)),
    row("OTEL_EXPORTER_JAEGER_ENDPOINT", Refused(JAEGER)),
    row("OTEL_EXPORTER_JAEGER_AGENT_HOST", Refused(JAEGER)),
    row("OTEL_EXPORTER_JAEGER_AGENT_PORT", Refused(JAEGER)),
    row("OTEL_EXPORTER_JAEGER_PROTOCOL", Refused(JAEGER)),
    row("OTEL_EXPORTER_JAEGER_TIMEOUT", Refused(JAEGER)),
];

/// The beginnings of variables that belong to the SDK of a language, to an agent or to an operator: they may stand in the
/// environment of a machine, and say nothing to this lab.
const OTHERS: [&str; 18] = [
    "OTEL_CPP_",
    "OTEL_DOTNET_",
    "OTEL_ERLANG_",
    "OTEL_GO_",
    "OTEL_JAVA_",
    "OTEL_JAVAAGENT_",
    "OTEL_JMX_",
    "OTEL_NODE_",
    "OTEL_PHP_",
    "OTEL_PYTHON_",
    "OTEL_RUBY_",
    "OTEL_SWIFT_",
    "OTEL_INSTRUMENTATION_",
    "OTEL_INJECTOR_",
    "OTEL_LAMBDA_",
    "OTEL_COLLECTOR_",
    "OTEL_RESOURCE_ATTRIBUTES_",
    "OTEL_RESOURCE_PROVIDERS_",
];
/// What the OpenTelemetry operator gives every pod.
const OF_A_POD: [&str; 3] = ["OTEL_POD_IP", "OTEL_NODE_IP", "OTEL_POD_NAME"];

/// Refuses, of the variables that are set, those of OpenTelemetry's that nobody knows.
pub fn check_names<'a>(set: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let known: Vec<String> = TABLE.iter().flat_map(names).collect();
    for name in set.filter(|name| name.starts_with("OTEL_")) {
        if known.iter().any(|one| one == name) || is_of_others(name) {
            continue;
        }
        return Err(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("{name} is no variable of OpenTelemetry; did you mean `{near}`?"),
            None => format!("{name} is no variable of OpenTelemetry; unset it"),
        });
    }
    Ok(())
}

/// Refuses the first variable that is set and not supported.
pub fn refuse_unsupported(read: Read<'_>) -> Result<(), String> {
    for variable in &TABLE {
        let Refused(why) = variable.support else { continue };
        if let Some(name) = names(variable).into_iter().find(|name| read(name).is_some()) {
            return Err(format!("{name} is not supported: {why}"));
        }
    }
    Ok(())
}

fn names(variable: &Variable) -> Vec<String> {
    match variable.name.contains('*') {
        true => SIGNALS.iter().map(|signal| variable.name.replace('*', signal)).collect(),
        false => vec![variable.name.to_owned()],
    }
}

/// Kubernetes names the services of a namespace to each pod: one called `otel` or `otel-…` becomes `OTEL_…_SERVICE_HOST` and
/// the like.
fn is_of_others(name: &str) -> bool {
    let is_link = name.contains("_SERVICE_PORT")
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_TCP")
        || name.contains("_UDP");
    is_link || OF_A_POD.contains(&name) || OTHERS.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fmt::Write, path::Path};

    use super::*;

    const PAGE: &str = "docs/variables.md";

    fn page() -> String {
        let mut page = "# OpenTelemetry's variables\n\n\
            Each `OTEL_*` variable of the specification is obeyed, or refused by name before anything starts (exit code 2). So \
            is a name\nthat the specification does not know. Variables of a language's SDK, such as `OTEL_PYTHON_…`, are left \
            alone.\n\n\
            `UPDATE=1 cargo test --lib telemetry::variables` writes this page from `src/telemetry/variables.rs`.\n\n\
            | variable | | |\n|---|---|---|\n"
            .to_owned();
        for Variable { name, support } in &TABLE {
            let name = name.replace('*', "{TRACES,METRICS,LOGS}");
            let (word, note) = match support {
                Obeyed(note) => ("obeyed", note),
                Refused(why) => ("refused", why),
            };
            let _ = writeln!(page, "| `{name}` | {word} | {note} |");
        }
        page
    }

    #[test]
    fn the_page_is_the_table() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, page()).expect("written");
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == page(),
            "{PAGE} is stale: UPDATE=1 cargo test --lib telemetry::variables writes it"
        );
    }

    #[test]
    fn each_variable_stands_in_the_table_once_and_whatever_is_read_stands_there() {
        let all: Vec<String> = TABLE.iter().flat_map(names).collect();
        let known: BTreeSet<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(all.len(), known.len());
        for source in [include_str!("config.rs"), include_str!("exporter.rs"), include_str!("init.rs")] {
            let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((source, ""));
            for name in code.split('"').filter(|text| text.starts_with("OTEL_") && !text.contains('{')) {
                assert!(known.contains(name), "{name}");
            }
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name_with_the_reason() {
        for (name, word) in [
            ("OTEL_BSP_MAX_QUEUE_SIZE", "bytes"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "bytes"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
            ("OTEL_LOG_LEVEL", "RUST_LOG"),
            ("OTEL_EXPORTER_OTLP_LOGS_INSECURE", "gRPC"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "not cut"),
        ] {
            let error = refuse_unsupported(&|one| (one == name).then(|| "5".to_owned())).expect_err(name);
            assert!(error.starts_with(name) && error.contains(word), "{error}");
        }
        assert_eq!(refuse_unsupported(&|_| None), Ok(()));
    }

    #[test]
    fn a_name_that_nobody_knows_is_refused_with_the_nearest() {
        for (name, near) in [
            ("OTEL_EXPORTER_OTLP_ENDPIONT", "`OTEL_EXPORTER_OTLP_ENDPOINT`"),
            ("OTEL_EXPORTER_OTLP_TRACE_ENDPOINT", "`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`"),
            ("OTEL_SERVICENAME", "`OTEL_SERVICE_NAME`"),
        ] {
            let error = check_names([name].into_iter()).expect_err(name);
            assert!(error.starts_with(name) && error.contains(near), "{error}");
        }
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let others = [
            "PATH",
            "OTEL_PYTHON_LOG_CORRELATION",
            "OTEL_NODE_RESOURCE_DETECTORS",
            "OTEL_JAVAAGENT_ENABLED",
            "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
            "OTEL_RESOURCE_ATTRIBUTES_POD_NAME",
            "OTEL_POD_IP",
            "OTEL_COLLECTOR_SERVICE_HOST",
            "OTEL_AGENT_PORT_4318_TCP_ADDR",
            "OTEL_AGENT_SERVICE_PORT_OTLP_HTTP",
            "OTEL_PORT",
        ];
        assert_eq!(check_names(others.into_iter()), Ok(()));
    }
}
