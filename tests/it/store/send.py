"""Sends a trace, a log line and measurements by OTLP over HTTP, and prints the trace's id."""

import logging

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

resource = Resource({"service.name": "pandas", "service.version": "2.0"})

traces = TracerProvider(resource=resource)
traces.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
tracer = traces.get_tracer("send")

logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
logger = logging.getLogger("reports")
logger.addHandler(LoggingHandler(logger_provider=logs))

metrics = MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
meter = metrics.get_meter("send")

with tracer.start_as_current_span("report", kind=trace.SpanKind.SERVER) as outer:
    meter.create_counter("reports").add(3, {"kind": "daily"})
    meter.create_histogram("report.duration", unit="s").record(0.4)
    try:
        with tracer.start_as_current_span("count", attributes={"rows": 7}):
            logger.warning("rows are missing")
            raise ValueError("rows")
    except ValueError:
        pass

for provider in (traces, logs, metrics):
    provider.shutdown()
print(f"{outer.get_span_context().trace_id:032x}")
