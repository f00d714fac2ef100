"""Plays a recorded trace: a scheduler between recorders, under a clock that is moved by hand.

A trace is a list of events. Those called ``call.*``, ``return.*``, ``clock.advance`` and ``observe.*`` are
the doing of the script; all others are calls from the scheduler. :class:`Stage` does the former, each
when all that stands before it has happened, and records the latter.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import gocron_py as gocron
from gocron_py.testing import FakeClock

# So long, in seconds, may anything take that must happen.
TIME_LIMIT = 5.0

Body = Callable[[gocron.Context], object]


@dataclass(frozen=True)
class Event:
    """One line of a trace: its name and what it was given, as text."""

    name: str
    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, name: str, **fields: str | None) -> Event:
        """An event; a field that is ``None`` is not there."""
        return cls(name, tuple(sorted((key, value) for key, value in fields.items() if value is not None)))

    def get(self, key: str) -> str | None:
        """The field *key*, if it is there."""
        return dict(self.fields).get(key)

    def but(self, **fields: str | None) -> Event:
        """The same event with other fields."""
        return Event.of(self.name, **{**dict(self.fields), **fields})

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.fields)])


@dataclass(frozen=True)
class SideBySide:
    """A stretch of a trace where several threads go on at once: each lane is one thread's, in its order."""

    lanes: tuple[tuple[Event, ...], ...]


Step = Event | SideBySide


def flat(steps: Iterable[Step]) -> list[Event]:
    """The events, lane after lane where they are side by side."""
    events: list[Event] = []
    for step in steps:
        events += [step] if isinstance(step, Event) else [event for lane in step.lanes for event in lane]
    return events


@dataclass(frozen=True)
class Trace:
    """One scenario, as recorded from Go."""

    id: str
    scenario: str
    parameters: dict[str, Any]
    events: tuple[Event, ...]
    alternatives: tuple[tuple[Event, ...], ...]


def load() -> dict[str, Trace]:
    """All recorded traces, by id."""
    path = Path(__file__).parent / "traces.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        recorded = json.load(file)["traces"]
    return {
        each["id"]: Trace(
            each["id"],
            each["scenario"],
            each["parameters"],
            _events(each["events"]),
            tuple(_events(other["events"]) for other in each.get("alternatives", ())),
        )
        for each in recorded
    }


def _events(recorded: list[dict[str, Any]]) -> tuple[Event, ...]:
    def event_of(event: str, **fields: object) -> Event:
        return Event.of(event, **{key: str(value) for key, value in fields.items()})

    return tuple(event_of(**each) for each in recorded)


class Recorded(NamedTuple):
    """An event that happened, and where."""

    event: Event
    thread: int


def difference(steps: Sequence[Step], recorded: Sequence[Recorded]) -> str:
    """What is not as it should be; empty if all is."""
    position = 0
    for step in steps:
        size = 1 if isinstance(step, Event) else sum(map(len, step.lanes))
        stretch = recorded[position : position + size]
        if not (_is_side_by_side(step, stretch) if isinstance(step, SideBySide) else _is(step, stretch)):
            break
        position += size
    else:
        if position == len(recorded):
            return ""
    lines = unified_diff(
        [str(event) for event in flat(steps)],
        [str(each.event) for each in recorded],
        "trace",
        "here",
        lineterm="",
        n=99,
    )
    return f"different from event {position + 1} on:\n" + "\n".join(lines)


def _is(event: Event, stretch: Sequence[Recorded]) -> bool:
    return [each.event for each in stretch] == [event]


def _is_side_by_side(step: SideBySide, stretch: Sequence[Recorded]) -> bool:
    threads: dict[int, list[Event]] = {}
    for each in stretch:
        threads.setdefault(each.thread, []).append(each.event)
    lanes = [list(lane) for lane in step.lanes]
    for events in threads.values():
        # One worker may have done several lanes, one after the other.
        while events:
            lane = next((lane for lane in lanes if events[: len(lane)] == lane), None)
            if lane is None:
                return False
            lanes.remove(lane)
            del events[: len(lane)]
    return not lanes


