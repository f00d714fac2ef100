"""The order of calls: what gocron v2.22.0 calls in 56 scenarios, which calls, in which order, with what.

Where gocron_py mends a fault of the original, the test holds the mended order. It is derived from Go's
events by the transformation that stands beside the rule, in :data:`MENDED`; where several threads go on
at once, :data:`SIDE_BY_SIDE` says which events may mix with which. All else is Go's order to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from tracing import Event, Recorded, SideBySide, Stage, Step, Trace, difference, duration, flat, load, text

import gocron_py as gocron

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
        lambda events: [
            event.but(error=None) if event.name.startswith("return.shutdown") else event for event in events
        ],
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


# -- several threads -----------------------------------------------------------------------------


def lanes(events: Events, begin: int, end: int, *aside: str) -> list[Step]:
    """From event *begin* up to *end* those called *aside* are one thread's, the others another's."""
    stretch = events[begin:end]
    mine = tuple(event for event in stretch if event.name in aside)
    theirs = tuple(event for event in stretch if event.name not in aside)
    assert mine
    assert theirs
    return [*events[:begin], SideBySide((theirs, mine)), *events[end:]]


def start_beside_run(events: Events) -> list[Step]:
    """The (last) start goes on beside the run that it sets off."""
    begin, end = at(events, "call.start", -1) + 1, at(events, "observe.next_run", -1)
    return lanes(events, begin, end, "scheduler_monitor.scheduler_started", "return.start")


def run_now_beside_run(after: str) -> Callable[[Events], list[Step]]:
    """run_now returns beside the run that it hands over, which comes after the event *after*."""
    return lambda events: lanes(events, at(events, after) + 1, at(events, "return.run_now") + 1, "return.run_now")


def runs_side_by_side(events: Events) -> list[Step]:
    """Ten runs, each on a worker of its own."""
    begin, end = at(events, "clock.advance") + 1, at(events, "observe.next_run")
    size = (end - begin) // 10
    runs = [tuple(events[index : index + size]) for index in range(begin, end, size)]
    return [*events[:begin], SideBySide(tuple(runs)), *events[end:]]


SIDE_BY_SIDE: dict[str, Callable[[Events], list[Step]]] = {
    "start_immediately": start_beside_run,
    "stop_then_start_on_tick": start_beside_run,
    "run_now": run_now_beside_run("call.run_now"),
    "run_now_limited": run_now_beside_run("return.start"),
    "run_now_singleton_busy": run_now_beside_run("task_start"),
    "run_now_in_task": run_now_beside_run("task_start"),
    "big_advance": runs_side_by_side,
}


def mended(trace: Trace) -> Events:
    """What is to happen, in one order that is right."""
    _, change = MENDED.get(trace.id, ("", list))
    return change(list(trace.events))


def expected(trace: Trace) -> Sequence[Step]:
    """What is to happen."""
    return SIDE_BY_SIDE.get(trace.id, list)(mended(trace))


# -- scripts: what the events do not say of themselves -------------------------------------------

UNREGISTERED = "scheduler_monitor.job_unregistered"


def job_with(body: Callable[[Stage, gocron.Context], object]) -> Callable[[Stage], None]:
    """The task does more than start and end."""

    def script(stage: Stage) -> None:
        stage.play(before="scheduler_monitor.job_registered")
        stage.add("job-a", body=lambda ctx: body(stage, ctx))
        stage.play()

    return script


def fail(stage: Stage, ctx: gocron.Context) -> None:
    """An error."""
    raise RuntimeError("boom")


def panic(stage: Stage, ctx: gocron.Context) -> None:
    """A panic."""
    gocron.panic("boom")


def last_until_cancelled(stage: Stage, ctx: gocron.Context) -> None:
    """A task that ends well when it is told to."""
    ctx.wait(5)


def return_why_cancelled(stage: Stage, ctx: gocron.Context) -> Exception | None:
    """A task that says why it ended, as Go's do."""
    ctx.wait(5)
    return ctx.err()


def shut_down(stage: Stage, ctx: gocron.Context) -> None:
    """Shutdown, in a task."""
    stage.returned("shutdown_in_task", stage.scheduler.shutdown)


def remove_itself(stage: Stage, ctx: gocron.Context) -> None:
    """RemoveJob, in the job's own task."""
    stage.returned("remove_job", lambda: stage.scheduler.remove_job(stage.ids["job-a"]), "job-a")


