"""Each run is a span of OpenTelemetry's, and what the task traces is inside of it."""

from datetime import timedelta

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import gocron_py as gocron
from gocron_py.integrations.opentelemetry import with_spans
from gocron_py.testing import wait_for_runs

# A program has an exporter that sends spans away, and names its provider with trace.set_tracer_provider().
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("shop")


def back_up(table: str) -> None:
    with tracer.start_as_current_span(f"copy {table}"):
        pass


traced = gocron.with_global_job_options(with_spans(provider))
with gocron.new_scheduler(traced) as scheduler:
    job = scheduler.new_job(
        gocron.duration_job(timedelta(days=1)), gocron.new_task(back_up, "orders"), gocron.with_name("backup")
    )
    job.run_now()
    wait_for_runs(scheduler)

names: dict[int, str] = {}
span: ReadableSpan
for span in exporter.get_finished_spans():
    names[span.context.span_id] = span.name
for span in exporter.get_finished_spans():
    print(span.name, "in", names[span.parent.span_id] if span.parent else "a trace of its own")
print((span.attributes or {})["gocron.tick.kind"], (span.attributes or {})["gocron.run.outcome"])

# Output:
# copy orders in backup
# backup in a trace of its own
# manual success