def text(value: object) -> str:
    """A value as the traces have it, which is Go's way."""
    if value is None:
        return "zero time"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        shown = value.isoformat()
        whole, point, rest = shown.partition(".")
        if point:
            shown = f"{whole}.{rest[:6].rstrip('0')}{rest[6:]}"
        return re.sub(r"\+00:00$", "Z", shown)
    if isinstance(value, gocron.GocronError) and not isinstance(value, gocron.Canceled):
        return f"{type(value).__name__}: {value}"
    return str(value)


def duration(shown: str) -> timedelta:
    """A Go duration: ``1h0m0s``, ``5.5s``, ``300ms``."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return timedelta(seconds=sum(float(n) * units[unit] for n, unit in re.findall(r"([\d.]+)(h|ms|m|s)", shown)))


def state(ctx: gocron.Context) -> str:
    """Whether a context that a call was given is live."""
    return "cancelled" if ctx.done() else "live"


class Stage:
    """A scheduler between recorders, and the script's hand on it.

    What the recorders need not have in a certain order, but must hold always, is in :attr:`faults`.

    :param trace: the scenario; its parameters say what is installed.
    :param steps: what is to happen.
    :param options: more for the scheduler.
    :param only: record these events alone.
    """

    def __init__(
        self,
        trace: Trace,
        steps: Sequence[Step],
        *options: gocron.SchedulerOption,
        only: Collection[str] | None = None,
    ) -> None:
        self.trace = trace
        self.only = only
        self.recorded: list[Recorded] = []
        self.faults: list[str] = []
        self.errors_logged: list[str] = []
        self.jobs: dict[str, gocron.Job] = {}
        self.ids: dict[str, UUID] = {}
        self.local = threading.local()
        self.lock_gives_none = False
        self.unlock_fails = False
        self._steps = flat(steps)
        self._position = 0
        self._changed = threading.Condition()
        # Tasks that stand still until the script goes on; the gates of those that it lets end.
        self._standing = 0
        self._gates: list[threading.Event] = []
        parameters = trace.parameters
        self.clock = FakeClock(datetime.fromisoformat(parameters["now"]))
        # All jobs have listeners, but those that run and make no event of theirs.
        heard, ran = ({each.get("job") for each in self._steps if each.name == name} for name in _HEARD_AND_RAN)
        self._plain = ran - heard | {""}
        self._skips = _SKIPS[parameters.get("before_skip", "")]
        self.scheduler = gocron.new_scheduler(
            gocron.with_clock(self.clock),
            gocron.with_location(parameters["location"]),
            gocron.with_logger(_Logger(self)),
            gocron.with_monitor(_Monitor(self)),
            gocron.with_monitor_status(_MonitorStatus(self)),
            gocron.with_scheduler_monitor(_SchedulerMonitor(self)),
            *self._scheduler_options(parameters),
            *options,
        )

    # -- what the parameters say -----------------------------------------------------------------

    def _scheduler_options(self, parameters: dict[str, Any]) -> list[gocron.SchedulerOption]:
        options: list[gocron.SchedulerOption] = []
        if "elector" in parameters:
            options.append(gocron.with_distributed_elector(_Elector(self, parameters["elector"].split(", then "))))
        if any(event.get("locker") == "scheduler" for event in self.trace.events) or "scheduler_locker" in parameters:
            refusals = _REFUSALS[parameters.get("scheduler_locker", True)]
            options.append(gocron.with_distributed_locker(_Locker(self, "scheduler", refusals)))
        if "limit" in parameters:
            options.append(gocron.with_limit_concurrent_jobs(parameters["limit"], _MODES[parameters["limit_mode"]]))
        if "stop_timeout" in parameters:
            options.append(gocron.with_stop_timeout(duration(parameters["stop_timeout"])))
        return options

    def _job_options(self, name: str) -> list[gocron.JobOption]:
        parameters = self.trace.parameters
        options = [gocron.with_tags(_tag(name))]
        if name not in self._plain:
            options.append(self._listeners(panic=parameters.get("listeners") == "all"))
        if "job_locker" in parameters:
            refusals = _REFUSALS[parameters["job_locker"]]
            options.append(gocron.with_distributed_job_locker(_Locker(self, "job", refusals)))
        if "disabled_locker" in parameters:
            options.append(gocron.with_disabled_distributed_job_locker(True))
        if "singleton" in parameters:
            options.append(gocron.with_singleton_mode(_MODES[parameters["singleton"]]))
        if "limited_runs" in parameters:
            options.append(gocron.with_limited_runs(parameters["limited_runs"]))
        if "interval_from_completion" in parameters:
            options.append(gocron.with_interval_from_completion())
        if "start_immediately" in parameters:
            options.append(gocron.with_start_at(gocron.with_start_immediately()))
        if "stop_at" in parameters:
            stop = datetime.fromisoformat(parameters["stop_at"])
            options.append(gocron.with_stop_at(gocron.with_stop_date_time(stop)))
        return options

    def _listeners(self, panic: bool) -> gocron.JobOption:
        listeners = [
            gocron.before_job_runs(self.listener("before_job_runs")),
            gocron.before_job_runs_skip_if_before_func_errors(self._before_skip),
            gocron.after_job_runs(self.listener("after_job_runs")),
            gocron.after_job_runs_with_error(self.listener("after_job_runs_with_error", "error")),
            gocron.after_lock_error(self.listener("after_lock_error", "error")),
        ]
        if panic:
            listeners.append(gocron.after_job_runs_with_panic(self.listener("after_job_runs_with_panic", "data")))
        return gocron.with_event_listeners(*listeners)

    def listener(self, event: str, extra: str = "") -> Callable[..., None]:
        """A listener that records."""

        def listen(job_id: UUID, name: str, *more: object) -> None:
            self.check(job_id == self.ids.get(name), f"{event} has the job's id")
            self.check(len(more) == bool(extra), f"{event} has its arguments")
            self.record(event, job=name, **({extra: text(more[0])} if extra else {}))

        return listen

    def _before_skip(self, job_id: UUID, name: str) -> None:
        self.check(job_id == self.ids.get(name), "before_skip has the job's id")
        if not self._skips:
            self.record("before_skip", job=name, result="ok")
            return
        self._skips -= 1
        self.record("before_skip", job=name, result="error", error="not now")
        raise RuntimeError("not now")

    def _definition(self, name: str) -> gocron.JobDefinition:
        parameters = self.trace.parameters
        shown: str = parameters["definitions"][name] if "definitions" in parameters else parameters["definition"]
        kind, _, rest = shown.partition(" ")
        if kind == "duration":
            return gocron.duration_job(duration(rest.partition(",")[0]))
        if kind == "daily":
            interval, _, at = rest.partition(", ")
            hour, minute, second = map(int, at.split(":"))
            return gocron.daily_job(int(interval), gocron.new_at_times(gocron.new_at_time(hour, minute, second)))
        times = [self._one_time(each) for each in rest.split(", ")]
        return gocron.one_time_job(gocron.one_time_job_start_date_times(*times))

    def _one_time(self, shown: str) -> datetime:
        """``+3s``, or ``+3s (zone)``."""
        after, _, zone = shown.partition(" ")
        return (self.clock.now() + duration(after)).astimezone(ZoneInfo(zone.strip("()") or "UTC"))

    # -- recording -------------------------------------------------------------------------------

    def record(self, event: str, **fields: str | None) -> None:
        """It happened, here and now."""
        if self.only is not None and event not in self.only:
            return
        with self._changed:
            self.recorded.append(Recorded(Event.of(event, **fields), threading.get_ident()))
            self._changed.notify_all()

    def check(self, holds: bool, what: str) -> None:
        """Something that must always hold; an assertion in a monitor would only be logged."""
        if not holds:
            self.faults.append(f"not so: {what}, after {len(self.recorded)} events")

    def wait_for(self, count: int, event: str | None = None) -> None:
        """Wait until so many events (of one name) have happened.

        :raises TimeoutError: they have not, in the time limit; with those that have.
        """

        def happened() -> bool:
            return sum(event is None or each.event.name == event for each in self.recorded) >= count

        with self._changed:
            if self._changed.wait_for(happened, TIME_LIMIT):
                return
            seen = "\n".join(str(each.event) for each in self.recorded)
        raise TimeoutError(f"not {count} of {event or 'all events'} within {TIME_LIMIT} s:\n{seen}")

    def _wait_until_idle(self) -> None:
        """Until no run goes on but those whose task stands still.

        The one look behind the public interface: the last event of a run comes before its end, which
        is what the limits count.
        """
        registry = self.scheduler._registry
        if not registry.watch(lambda: registry.in_flight == self._standing, TIME_LIMIT):
            raise TimeoutError(f"{registry.in_flight} runs go on, not {self._standing}")

    # -- the script ------------------------------------------------------------------------------

    def play(self, before: str = "") -> None:
        """Do what the trace has for the script, up to the next event called *before*, or to the end."""
        while self._position < len(self._steps) and self._steps[self._position].name != before:
            act = self._act_for(self._steps[self._position])
            if act is not None:
                self._settle()
                act()
            self._position += 1
        self._settle()

    def _settle(self) -> None:
        if self.only is None:
            self.wait_for(self._position)
        self._wait_until_idle()

    def _act_for(self, event: Event) -> Callable[[], object] | None:
        job = event.get("job") or ""
        if event.name == "scheduler_monitor.job_registered":
            return None if job in self.jobs else lambda: self.add(job)
        if event.name == "clock.advance":
            return lambda: self.advance(event.get("by") or "")
        if event.name.startswith("observe."):
            return lambda: self.observe(event.name.removeprefix("observe."), job)
        if event.name == "task_end" and self._gates:
            return self.let_end
        return {
            "call.start": lambda: self.call("start", self.scheduler.start),
            "call.stop_jobs": lambda: self.call("stop_jobs", self.scheduler.stop_jobs),
            "call.shutdown": lambda: self.call("shutdown", self.scheduler.shutdown),
            "call.run_now": lambda: self.call("run_now", self.jobs[job].run_now, job),
        }.get(event.name)

    def call(self, method: str, function: Callable[[], object], job: str | None = None) -> None:
        """Call something, and record that and what it raises."""
        self.record(f"call.{method}", job=job)
        self.returned(method, function, job)

    def returned(self, method: str, function: Callable[[], object], job: str | None = None) -> None:
        """The same where the trace has the return alone."""
        error = None
        try:
            function()
        except gocron.GocronError as raised:
            error = type(raised).__name__
        self.record(f"return.{method}", job=job, error=error)

    def advance(self, by: str) -> None:
        """Move the clock."""
        self.record("clock.advance", by=by)
        self.clock.advance(duration(by))

    def observe(self, what: str, job: str = "") -> None:
        """Ask a job, or the scheduler, and record the answer."""
        try:
            value: object = self._ask(what, job.removesuffix(" (old handle)"))
        except gocron.GocronError as error:
            value = type(error).__name__
        self.record(f"observe.{what}", job=job or None, value=text(value))

    def _ask(self, what: str, job: str) -> object:
        if what == "jobs_count":
            return len(self.scheduler.jobs())
        if what == "jobs_waiting_in_queue":
            return self.scheduler.jobs_waiting_in_queue()
        return getattr(self.jobs[job], what)()

    def add(self, name: str = "", *options: gocron.JobOption, body: Body | None = None) -> gocron.Job:
        """``new_job``, with what the trace's parameters ask for; without a name if that is empty."""
        named = [gocron.with_name(name)] if name else []
        task = gocron.new_task(self._task(name, body))
        job = self.scheduler.new_job(self._definition(name), task, *named, *self._job_options(name), *options)
        self.jobs[name] = job
        self.record("return.new_job", job=name)
        return job

    def update(self, old: str, new: str, definition: gocron.JobDefinition) -> bool:
        """``update`` *old* with a task and a name of its own and no options; whether the id is the same."""
        task = gocron.new_task(self._task(new, None))
        options = [gocron.with_name(new), gocron.with_tags(_tag(new))]
        self.jobs[new] = self.scheduler.update(self.ids[old], definition, task, *options)
        return self.jobs[new].id() == self.jobs[old].id()

    # -- tasks -----------------------------------------------------------------------------------

    def _task(self, name: str, body: Body | None) -> Callable[[gocron.Context], object]:
        def task(ctx: gocron.Context) -> object:
            work = self._gate() if body is None else body
            began = self.clock.now()
            if work is not None:
                self._stand(1)
            self.record("task_start", job=name, ctx=state(ctx))
            try:
                return self._work(name, ctx, work)
            finally:
                self.local.span = began, self.clock.now()

        return task

    def _work(self, name: str, ctx: gocron.Context, work: Body | None) -> object:
        try:
            answer = None if work is None else work(ctx)
        except Exception as error:
            answer = error
        finally:
            if work is not None:
                self._stand(-1)
        failed = isinstance(answer, Exception)
        error_text = text(answer) if failed else None
        self.record("task_end", job=name, result="error" if failed else "ok", error=error_text, ctx=state(ctx))
        return answer

    def _stand(self, more: int) -> None:
        """One task more (or less) stands still: the script does not wait for its end."""
        with self._changed:
            self._standing += more

    def _gate(self) -> Body | None:
        """A run lasts until the script lets it end, if the trace has anything between its start and its end."""
        with self._changed:
            starts = [index for index, event in enumerate(self._steps) if event.name == "task_start"]
            count = sum(each.event.name == "task_start" for each in self.recorded)
        following = self._steps[starts[count] + 1] if count < len(starts) else None
        if following is None or following.name in ("task_end", "after_job_runs_with_panic"):
            return None
        gate = threading.Event()
        self._gates.append(gate)

        def wait(ctx: gocron.Context) -> None:
            if not gate.wait(TIME_LIMIT):
                raise TimeoutError("the script never let this run end")

        return wait

    def let_end(self) -> None:
        """Let the oldest run that lasts come to its end."""
        self._gates.pop(0).set()

    # -- the end ---------------------------------------------------------------------------------

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *raised: object) -> None:
        """Whatever happened, nothing goes on afterwards."""
        self.only = frozenset()
        for gate in self._gates:
            gate.set()
        self.scheduler.shutdown()


