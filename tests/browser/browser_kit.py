"""What the browser's tests say: open, wait, read, press."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import axe_core_python
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

import gocron_py as gocron
from gocron_py.dashboard import DashboardServer
from gocron_py.testing import FakeClock
from tests.dashboard.web_kit import job_id

T = TypeVar("T")

# Pages ask ten times as often as otherwise: tests that wait for news are short.
_HURRY = "(() => { const later = window.setTimeout; window.setTimeout = (call, time) => later(call, time / 10); })()"

_AXE = os.environ.get("GOCRON_AXE") or Path(axe_core_python.__file__).parent / "axe.min.js"
"""The accessibility checker; GOCRON_AXE names another version's file."""

# The scheduler's clock stands still in the tests, so does the browser's: what is shown does not depend on the load.
_STILL = "(() => { const now = Date.now(); Date.now = () => now; })()"


@dataclass(frozen=True)
class Site:
    """A dashboard that is being served."""

    scheduler: gocron.Scheduler
    clock: FakeClock
    server: DashboardServer

    def url(self, path: str = "/") -> str:
        """The address of a page."""
        return self.server.url.rstrip("/") + path

    def job(self, name: str) -> str:
        """The path of a job's page."""
        return f"/jobs/{job_id(self.scheduler, name)}"

    @property
    def port(self) -> int:
        """Of the server."""
        return urlsplit(self.server.url).port or 0

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()


class Browser:
    """Chromium. Every wait has a limit of 30 s."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.command("Page.addScriptToEvaluateOnNewDocument", source=_HURRY)

    def command(self, name: str, **arguments: Any) -> Any:
        """One of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def reset(self) -> None:
        """As new: one blank window, wide and light, with scripts."""
        first, *others = self.driver.window_handles
        for handle in others:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)
        self.driver.get("about:blank")
        self.command("Emulation.setScriptExecutionDisabled", value=False)
        self.command("Page.setBypassCSP", enabled=False)
        self.look("light", 1280)
        self.logs()

    def look(self, theme: str, width: int, height: int = 800) -> None:
        """The theme and the width of the window."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def stand_still(self) -> Callable[[], Any]:
        """From the next page on its clock stands still. Gives what ends that."""
        script = self.command("Page.addScriptToEvaluateOnNewDocument", source=_STILL)["identifier"]
        return lambda: self.command("Page.removeScriptToEvaluateOnNewDocument", identifier=script)

    def open(self, url: str, polls: int = 1) -> None:
        """Open a page, and wait until it has asked for news so many times."""
        self.driver.get(url)
        if polls and self.find("#main[data-poll]"):
            self.wait(lambda: self.polls() >= polls)

    def polls(self) -> int:
        """How often this page has asked for news."""
        return int(self.run("return document.body.dataset.polls || 0"))

    def polled(self) -> None:
        """Wait until news that were asked for from now on have come."""
        before = self.polls()
        self.wait(lambda: self.polls() >= before + 2)

    def run(self, script: str, *arguments: Any) -> Any:
        """A script in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], T], seconds: float = 30) -> T:
        """Until *condition* gives something true, which is given back."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = condition()
            except StaleElementReferenceException:
                found = None  # type: ignore[assignment]
            if found:
                return found
            if time.monotonic() > end:
                raise TimeoutError(f"it has not come about; the page shows:\n{self.text()}")
            time.sleep(0.03)

    def find(self, selector: str) -> list[WebElement]:
        """The elements of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The only one."""
        (element,) = self.find(selector)
        return element

    def texts(self, selector: str) -> list[str]:
        """What the elements of a CSS selector show."""
        visible = "[...document.querySelectorAll(arguments[0])].filter(each => each.checkVisibility())"
        return list(self.run(f"return {visible}.map(each => each.innerText.trim())", selector))

    def text(self) -> str:
        """All that the page shows."""
        return str(self.run("return document.body.innerText"))

    def press(self, *keys: str) -> None:
        """Keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self) -> WebElement:
        """Where the focus is."""
        return self.driver.switch_to.active_element

    def picture(self, file: Path) -> bytes:
        """The whole page as a picture, at most 2,400 pixels high."""
        height = min(int(self.run("return document.documentElement.scrollHeight")), 2400)
        width = int(self.run("return innerWidth"))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))
        return file.read_bytes()

    def logs(self) -> list[str]:
        """What the browser has complained of since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def violations(self) -> list[str]:
        """What axe finds wrong with the page for people who cannot see, or use no mouse."""
        if not self.run("return typeof axe === 'object'"):
            self.run(Path(_AXE).read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
            "r => done(r.violations), e => done([{id: String(e), nodes: []}]))"
        )
        return [f"{each['id']}: {json.dumps([node['html'][:200] for node in each['nodes'][:3]])}" for each in found]