def run_itself(stage: Stage, ctx: gocron.Context) -> None:
    """RunNow, in the job's own task: the first run waits for the second."""
    if sum(each.event.name == "task_start" for each in stage.recorded) == 1:
        run_now(stage)
        stage.wait_for(1, "scheduler_monitor.job_execution_time")


def run_now(stage: Stage) -> None:
    """RunNow, where the trace has its return alone."""
    stage.returned("run_now", stage.jobs["job-a"].run_now, "job-a")


def run_now_before(event: str) -> Callable[[Stage], None]:
    """RunNow when the next event is to be this one."""

    def script(stage: Stage) -> None:
        stage.play(before=event)
        run_now(stage)
        stage.play()

    return script


def locker_gives_none(stage: Stage) -> None:
    """The locker returns neither a lock nor an error."""
    stage.lock_gives_none = True
    stage.play()


def unlock_fails(stage: Stage) -> None:
    """The lock's release raises."""
    stage.unlock_fails = True
    stage.play()


def before_panics(stage: Stage) -> None:
    """A listener that panics, beside the one that records."""
    stage.add("job-a", gocron.with_event_listeners(gocron.before_job_runs(lambda *_: gocron.panic("hook boom"))))
    stage.play()


def remove_when_it_has_run(stage: Stage) -> None:
    """job-a is removed after its run."""
    stage.play(before=UNREGISTERED)
    stage.scheduler.remove_job(stage.ids["job-a"])
    stage.play()


def remove_both(stage: Stage) -> None:
    """job-a by its id, job-b by its tag."""
    stage.play(before=UNREGISTERED)
    stage.scheduler.remove_job(stage.ids["job-a"])
    stage.scheduler.remove_by_tags("no job's", *stage.jobs["job-b"].tags())
    stage.play()


def update(stage: Stage) -> None:
    """Every 3 s, another task, another name; between two runs."""
    stage.play(before=UNREGISTERED)
    is_same = stage.update("job-a", "job-b", gocron.duration_job(timedelta(seconds=3)))
    stage.record("return.update", job="job-b", value=f"same id: {text(is_same)}")
    stage.play()


def update_while_running(stage: Stage) -> None:
    """The same during a run."""
    stage.play(before=UNREGISTERED)
    assert stage.update("job-a", "job-b", gocron.duration_job(timedelta(seconds=3)))
    stage.record("return.update", job="job-b")
    stage.play()


def cancel_context(stage: Stage) -> None:
    """The context is cancelled after the first run."""
    ctx, cancel = gocron.context.with_cancel(gocron.context.background())
    stage.add("job-a", gocron.with_context(ctx))
    stage.play(before="task_end")
    stage.play(before="clock.advance")
    cancel()
    stage.play()


def two_listeners(stage: Stage) -> None:
    """Two listeners of a kind, one of them given to all jobs."""
    first = gocron.before_job_runs(stage.listener("before_job_runs (first)"))
    second = gocron.before_job_runs(stage.listener("before_job_runs (second)"))
    own = gocron.after_job_runs(stage.listener("after_job_runs (job)"))
    stage.add("job-a", gocron.with_event_listeners(first, second, own))
    stage.play()


def default_name(stage: Stage) -> None:
    """A job that was given no name."""
    job = stage.add()
    assert job.name() == "tracing.Stage._task.<locals>.task"
    stage.scheduler.start()
    stage.advance("1s")
    stage.scheduler.shutdown()


SCRIPTS: dict[str, Callable[[Stage], None]] = {
    "default_name_key": default_name,
    "task_error": job_with(fail),
    "panic_with_listener": job_with(panic),
    "panic_without_listener": job_with(panic),
    "panic_in_before_listener": before_panics,
    "locker_returns_nil_lock": locker_gives_none,
    "unlock_error": unlock_fails,
    "limit_reschedule": remove_when_it_has_run,
    "stop_while_running": job_with(return_why_cancelled),
    "shutdown_while_running": job_with(last_until_cancelled),
    "shutdown_in_task": job_with(shut_down),
    "run_now_limited": run_now_before("scheduler_monitor.job_started"),
    "run_now_singleton_busy": run_now_before("monitor.increment_job"),
    "run_now_in_task": job_with(run_itself),
    "remove_in_task": job_with(remove_itself),
    "remove_between_runs": remove_both,
    "update": update,
    "update_while_running": update_while_running,
    "context_cancelled": cancel_context,
    "listeners_last_wins": two_listeners,
    "stuck_run_now_before_start": run_now_before("return.run_now"),
    "stuck_run_now_after_stop": run_now_before("return.run_now"),
}