class _Logger:
    """Keeps the errors; what is less is nobody's concern here."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def debug(self, msg: str, *args: object) -> None:
        """Dropped."""

    info = warn = debug

    def error(self, msg: str, *args: object) -> None:
        """Kept."""
        self._stage.errors_logged.append(msg)


class _Elector:
    def __init__(self, stage: Stage, answers: list[str]) -> None:
        self._stage = stage
        # The last answer holds.
        self._answers = answers

    def is_leader(self, ctx: gocron.Context) -> None:
        """The next answer."""
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        error = None if answer == "yes" else "not the leader"
        self._stage.record("is_leader", result=answer, error=error, ctx=state(ctx))
        if error:
            raise RuntimeError(error)


class _Locker:
    def __init__(self, stage: Stage, kind: str, refusals: int) -> None:
        self._stage = stage
        self._kind = kind
        self._refusals = refusals

    def lock(self, ctx: gocron.Context, key: str) -> Any:
        """A lock, once it has refused as often as it is to."""
        stage = self._stage
        shown = _key(stage, key)
        if self._refusals:
            self._refusals -= 1
            stage.record("lock", key=shown, locker=self._kind, result="error", error="taken", ctx=state(ctx))
            raise RuntimeError("taken")
        stage.record("lock", key=shown, locker=self._kind, result="ok", ctx=state(ctx))
        return None if stage.lock_gives_none else _Lock(stage, shown, self._kind)


@dataclass
class _Lock:
    stage: Stage
    key: str
    kind: str
    held: bool = True

    def unlock(self, ctx: gocron.Context) -> None:
        """Once only."""
        self.stage.check(self.held, "a lock is unlocked once")
        self.held = False
        error = "unlock failed" if self.stage.unlock_fails else None
        self.stage.record("unlock", key=self.key, locker=self.kind, error=error, ctx=state(ctx))
        if error:
            raise RuntimeError(error)


def _key(stage: Stage, key: str) -> str:
    unnamed = stage.jobs.get("")
    return "GO FUNCTION NAME" if unnamed is not None and key == unnamed.name() else key


class _Monitor:
    """Records under :attr:`source`. Times are those of the fake clock, which they must agree with."""

    source = "monitor"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def increment_job(self, job_id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        """Recorded."""
        self.check_job(job_id, name, tags)
        self.stage.record(f"{self.source}.increment_job", job=name, status=status.value)

    def record_job_timing(self, start: datetime, end: datetime, job_id: UUID, name: str, tags: list[str]) -> None:
        """Recorded."""
        self.check_job(job_id, name, tags)
        self.check_span(start, end)
        self.stage.record(f"{self.source}.record_job_timing", job=name)

    def check_job(self, job_id: UUID, name: str, tags: list[str]) -> None:
        """The three belong together."""
        self.stage.check(job_id == self.stage.ids.get(name), f"{self.source} gets the job's id")
        self.stage.check(self.stage.only is not None or tags == [_tag(name)], f"{self.source} gets the job's tags")

    def check_span(self, start: datetime, end: datetime) -> None:
        """The task ran within the span, and the clock is the scheduler's."""
        began, ended = self.stage.local.span
        holds = start <= began <= ended <= end <= self.stage.clock.now()
        self.stage.check(holds, f"{start} to {end} is when the task ran, {began} to {ended}")
        self.stage.local.took = end - start


