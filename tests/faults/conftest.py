"""Fixtures of the tests of faults; after each of them no thread of a scheduler may be left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from fault_kit import NOW, Script

import gocron_py as gocron
from gocron_py.testing import FakeClock


def threads_of_schedulers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("gocron")}


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a test does to a scheduler, its threads end with it."""
    before = threads_of_schedulers()
    yield
    end = time.monotonic() + 5
    while left := threads_of_schedulers() - before:
        assert time.monotonic() < end, f"threads that do not end: {left}"
        time.sleep(0.002)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


MakeScheduler = Callable[..., gocron.Scheduler]


@pytest.fixture
def make_scheduler(clock: FakeClock) -> Iterator[MakeScheduler]:
    """Makes schedulers, on the fake clock unless ``real=True``; shuts them down at the end."""
    made: list[gocron.Scheduler] = []

    def make(*options: gocron.SchedulerOption, real: bool = False) -> gocron.Scheduler:
        clocks = () if real else (gocron.with_clock(clock),)
        scheduler = gocron.new_scheduler(*clocks, gocron.with_location("UTC"), *options)
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        with suppress(gocron.GocronError):
            scheduler.shutdown()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What tasks hang on until the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def run_script() -> Iterator[Callable[..., Script]]:
    """Starts programs; at the end none of them is left."""
    made: list[Script] = []

    def run(source: str, **environment: str) -> Script:
        made.append(Script(source, **environment))
        return made[-1]

    yield run
    for script in made:
        script.kill()
