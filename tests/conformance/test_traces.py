"""The order of calls: what gocron v2.22.0 calls in 56 scenarios, which calls, in which order, with what.

Where gocron_py mends a fault of the original, the test holds the mended order. It is derived from Go's
events by the transformation that stands beside the rule, in :data:`MENDED`; where several threads go on
at once, :data:`SIDE_BY_SIDE` says which events may mix with which. All else is Go's order to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import gocron_py as gocron
import pytest
from tracing import Event, Recorded, SideBySide, Stage, Step, Trace, difference, duration, flat, load, text

TRACES = load()

Events = list[Event]
Change = Callable[[Events], Events]

SECONDS = "2024-06-15T12:00:"

# -- transformations -----------------------------------------------------------------------------


def at(events: Sequence[Event], name: str, nth: int = 0) -> int:
    """Where the nth event called *name* stands."""
    return [index for index, event in enumerate(events) if event.name == name][nth]


def go(trace_id: str) -> Events:
    """The events of another trace."""
    return list(TRACES[trace_id].events)


def run(trace_id: str, tick: str) -> Events:
    """The first run of another trace that has one run, at another time."""
    events = go(trace_id)
    begin, end = at(events, "clock.advance", -1) + 1, at(events, "scheduler_monitor.job_execution_time") + 1
    return [event.but(value=tick) if event.name.endswith("delay") else event for event in events[begin:end]]


def in_turn(*changes: Change) -> Change:
    """One change after the other."""

    def change(events: Events) -> Events:
        for each in changes:
            events = each(events)
        return events

    return change


def value(name: str, was: str, becomes: str, key: str = "value") -> Change:
    """Every event called *name* (empty: all) that has one value gets another."""

    def change(events: Events) -> Events:
        found = [event for event in events if name in ("", event.name) and event.get(key) == was]
        assert found, f"no {name} with {key}={was}"
        return [event.but(**{key: becomes}) if event in found else event for event in events]

    return change


def without(*names: str) -> Change:
    """These events are not there."""

    def change(events: Events) -> Events:
        assert set(names) <= {event.name for event in events}
        return [event for event in events if event.name not in names]

    return change


def insert(new: Event | Events, before: str, nth: int = 0) -> Change:
    """There is more before one event."""

    def change(events: Events) -> Events:
        index = at(events, before, nth)
        return [*events[:index], *([new] if isinstance(new, Event) else new), *events[index:]]

    return change


def moved(name: str, after: str) -> Change:
    """The event *name* comes later, directly after the last *after*."""

    def change(events: Events) -> Events:
        event, events = events[at(events, name)], without(name)(events)
        index = at(events, after, -1) + 1
        return [*events[:index], event, *events[index:]]

    return change


def up_to(name: str, *more: Event, nth: int = 0) -> Change:
    """Go's events before *name*, and then others."""
    return lambda events: [*events[: at(events, name, nth)], *more]


def first_run_only(events: Events) -> Events:
    """All that is told of a run is told once."""
    of_run = {event.name for event in events[at(events, "scheduler_monitor.job_started") :]}
    of_run = {name for name in of_run if name.startswith(("scheduler_monitor.job_", "task_", "monitor"))}
    return [event for index, event in enumerate(events) if event.name not in of_run or at(events, event.name) == index]


def second_advance_dropped(events: Events) -> Events:
    """A placeholder that is never used."""
    return events


SHUTDOWN = [
    Event.of("call.shutdown"),
    Event.of("scheduler_monitor.scheduler_stopped"),
    Event.of("scheduler_monitor.scheduler_shutdown"),
    Event.of("return.shutdown"),
]
START = [Event.of("call.start"), Event.of("scheduler_monitor.scheduler_started"), Event.of("return.start")]
SHUTDOWN_TOLD = insert(Event.of("scheduler_monitor.scheduler_shutdown"), "return.shutdown")
UNLOCK_LIVE = value("unlock", "cancelled", "live", "ctx")
ALL_LIVE = value("", "cancelled", "live", "ctx")


def next_run(shown: str) -> Event:
    """The script asks for the next run."""
    return Event.of("observe.next_run", job="job-a", value=shown)


def advance(by: str) -> Event:
    """The script moves the clock."""
    return Event.of("clock.advance", by=by)


NO_LOCK = "ErrInvalidArgument: gocron: invalid argument\n_Locker.lock must return a Lock or raise"

