"""A span around each run, for OpenTelemetry (extra ``opentelemetry``: the API alone, no SDK)."""

from __future__ import annotations

import hashlib
import logging
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, cast, final

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Span, SpanContext, StatusCode, TraceFlags, Tracer, TracerProvider

from gocron_py.distributed.tick import running
from gocron_py.errors import ErrInvalidArgument, LockLost
from gocron_py.instant import SECOND
from gocron_py.job_options import JobOption, with_surroundings
from gocron_py.task import Panic

if TYPE_CHECKING:
    from contextvars import Token

    from gocron_py.distributed.tick import Tick
    from gocron_py.run import Run

__all__ = ["with_spans"]

_NAME = "gocron_py"

_log = logging.getLogger(_NAME)


def with_spans(tracer_provider: TracerProvider | None = None) -> JobOption:
    """Trace each run as a span with the job's name. With ``with_global_job_options``, the runs of all jobs. Not in Go.

    Spans that the task makes are children of it, in coroutines too, and on threads that take the context along. With
    ``with_executor`` it is around the wait for the other side. Without an SDK nothing is recorded.

    Attributes: ``gocron.job.name``; ``gocron.tick.at`` (UTC), ``.kind`` and ``.id``; ``gocron.run.attempt``,
    ``.fence`` (under a tick locker), ``.lateness`` (seconds) and ``.outcome``. What tracing raises is logged, and
    changes nothing.

    Each run is a trace of its own, sampled as any other. The runs of one tick (one that was cut off, and the one that
    did it again on another instance) have the same ``gocron.tick.id``, and a link to the same span context, whose trace
    id that is. It is hashed from the tick, so instances need not talk to agree on it.

    :param tracer_provider: default: the global one, as it is when a run begins.
    :raises ErrInvalidArgument: not a TracerProvider.
    """
    if tracer_provider is not None and not isinstance(tracer_provider, TracerProvider):
        raise ErrInvalidArgument("tracer_provider must be an OpenTelemetry TracerProvider", got=tracer_provider)
    tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)

    def enter() -> AbstractContextManager[None]:
        return _RunSpan(tracer, cast("Run", running.get()))

    return with_surroundings(enter)


def tick_context(tick: Tick) -> SpanContext:
    """What the runs of one tick link to: the same on all instances."""
    name = f"{tick.job_name}\0{tick.at.timestamp():.6f}\0{tick.kind.value}"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.DEFAULT))


@final
class _RunSpan(AbstractContextManager[None]):
    __slots__ = ("_run", "_span", "_token", "_tracer")

    def __init__(self, tracer: Tracer, run: Run) -> None:
        self._tracer = tracer
        self._run = run
        self._span: Span = trace.INVALID_SPAN
        self._token: Token[otel.Context] | None = None

    def __enter__(self) -> None:
        try:
            # An empty context: what an earlier task has left on this thread is no parent of this run.
            self._span = self._tracer.start_span(_text(self._run.spec.name), context=otel.Context())
            self._token = otel.attach(trace.set_span_in_context(self._span))
            if self._span.is_recording():  # else its attributes are for nobody
                self._describe(self._span)
        except Exception:
            _log.exception("gocron: a run goes on after its span could not begin")

    def _describe(self, span: Span) -> None:
        run = self._run
        tick, started = run.tick(), run.started or run.scheduled
        linked = tick_context(tick)
        span.add_link(linked)
        span.set_attributes(
            {
                "gocron.job.name": _text(run.spec.name),
                "gocron.tick.at": tick.at.isoformat(),
                "gocron.tick.kind": tick.kind.value,
                "gocron.tick.id": trace.format_trace_id(linked.trace_id),
                "gocron.run.attempt": run.attempt,
                "gocron.run.lateness": (started - run.scheduled) / SECOND,
            }
        )
        if run.fence is not None:
            span.set_attribute("gocron.run.fence", run.fence)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._token is not None:
                otel.detach(self._token)
            try:
                if self._span.is_recording():
                    self._judge(self._span, error)
            finally:
                self._span.end()
        except Exception:
            _log.exception("gocron: a span could not end")

    def _judge(self, span: Span, error: BaseException | None) -> None:
        context = self._run.context
        if context is not None and isinstance(context.cause(), LockLost):
            span.add_event("gocron.lock_lost")
        span.set_attribute("gocron.run.outcome", "success" if error is None else "fail")
        if error is not None:
            said = error.value if isinstance(error, Panic) else error
            span.set_status(StatusCode.ERROR, _text(f"{type(said).__name__}: {said}"))
            span.record_exception(error)


def _text(text: str) -> str:
    """Exporters fail on lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
