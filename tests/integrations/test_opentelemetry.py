"""Spans of runs, by the SDK's in-memory exporter."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryStore, MemoryTickLocker
from gocron_py.integrations.opentelemetry import with_spans
from gocron_py.testing import FakeClock, wait_for_runs


class Traced:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def traced() -> Iterator[Traced]:
    traced = Traced()
    yield traced
    traced.provider.shutdown()


def run_once(
    clock: FakeClock, traced: Traced, task: Any, *options: gocron.JobOption, locker: gocron.Locker | None = None
) -> gocron.RunRecord:
    """What became of one run, a quarter of a minute late."""
    more = () if locker is None else (gocron.with_distributed_locker(locker),)
    spans = gocron.with_global_job_options(with_spans(traced.provider))
    with gocron.new_scheduler(gocron.with_clock(clock), spans, *more) as scheduler:
        job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), task, gocron.with_name("backup"), *options)
        clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
        (record,) = job.history()
        return record


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_a_run_is_a_span(fake_clock: FakeClock, traced: Traced) -> None:
    """It has the job's name, says which tick it is of, how late, and how it ended; it is a trace of its own."""
    record = run_once(fake_clock, traced, gocron.new_task(lambda: None))
    (span,) = traced.exporter.get_finished_spans()
    said = attributes(span)
    assert span.name == "backup"
    assert span.parent is None
    assert span.status.status_code is trace.StatusCode.UNSET
    assert datetime.fromisoformat(str(said.pop("gocron.tick.at"))) == record.scheduled
    assert len(str(said.pop("gocron.tick.id"))) == 32
    assert said == {
        "gocron.job.name": "backup",
        "gocron.tick.kind": "grid",
        "gocron.run.attempt": 1,
        "gocron.run.lateness": 0.0,
        "gocron.run.outcome": "success",
    }


def test_what_the_task_traces_is_inside(fake_clock: FakeClock, traced: Traced) -> None:
    """Spans of a function, a coroutine, a task of asyncio and asyncio.to_thread are children of the run's."""

    def work(name: str) -> None:
        with traced.tracer.start_as_current_span(name):
            pass

    async def all_ways() -> None:
        work("coroutine")
        await asyncio.create_task(asyncio.to_thread(work, "thread"))

    run_once(fake_clock, traced, gocron.new_task(all_ways))
    run_once(fake_clock, traced, gocron.new_task(work, "function"))
    runs = {span.context.span_id for span in traced.exporter.get_finished_spans() if span.name == "backup"}
    for name in "coroutine", "thread", "function":
        parent = traced.spans()[name].parent
        assert parent is not None
        assert parent.span_id in runs
    assert trace.get_current_span() is trace.INVALID_SPAN


def returned() -> Exception:
    return ValueError("disk full")


def raised() -> None:
    raise ValueError("disk full")


def panicked() -> None:
    gocron.panic("disk full")


def exited() -> None:
    raise SystemExit("disk full")


@pytest.mark.parametrize(
    ("task", "description", "kind"),
    [
        (raised, "ValueError: disk full", "ValueError"),
        (returned, "ValueError: disk full", "ValueError"),
        (panicked, "str: disk full", "gocron_py.task.Panic"),
        (exited, "SystemExit: disk full", "SystemExit"),
    ],
)
def test_a_failure_is_an_error(
    task: Any, description: str, kind: str, fake_clock: FakeClock, traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    """Raised, returned as ported Go does, or a panic: the span has it as its status and as an exception."""
    record = run_once(fake_clock, traced, gocron.new_task(task))
    (span,) = traced.exporter.get_finished_spans()
    assert record.outcome is gocron.JobStatus.FAIL
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, description)
    assert attributes(span)["gocron.run.outcome"] == "fail"
    (event,) = span.events
    assert dict(event.attributes or {})["exception.type"] == kind


def test_two_instances_name_a_tick_alike(fake_clock: FakeClock, traced: Traced) -> None:
    """What two schedulers trace of one tick has one id, and one link; another tick's is another. The fence is told."""
    runs = []
    for _ in range(2):
        clock = FakeClock(fake_clock.now())
        run_once(clock, traced, gocron.new_task(lambda: None))
        runs.append(traced.exporter.get_finished_spans()[-1])
    run_once(clock, traced, gocron.new_task(lambda: None))
    first, second = ((attributes(run)["gocron.tick.id"], run.links[0].context) for run in runs)
    assert first == second
    assert first[0] == f"{first[1].trace_id:032x}"
    assert first[0] != attributes(traced.exporter.get_finished_spans()[-1])["gocron.tick.id"]
    assert first[1].trace_id not in {run.context.trace_id for run in runs}


def test_a_claim_is_told(fake_clock: FakeClock, traced: Traced) -> None:
    """Under a tick locker the span has the fence, and the tick of the store."""
    locker = MemoryTickLocker(MemoryStore(fake_clock))
    record = run_once(fake_clock, traced, gocron.new_task(lambda: None), locker=locker)
    (span,) = traced.exporter.get_finished_spans()
    assert attributes(span)["gocron.run.fence"] == record.fence is not None
    locker.close()


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_tracing_changes_no_run(fake_clock: FakeClock, traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    """An error without a text, a name that is no text, a provider that was shut down: the run ends as it would."""

    def fail() -> None:
        raise Unspeakable

    record = run_once(fake_clock, traced, gocron.new_task(fail), gocron.with_name("a\ud800"))
    assert record.error is not None
    assert record.error.startswith("Unspeakable")
    assert [span.name for span in traced.exporter.get_finished_spans()] == ["a\\ud800"]
    assert "a span could not end" in caplog.text
    traced.provider.shutdown()
    assert run_once(fake_clock, traced, gocron.new_task(int)).outcome is gocron.JobStatus.SUCCESS


def test_no_provider_is_no_good() -> None:
    """What is no provider is refused where it is given."""
    wrong: Any = object()
    with pytest.raises(gocron.ErrInvalidArgument):
        with_spans(wrong)


def test_without_an_sdk() -> None:
    """With the API alone runs go on as ever, and no module of the SDK is loaded."""
    program = """
import sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py.integrations.opentelemetry import with_spans
from gocron_py.testing import FakeClock, wait_for_runs
clock = FakeClock()
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_global_job_options(with_spans())) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print, "ran"))
    clock.advance(timedelta(hours=1))
    wait_for_runs(scheduler)
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.stderr, done.returncode) == ("ran\n", "", 0)