NEXT_RUN = "next_run is the first tick after the last that is after now, whatever became of the last; never a past one"
OWN_TICK = "the scheduling delay of a scheduled run is told with its own tick"
LIVE_UNLOCK = "a lock is released with a live context, whatever became of the job's"
NO_CRASH = "nothing that a callback does ends the process"
SHUTDOWN_RULE = "shutdown tells the scheduler monitor, after stop_jobs and without a start too"
STOP_RULE = "the last run before the stop time has a live context; the job goes when that run is over"
MIDNIGHT = "gaps at midnight are stepped over rightly"

MENDED: dict[str, tuple[str, Change]] = {
    "panic_without_listener": (
        f"{NO_CRASH}: a panic without its listener is as one with it, but for the call",
        lambda _: without("after_job_runs_with_panic")(go("panic_with_listener")),
    ),
    "panic_in_before_listener": (
        f"{NO_CRASH}: a listener that panics is logged and the run goes on",
        lambda _: go("success_scheduler_locker"),
    ),
    "locker_returns_nil_lock": (
        "a lock that is None is a refused lock, for which the argument is invalid",
        in_turn(
            up_to("before_job_runs"),
            lambda events: [*events, *go("lock_error_scheduler")[at(go("lock_error_scheduler"), "after_lock_error") :]],
            up_to("clock.advance", *SHUTDOWN, nth=1),
            value("after_lock_error", "taken", NO_LOCK, "error"),
        ),
    ),
    "elector_not_leader": (
        f"{NEXT_RUN}; {OWN_TICK}",
        in_turn(
            value("observe.next_run", f"{SECONDS}01Z", f"{SECONDS}02Z"),
            value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}01Z", f"{SECONDS}02Z"),
        ),
    ),
    "elector_leader_with_locker": (
        "with an elector and a locker both are asked, the elector first",
        lambda events: insert(events[at(events, "is_leader")], "lock")(go("success_job_locker")),
    ),
    "elector_disabled_locker": (
        "with_disabled_distributed_job_locker takes the job out of the election too: it runs",
        in_turn(
            without("is_leader", "monitor.increment_job"),
            insert(run("success", f"{SECONDS}01Z"), "call.shutdown"),
        ),
    ),
    "limited_runs_overlap": (
        "with_limited_runs(n) never starts more than n runs; the last sets last_run",
        in_turn(first_run_only, value("observe.last_run", "zero time", f"{SECONDS}01Z")),
    ),
    "singleton_reschedule": (
        f"{NEXT_RUN}; {OWN_TICK}",
        in_turn(
            value("observe.next_run", f"{SECONDS}02Z", f"{SECONDS}04Z"),
            value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}02Z", f"{SECONDS}04Z"),
        ),
    ),
    "singleton_wait": (
        f"{NEXT_RUN}; {OWN_TICK}",
        in_turn(
            value("observe.next_run", f"{SECONDS}02Z", f"{SECONDS}04Z"),
            value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}04Z", f"{SECONDS}03Z"),
        ),
    ),
    "limit_reschedule": (
        f"{NEXT_RUN}; {OWN_TICK}",
        in_turn(
            value("observe.next_run", f"{SECONDS}01.5Z", f"{SECONDS}03Z"),
            value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}01.5Z", f"{SECONDS}03Z"),
        ),
    ),
    "limit_reschedule_singleton": (
        f"{NEXT_RUN}; {OWN_TICK}",
        in_turn(
            value("observe.next_run", f"{SECONDS}02Z", f"{SECONDS}03Z"),
            value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}02Z", f"{SECONDS}03Z"),
        ),
    ),
    "overlap": (
        "is_running is true as long as any run executes",
        lambda events: [
            event.but(value="true") if index == at(events, "observe.is_running", 1) else event
            for index, event in enumerate(events)
        ],
    ),
    "stop_then_start": (
        f"{NEXT_RUN}; {OWN_TICK}",
        lambda events: [
            *events[: at(events, "call.start", 1)],
            *in_turn(
                value("observe.next_run", f"{SECONDS}02Z", f"{SECONDS}07Z"),
                value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}02Z", f"{SECONDS}07Z"),
            )(events[at(events, "call.start", 1) :]),
        ],
    ),
    "stop_then_start_on_tick": (
        OWN_TICK,
        value("scheduler_monitor.job_scheduling_delay", f"{SECONDS}02Z", f"{SECONDS}06Z"),
    ),
    "stop_while_running": (f"{LIVE_UNLOCK}; {SHUTDOWN_RULE}", in_turn(UNLOCK_LIVE, SHUTDOWN_TOLD)),
    "shutdown_while_running": (LIVE_UNLOCK, UNLOCK_LIVE),
    "shutdown_in_task": (
        "shutdown in a task does not wait for the run that calls it: no time-out, no error",
        lambda events: [event.but(error=None) if event.name.startswith("return.shutdown") else event for event in events],
    ),
    "stop_at": (
        f"{STOP_RULE}; {LIVE_UNLOCK}",
        in_turn(ALL_LIVE, moved("scheduler_monitor.job_unregistered", after="unlock")),
    ),
    "stop_at_on_tick": (
        STOP_RULE,
        in_turn(ALL_LIVE, moved("scheduler_monitor.job_unregistered", after="scheduler_monitor.job_execution_time")),
    ),
    "big_advance": (
        "advance walks: each tick on the way happens at its own time, in order",
        in_turn(
            *[
                insert(run("new_job_after_start", f"{SECONDS}{second:02}Z"), "observe.next_run")
                for second in range(2, 11)
            ],
        ),
    ),
    "remove_in_task": (LIVE_UNLOCK, UNLOCK_LIVE),
    "update": (
        "update keeps the job's history: last_run stays",
        value("observe.last_run", "zero time", f"{SECONDS}01Z"),
    ),
    "context_cancelled": (
        "a job whose context has ended never runs again: it has no next run",
        value("observe.next_run", f"{SECONDS}02Z", "zero time"),
    ),
    "listeners_last_wins": (
        "all listeners of one kind run, in the order given, the global ones first",
        in_turn(
            insert(Event.of("before_job_runs (first)", job="job-a"), "before_job_runs (second)"),
            insert(Event.of("after_job_runs (global)", job="job-a"), "after_job_runs (job)"),
        ),
    ),
    "is_running": (
        "last_run_completed_at is on the scheduler's clock",
        value("observe.last_run_completed_at", "a time of the real clock", f"{SECONDS}01.4Z"),
    ),
    "silent_end_midnight_gap": (
        f"{MIDNIGHT}: the job runs on, at 08:00 of its own zone",
        in_turn(
            value("observe.next_run", "zero time", "2017-10-15T08:00:00-02:00"),
            insert(run("success", "2017-10-15T08:00:00-02:00"), "clock.advance", nth=2),
            insert(run("success", "2017-10-16T08:00:00-02:00"), "observe.jobs_count"),
        ),
    ),
    "stuck_same_time": (
        f"{MIDNIGHT}: the run goes its way and the next is at 23:00 of the next day, which runs as well",
        lambda events: [
            *events[: at(events, "before_job_runs")],
            *run("success", "2017-10-14T23:00:00-03:00"),
            next_run("2017-10-15T23:00:00-02:00"),
            advance("23h0m0s"),
            *run("success", "2017-10-15T23:00:00-02:00"),
            next_run("2017-10-16T23:00:00-02:00"),
            *SHUTDOWN,
        ],
    ),
    "stuck_one_time_two_zones": (
        "one instant in two zones is one: it runs once and there is no next run",
        lambda events: [
            *events[: at(events, "before_job_runs")],
            *run("success", f"{SECONDS}01Z"),
            next_run("zero time"),
            advance("24h0m0s"),
            *SHUTDOWN,
        ],
    ),
    "stuck_run_now_after_stop": (
        f"run_now on a stopped scheduler fails and leaves it well: a start and a run follow; {SHUTDOWN_RULE}",
        up_to(
            "observe.next_run",
            next_run(f"{SECONDS}01Z"),
            *START,
            advance("1s"),
            *run("new_job_after_start", f"{SECONDS}01Z"),
            *SHUTDOWN,
        ),
    ),
    "stuck_run_now_before_start": (
        f"run_now before the start fails and leaves the scheduler well: a start and a run follow; {SHUTDOWN_RULE}",
        up_to(
            "observe.next_run",
            next_run("zero time"),
            *START,
            advance("1s"),
            *run("new_job_after_start", f"{SECONDS}01Z"),
            *SHUTDOWN,
        ),
    ),
}


def lanes(begin: int, end: int, *aside: str) -> Callable[[Events], list[Step]]:
    """From event *begin* up to *end* those called *aside* are one thread's, the others another's."""

    def split(events: Events) -> list[Step]:
        stretch = events[begin:end]
        mine = tuple(event for event in stretch if event.name in aside)
        theirs = tuple(event for event in stretch if event.name not in aside)
        assert mine
        return [*events[:begin], SideBySide((mine, theirs)), *events[end:]]

    return split