# What is logged as an error; elsewhere nothing is.
LOGGED = {
    "panic_in_before_listener": ["gocron: listener before_job_runs raised"],
    "unlock_error": ["gocron: Lock.unlock raised"],
}


def options_of(stage: list[Stage], trace: Trace) -> list[gocron.SchedulerOption]:
    """Options of the scheduler that no parameter says."""
    if trace.id != "listeners_last_wins":
        return []

    def listen(*args: object) -> None:
        stage[0].listener("after_job_runs (global)")(*args)

    return [gocron.with_global_job_options(gocron.with_event_listeners(gocron.after_job_runs(listen)))]


# -- tests ---------------------------------------------------------------------------------------


def perform(trace: Trace, steps: Sequence[Step], *options: gocron.SchedulerOption) -> None:
    """Play a trace, and compare."""
    stages: list[Stage] = []
    only = {event.name for event in trace.events} if trace.id == "default_name_key" else None
    with Stage(trace, steps, *options_of(stages, trace), *options, only=only) as stage:
        stages.append(stage)
        SCRIPTS.get(trace.id, Stage.play)(stage)
        if differs := difference(steps, stage.recorded):
            pytest.fail(differs, pytrace=False)
        assert not stage.faults
        assert stage.errors_logged == LOGGED.get(trace.id, [])


@pytest.mark.parametrize("trace", [pytest.param(trace, id=name) for name, trace in TRACES.items()])
def test_trace(trace: Trace) -> None:
    """The calls are Go's, in Go's order, but where the tables above say otherwise."""
    perform(trace, expected(trace))


def test_one_worker() -> None:
    """On one worker ten runs that fall due in one advance go one after the other, in order."""
    trace = TRACES["big_advance"]
    perform(trace, mended(trace), gocron.with_max_workers(1))


def test_all_traces_are_there() -> None:
    """56 scenarios, and no table names another."""
    assert len(TRACES) == 56
    assert TRACES.keys() >= MENDED.keys() | SIDE_BY_SIDE.keys() | SCRIPTS.keys() | LOGGED.keys()


@pytest.mark.parametrize("trace_id", MENDED)
def test_mended(trace_id: str) -> None:
    """What is called mended is not what Go did."""
    rule, _ = MENDED[trace_id]
    assert rule
    assert mended(TRACES[trace_id]) != list(TRACES[trace_id].events)


@pytest.mark.parametrize("trace_id", [name for name, trace in TRACES.items() if trace.alternatives])
def test_alternatives(trace_id: str) -> None:
    """Every other order that Go was seen to take passes the comparison."""
    trace = TRACES[trace_id]
    script = ("scheduler_monitor.scheduler_started", "return.start")
    for events in trace.alternatives:
        recorded = [Recorded(event, int(event.name in script)) for event in events]
        assert not difference(expected(trace), recorded)


def test_comparison() -> None:
    """The comparison sees a lane out of order, an event on a wrong thread, one missing, one too many."""
    a, b, c, d = (Event.of(name) for name in "abcd")
    steps: list[Step] = [a, SideBySide(((b, c), (d,)))]
    good = [Recorded(a, 1), Recorded(b, 1), Recorded(d, 2), Recorded(c, 1)]
    assert not difference(steps, good)
    assert flat(steps) == [a, b, c, d]
    assert "different from event 2" in difference(steps, [good[0], good[3], good[2], good[1]])
    assert "different from event 2" in difference(steps, [*good[:3], Recorded(c, 2)])
    assert "different from event 2" in difference(steps, good[:3])
    assert "different from event 5" in difference(steps, [*good, Recorded(a, 1)])
    assert "different from event 1" in difference(steps, [Recorded(Event.of("a", ctx="live"), 1), *good[1:]])


def test_shutdown_of_a_scheduler_never_started() -> None:
    """It stops and is shut down, and the monitor hears of both."""
    trace = TRACES["success"]
    steps = [*trace.events[: at(trace.events, "call.start")], *SHUTDOWN]
    perform(trace, steps)


def test_durations() -> None:
    """Go's way to write them."""
    assert duration("1h0m0s") == timedelta(hours=1)
    assert duration("5.5s") == timedelta(seconds=5.5)
    assert duration("300ms") == timedelta(milliseconds=300)
