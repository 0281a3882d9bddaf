//! Telemetry begins and ends here: one value that is made first and dropped last.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use opentelemetry_sdk::{
    Resource,
    logs::SdkLoggerProvider,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt};

use super::{
    config::Config,
    egress::{
        exits::Exit,
        onlooker::Onlooker,
        run::{Egress, Running},
        watch::watch,
    },
    exposition,
    ids::Ids,
    logs::{Bridge, Lines},
    otlp::{
        encode::{LogTap, SpanTap},
        measured::measured,
    },
    presence::Presence,
    process::Threads,
    resource,
    scope::{Buckets, Kinds, Scope},
    stdout::Stdout,
};
use crate::kernel::{
    heartbeat::{Heartbeat, Seen},
    service::Service,
};

/// The telemetry of this process.
pub struct Telemetry {
    scopes: Vec<Arc<Scope>>,
    egress: Egress,
    running: Option<Running>,
    stdout: Stdout,
    config: Config,
}

/// Whose telemetry it is, and where log lines are written.
pub struct Setup<'a> {
    pub config: Config,
    /// The services that live in this process and have signals.
    pub services: &'a [Service],
    /// The one that answers for the process as a whole: its memory, its egress.
    pub platform: Service,
    pub lines_to: Box<dyn Write + Send>,
    /// Who is shown all signals, without a network between.
    pub onlooker: Option<Arc<dyn Onlooker>>,
}

impl Telemetry {
    /// Starts telemetry and makes it the process's own. There can be one.
    pub fn start(setup: Setup<'_>) -> Result<Self, String> {
        let Setup { config, services, platform, lines_to, onlooker } = setup;
        let name = config.service_name.clone();
        if let Some(name) = name.as_ref().filter(|_| services.len() > 1) {
            return Err(format!(
                "OTEL_SERVICE_NAME, or service.name in OTEL_RESOURCE_ATTRIBUTES, is `{name}`: here each of {} services \
                 has its own name; unset it, or start one service with `serve`",
                services.len()
            ));
        }
        let filter = EnvFilter::try_new(&config.log_filter).map_err(|error| format!("RUST_LOG: {error}"))?;
        let stdout = Stdout::start(lines_to).map_err(|error| format!("no thread for log lines: {error}"))?;
        let egress = Egress::new(&config, stdout.clone(), onlooker);
        let resources: Vec<Resource> =
            services.iter().map(|service| resource::of(*service, name.as_deref())).collect();

        let kinds = Kinds {
            exponential: config.exponential,
            temporality: config.temporality,
            exemplars: config.exemplars,
            tail: config.tail,
        };
        let scopes = services.iter().zip(&resources).enumerate().map(|(index, (service, resource))| {
            let presence: Arc<Presence> = Arc::default();
            let routes = egress.relayed.routes.clone();
            if config.disabled {
                return Arc::new(Scope::silent(*service).split_by(routes));
            }
            let traces = SdkTracerProvider::builder().with_id_generator(Ids).with_resource(resource.clone());
            // The SDK reads the variables; where they are silent, a lab sees all.
            let traces = if config.sampler_given { traces } else { traces.with_sampler(Sampler::AlwaysOn) };
            let queue = egress.wants_spans().then(|| egress.spans.clone());
            let tail = egress.tail.as_ref().map(|tail| tail.before.clone());
            let traces = if queue.is_some() || tail.is_some() {
                let presence = presence.clone();
                traces.with_span_processor(SpanTap { service: index, presence, queue, tail })
            } else {
                traces
            };
            let scope = Scope::new(*service, presence, &traces.build(), resource.clone(), kinds);
            Arc::new(scope.split_by(routes))
        });
        let scopes: Vec<_> = scopes.collect();

        let threads = Threads::new(services, platform);
        for scope in &scopes {
            let Some(signals) = scope.signals() else { continue };
            threads.watch(scope.service, &signals.instruments);
            if scope.service == platform {
                watch(&egress, signals.instruments.meter());
            }
        }

        let mut bridges: Vec<Option<Bridge>> = Service::ALL.iter().map(|_| None).collect();
        if config.logs.is_some() {
            for (index, (scope, resource)) in scopes.iter().zip(&resources).enumerate() {
                let tap = LogTap {
                    service: index,
                    presence: scope.presence.clone(),
                    queue: egress.records.clone(),
                };
                let provider =
                    SdkLoggerProvider::builder().with_resource(resource.clone()).with_log_processor(tap);
                bridges[scope.service.index()] = Some(Bridge::new(&provider.build()));
            }
        }
        let mut presences: Vec<Arc<Presence>> = Service::ALL.iter().map(|_| Arc::default()).collect();
        scopes.iter().for_each(|scope| presences[scope.service.index()] = scope.presence.clone());
        let others = egress.wants_lines().then(|| egress.lines.clone());
        let lines = Lines { stdout: stdout.clone(), bridges, others, presences }.with_filter(filter);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines))
            .map_err(|error| format!("telemetry was started twice: {error}"))?;

        let running = egress
            .start(scopes.clone(), resources, platform)
            .map_err(|error| format!("the egress does not start: {error}"))?;
        Ok(Telemetry { scopes, egress, running: Some(running), stdout, config })
    }

    /// The scope of `service`, which must be one of those telemetry was started for.
    pub fn scope(&self, service: Service) -> Arc<Scope> {
        let found = self.scopes.iter().find(|scope| scope.service == service);
        found.cloned().unwrap_or_else(|| Arc::new(Scope::silent(service)))
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What `/metrics` answers with. Independent of `self`'s life, so that a handler can keep it.
    pub fn exposition(&self) -> impl Fn() -> String + Clone + Send + Sync + 'static + use<> {
        let scopes = self.scopes.clone();
        move || exposition::render(&measured(&scopes, Buckets::Explicit))
    }

    /// Whether the egress still turns.
    pub fn egress_beats(&self) -> Heartbeat {
        self.egress.beats.clone()
    }

    /// Whether lines on their way to standard output still get there. Independent of `self`'s life.
    pub fn stdout_progress(&self) -> impl Fn() -> Seen + Send + 'static + use<> {
        let stdout = self.stdout.clone();
        move || stdout.seen()
    }

    /// How each way out is doing.
    pub fn exits(&self) -> impl Fn() -> Vec<Exit> + Clone + Send + Sync + 'static + use<> {
        let egress = self.egress.clone();
        move || egress.exits()
    }

    /// Sends what waits, for `patience` at most, and writes the last lines: what became of the signals among them.
    pub fn stop(mut self, patience: Duration) {
        if let Some(running) = self.running.take() {
            running.stop(Instant::now() + patience);
            // What was lost is said while lines still go somewhere: nobody can ask `/metrics` any more.
            self.egress.exits().iter().for_each(Exit::say_closed);
        }
        for signals in self.scopes.iter().filter_map(|scope| scope.signals()) {
            signals.shutdown();
        }
        self.stdout.close();
    }
}
