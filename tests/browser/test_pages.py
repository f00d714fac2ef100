"""Every page in a real browser: both themes, two widths, without complaints, and the same with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.instant import instant_of
from gocron_py.testing import FakeClock, wait_for_runs
from tests.browser.browser_kit import Browser, Site
from tests.browser.conftest import served
from tests.dashboard.web_kit import Silent, fail, shop, wait_until

pytestmark = pytest.mark.slow

PAGES = ["overview", "jobs", "job", "timeline", "events", "instances", "problem"]


def path_of(site: Site, page: str) -> str:
    """Where a page is."""
    named = {"overview": "/", "job": site.job("sync stock"), "problem": "/nothing"}
    return named.get(page, f"/{page}")


@pytest.fixture(scope="module")
def shared() -> Iterator[Site]:
    """A shop with a job that instances share, so that every page has something to show."""
    locker = MemoryTickLocker()
    with shop() as (scheduler, clock), served(scheduler, clock) as site:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(hours=1)),
            gocron.new_task(int),
            gocron.with_name("shared"),
            gocron.with_distributed_job_locker(locker),
        )
        job.run_now()
        wait_for_runs(scheduler)
        wait_until(locker.instances)
        wait_until(lambda: locker.instances()[0].runs)
        yield site
    locker.close()


@pytest.mark.parametrize("page", PAGES)
def test_looks(page: str, shared: Site, browser: Browser, pictures: Path) -> None:
    """Both themes, 360 and 1280 pixels: nothing is wider than the page, and axe and the console do not complain."""
    browser.reset()
    browser.command("Page.setBypassCSP", enabled=True)  # axe makes functions of texts
    browser.open(shared.url(path_of(shared, page)))
    backgrounds = {}
    for theme in ("light", "dark"):
        for width in (360, 1280):
            browser.look(theme, width)
            backgrounds[theme] = browser.run("return getComputedStyle(document.body).backgroundColor")
            assert browser.run("return document.documentElement.scrollWidth") <= width
            if (theme, width) in (("light", 360), ("dark", 1280)):  # each theme and each width
                assert [] == browser.violations(), (theme, width)
            assert browser.picture(pictures / f"{page}-{width}-{theme}.png").startswith(b"\x89PNG")
    complaints = [line for line in browser.logs() if "404" not in line or page != "problem"]

    assert backgrounds["light"] != backgrounds["dark"]
    assert [] == complaints


@pytest.mark.parametrize("page", PAGES[:-1])
def test_script_and_server_agree(page: str, shared: Site, browser: Browser) -> None:
    """What the script writes is what the server has drawn: each text and attribute, the pictures too."""
    browser.reset()
    agree(browser, shared.url(path_of(shared, page)))


def test_odd_values(browser: Browser) -> None:
    """So do they of odd durations, distances, names and errors."""
    clock = FakeClock(datetime(2026, 5, 4, 22, 30, tzinfo=UTC))
    spans = [
        0.0,
        0.0004,
        0.0005,
        0.0125,
        0.9994,
        0.9995,
        1.25,
        1.35,
        9.95,
        59.94,
        59.95,
        60,
        3599.4,
        3599.5,
        86399,
        200000,
    ]
    options = gocron.with_clock(clock), gocron.with_location("Asia/Kathmandu"), gocron.with_logger(Silent())
    with gocron.new_scheduler(*options) as scheduler, served(scheduler, clock) as site:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(days=2, hours=3)),
            gocron.new_task(fail, "x" * 119 + "\N{CLOCK FACE ONE OCLOCK}" * 3 + "\nmore"),
            gocron.with_name("odd \N{RIGHT-TO-LEFT OVERRIDE} \x07 \N{CLOCK FACE ONE OCLOCK}"),
            gocron.with_tags("a b", "ä&<>\"'", ""),
        )
        job.run_now()
        wait_for_runs(scheduler)
        now = instant_of(clock.now(), UTC)
        for span in spans:
            begin = now - round(span * 1_000_000)
            job._record.remember((begin - 1234, begin, now, "success", None, 1, None, None))
        browser.reset()
        for path in ("/", "/jobs", site.job(job.name()), "/events", "/timeline"):
            agree(browser, site.url(path))


def agree(browser: Browser, url: str) -> None:
    """Compare what the server draws with what the script writes."""
    move_on = browser.stand_still()
    try:
        for _ in range(5):
            drawn = inside(browser, url, scripts=False)
            written = inside(browser, url, scripts=True)
            if drawn == written:  # else there may have been news between the two
                break
    finally:
        move_on()
    assert drawn == written


def inside(browser: Browser, url: str, scripts: bool) -> str:
    """The elements of a page, as the server draws them, or the script after its first answer."""
    browser.command("Emulation.setScriptExecutionDisabled", value=not scripts)
    browser.open(url, polls=scripts)
    html = str(browser.run("return document.getElementById('main').outerHTML"))
    # Without what only the script knows (the browser's zone), and what it switches on.
    return re.sub(r" · [^\"]* here\"", '"', html).replace(' disabled=""', "")
