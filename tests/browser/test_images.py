"""The pictures in the documentation: made here, and not older than what they show."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from uuid import UUID

import pytest

import gocron_py as gocron
from gocron_py.instant import instant_of
from gocron_py.testing import FakeClock
from tests.browser.browser_kit import Browser, Site
from tests.browser.conftest import served
from tests.dashboard.web_kit import Silent

pytestmark = pytest.mark.slow

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"

MINUTE = 60_000_000  # in microseconds

# What differs from machine to machine, and from release to release.
_SAME_EVERYWHERE = """
    const texts = {"scheduler.pid|text": "4711", "scheduler.host|text": "web-1", "scheduler.version|text": "1.0"};
    for (const [bound, text] of Object.entries(texts))
      for (const node of document.querySelectorAll(`[data-text="${bound}"]`)) node.textContent = text;
"""


NOON = datetime(2026, 5, 4, 10, 0, 20, tzinfo=UTC)


def with_a_past(job: gocron.Job, took: float, error: str = "") -> gocron.Job:
    """Give a job the runs of the last 70 minutes. They took time, as none does while a clock stands still."""
    now, record = instant_of(NOON, UTC), job._record
    tick = record.spec.schedule.next(now - 70 * MINUTE)
    place = 0
    while tick is not None and tick < now:
        begin = tick + 3000 + 997 * (place % 7)
        end = begin + round(took * (1 + place % 5 / 9) * 1_000_000)
        outcome, text = ("fail", error) if error and place % 3 == 0 else ("success", None)
        if end < now:
            record.remember((tick, begin, end, outcome, text, 1, None, None))
            record.started, record.completed = begin, end
        tick = record.spec.schedule.next(tick)
        place += 1
    return job


@pytest.fixture(scope="module")
def shop_at_noon() -> Iterator[Site]:
    """Jobs with a morning behind them: fast ones, slow ones, one that fails now and then, one that runs."""
    clock, gate, running = FakeClock(NOON), threading.Event(), threading.Event()

    def rebuild() -> None:
        running.set()
        gate.wait(60)

    numbers = iter(range(1, 100))

    def add(name: str, definition: gocron.JobDefinition, task: gocron.Task, *tags: str) -> gocron.Job:
        identifier = gocron.with_identifier(UUID(int=next(numbers)))
        return scheduler.new_job(definition, task, gocron.with_name(name), gocron.with_tags(*tags), identifier)

    options = gocron.with_clock(clock), gocron.with_location("Europe/Berlin"), gocron.with_logger(Silent())
    nothing, cron = gocron.new_task(int), gocron.cron_job
    with gocron.new_scheduler(*options) as scheduler:
        with_a_past(add("mail queue", cron("*/5 * * * *"), nothing, "mail"), 12.5)
        with_a_past(
            add("sync stock", cron("2-59/10 * * * *"), nothing, "shop"), 95, "ConnectionError: erp:8443 refused"
        )
        with_a_past(add("prices", cron("*/15 8-18 * * 1-5"), nothing, "shop"), 240)
        with_a_past(add("clean sessions", cron("25,55 * * * *"), nothing, "web"), 1.2)
        add("nightly report", cron("30 2 * * 1-5"), nothing, "reports")
        add("invoices", gocron.monthly_job(1, [-1], [time(9)]), nothing, "billing")
        index = with_a_past(add("search index", cron("40 * * * *"), gocron.new_task(rebuild), "search"), 900)
        try:
            index.run_now()
            assert running.wait(30)
            index._record.started = instant_of(NOON, UTC) - 3 * MINUTE
            with served(scheduler, clock) as site:
                yield site
        finally:
            gate.set()


@pytest.mark.parametrize(("name", "path", "theme"), [("overview", "/", "light"), ("timeline", "/timeline", "dark")])
def test_pictures_of_the_documentation(
    name: str, path: str, theme: str, shop_at_noon: Site, browser: Browser, pictures: Path
) -> None:
    """A picture shows what its page shows today; GOCRON_WRITE_IMAGES=1 makes it anew.

    Its text is kept beside it: fonts differ from machine to machine, words do not.
    """
    browser.reset()
    browser.look(theme, 960, 300)
    move_on = browser.stand_still()
    try:
        browser.open(shop_at_noon.url(path))
        browser.run(_SAME_EVERYWHERE)
        text = browser.text() + "\n"
        picture = browser.picture(pictures / f"documentation-{name}.png")
    finally:
        move_on()
    if os.environ.get("GOCRON_WRITE_IMAGES"):
        (IMAGES / f"{name}.png").write_bytes(picture)
        (IMAGES / f"{name}.txt").write_text(text)

    assert (IMAGES / f"{name}.txt").read_text() == text, "make images"
    assert (IMAGES / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert sum(file.stat().st_size for file in IMAGES.iterdir()) < 150_000
