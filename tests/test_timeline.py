"""The heap of what is due next, against a plain list."""

from __future__ import annotations

import uuid
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.instant import SECOND
from gocron_py.job import JobRecord, JobSettings, JobSpec
from gocron_py.schedules.wall_time import load_location
from gocron_py.timeline import Timeline


def record(definition: gocron.JobDefinition | None = None) -> JobRecord:
    spec = JobSpec(gocron.new_task(print), "job", JobSettings())
    setup = Setup(location=load_location("UTC"), now=0)
    spec.schedule = (definition or gocron.duration_job(timedelta(seconds=1))).build(setup)
    return JobRecord(uuid.uuid4(), spec)


def test_earliest_first_and_in_the_order_entered() -> None:
    """Ticks come by time; those of one time in the order in which they were entered."""
    timeline, records = Timeline(), [record() for _ in range(4)]
    for due, job in zip((30, 10, 20, 10), records, strict=True):
        timeline.add(due, job)
    assert timeline.take(30, 10) == [(10, records[1]), (10, records[3]), (20, records[2]), (30, records[0])]


def test_add_tells_when_the_earliest_tick_has_changed() -> None:
    """The executor is woken only for a tick before all others."""
    timeline = Timeline()
    assert timeline.add(20, record()) is True
    assert timeline.add(30, record()) is False
    assert timeline.add(10, record()) is True


def test_a_job_has_one_tick() -> None:
    """A second tick replaces the first, wherever that stands in the heap."""
    timeline, job = Timeline(), record()
    timeline.add(10, job)
    timeline.add(20, job)
    assert len(timeline) == 1
    assert timeline.take(15, 10) == []
    assert timeline.take(20, 10) == [(20, job)]


def test_a_discarded_tick_never_surfaces() -> None:
    """A removed job's entry is stale: it is neither due nor the earliest."""
    timeline, job, other = Timeline(), record(), record()
    timeline.add(10, job)
    timeline.add(20, other)
    timeline.discard(job)
    assert timeline.earliest() == 20
    assert timeline.take(100, 10) == [(20, other)]


def test_stale_entries_do_not_pile_up() -> None:
    """A job that is entered a million times over leaves a heap of a few entries."""
    timeline, job = Timeline(), record()
    for due in range(100_000):
        timeline.add(due + 10**12, job)
    assert len(timeline._heap) < 200


def test_moving_the_clock_moves_intervals_only() -> None:
    """When the wall clock is set an hour back, an interval goes on, a time of day stays where it was."""
    timeline, interval = Timeline(), record()
    daily = record(gocron.daily_job(1, gocron.new_at_times(gocron.new_at_time(12, 0, 0))))
    timeline.add(100 * SECOND, interval)
    timeline.add(50 * SECOND, daily)
    timeline.move(-80 * SECOND)
    assert timeline.take(10**12, 10) == [(20 * SECOND, interval), (50 * SECOND, daily)]


@given(st.lists(st.tuples(st.sampled_from("adt"), st.integers(0, 9), st.integers(0, 50)), max_size=80))
def test_any_history_matches_a_list(history: list[tuple[str, int, int]]) -> None:
    """Entering, discarding and taking in any order gives what a list that is searched gives."""
    timeline, records = Timeline(), [record() for _ in range(10)]
    model: dict[int, tuple[int, int]] = {}
    for step, (what, which, when) in enumerate(history):
        if what == "a":
            timeline.add(when, records[which])
            model[which] = (when, step)
        elif what == "d":
            timeline.discard(records[which])
            model.pop(which, None)
        else:
            due = sorted((key for key in model if model[key][0] <= when), key=lambda key: model[key])
            assert timeline.take(when, 100) == [(model.pop(key)[0], records[key]) for key in due]
        assert len(timeline) == len(model)
        assert timeline.earliest() == min((when for when, _ in model.values()), default=None)
