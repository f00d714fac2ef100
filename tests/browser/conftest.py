"""One Chromium for all tests of this directory. Where it is missing they are skipped, but in CI they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.testing import FakeClock
from tests.browser.browser_kit import Browser, Site
from tests.dashboard.web_kit import allow, shop

FLAGS = """
    --headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --hide-scrollbars --force-color-profile=srgb --lang=en
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser, with a profile of its own."""
    programs = [shutil.which("chromium"), shutil.which("chromedriver")]
    if None in programs:
        why = "chromium and chromedriver are needed (Debian: apt install chromium chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(programs[1])))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture
def site(browser: Browser) -> Iterator[Site]:
    """A shop with its dashboard, everything switched on, for one test."""
    with shop() as (scheduler, clock), served(scheduler, clock) as site:
        browser.reset()
        yield site


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: GOCRON_SCREENSHOTS, which CI keeps."""
    named = os.environ.get("GOCRON_SCREENSHOTS")
    if named is None:
        return tmp_path_factory.mktemp("screenshots")
    Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named)


def served(scheduler: gocron.Scheduler, clock: FakeClock) -> Site:
    """A scheduler's dashboard on a free port of the loopback."""
    server = dashboard.serve(scheduler, ":0", actions=True, authorize=allow, title="shop")
    return Site(scheduler, clock, server)