class _MonitorStatus(_Monitor):
    source = "monitor_status"

    def record_job_timing_with_status(
        self,
        start: datetime,
        end: datetime,
        job_id: UUID,
        name: str,
        tags: list[str],
        status: gocron.JobStatus,
        error: Exception | None,
    ) -> None:
        """Recorded."""
        self.check_job(job_id, name, tags)
        self.check_span(start, end)
        shown = None if error is None else text(error)
        event = f"{self.source}.record_job_timing_with_status"
        self.stage.record(event, job=name, status=status.value, error=shown)


class _SchedulerMonitor:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def _record(self, event: str, job: gocron.Job | None = None, **fields: str) -> None:
        self._stage.record(f"scheduler_monitor.{event}", job=None if job is None else job.name(), **fields)

    def scheduler_started(self) -> None:
        """Recorded, as all here."""
        self._record("scheduler_started")

    def scheduler_stopped(self) -> None:
        """Recorded."""
        self._record("scheduler_stopped")

    def scheduler_shutdown(self) -> None:
        """Recorded."""
        self._record("scheduler_shutdown")

    def job_registered(self, job: gocron.Job) -> None:
        """Recorded."""
        self._stage.ids[job.name()] = job.id()
        self._record("job_registered", job)

    def job_unregistered(self, job: gocron.Job) -> None:
        """Recorded."""
        self._record("job_unregistered", job)

    def job_started(self, job: gocron.Job) -> None:
        """Recorded."""
        self._record("job_started", job)

    def job_running(self, job: gocron.Job) -> None:
        """Recorded."""
        self._record("job_running", job)

    def job_failed(self, job: gocron.Job, error: Exception) -> None:
        """Recorded."""
        self._record("job_failed", job, error=text(error))

    def job_completed(self, job: gocron.Job) -> None:
        """Recorded; by then the job knows of the end."""
        try:
            completed = job.last_run_completed_at()
        except gocron.ErrJobNotFound:  # it was removed in the run
            pass
        else:
            self._stage.check(completed is not None, "last_run_completed_at comes before job_completed")
        self._record("job_completed", job)

    def job_execution_time(self, job: gocron.Job, took: timedelta) -> None:
        """Recorded; it is what the monitor was told."""
        self._stage.check(took == self._stage.local.took, f"the execution time is the timing's, not {took}")
        self._record("job_execution_time", job)

    def job_scheduling_delay(self, job: gocron.Job, scheduled: datetime, actual: datetime) -> None:
        """Recorded with the time at which it was due; the other is now."""
        now = self._stage.clock.now()
        self._stage.check(actual <= now, f"the actual start {actual} is not after {now}")
        self._record("job_scheduling_delay", job, value=text(scheduled))

    def concurrency_limit_reached(self, limit: str, job: gocron.Job) -> None:
        """Recorded."""
        self._record("concurrency_limit_reached", job, value=limit)


def _tag(name: str) -> str:
    return f"tag of {name}"


_HEARD_AND_RAN = ("before_job_runs", "task_start")
_MODES = {"reschedule": gocron.LIMIT_MODE_RESCHEDULE, "wait": gocron.LIMIT_MODE_WAIT}
_REFUSALS = {True: 0, "fails at the first call": 1, "fails twice": 2}
_SKIPS = {"": 0, "error, then ok": 1, "error twice, then ok": 2}
