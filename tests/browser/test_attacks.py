"""What others try: names that are scripts, and pages of other sites that act in the name of who looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from selenium.common.exceptions import JavascriptException

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs
from tests.browser.browser_kit import Browser, Site
from tests.browser.conftest import served
from tests.dashboard.web_kit import HOSTILE, Silent, fail

pytestmark = pytest.mark.slow


# -- hostile texts -----------------------------------------------------------------------------------------

_STRANGE = "script:not([src^='/static/']), img, iframe, object, [onload], [onerror]"
FOREIGN = f'return document.querySelectorAll("{_STRANGE}").length'


def test_hostile_texts(browser: Browser) -> None:
    """Names, tags and errors that are markup are shown as they are, by the server and by the script, everywhere."""
    clock = FakeClock()
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(Silent())) as scheduler:

        def add(text: str) -> gocron.Job:
            return scheduler.new_job(
                gocron.duration_job(timedelta(minutes=1)),
                gocron.new_task(fail, text),
                gocron.with_name(text),
                gocron.with_tags(text),
            )  # fmt: skip

        jobs = [add(text) for text in HOSTILE[:6]]
        clock.advance(timedelta(minutes=2))
        wait_for_runs(scheduler)
        browser.reset()
        with served(scheduler, clock) as site:
            for path in ("/", "/jobs", "/timeline", "/events", "/instances", *(f"/jobs/{job.id()}" for job in jobs)):
                browser.open(site.url(path))
                assert 0 == browser.run(FOREIGN), path
                assert browser.driver.title.endswith(" · shop")
                assert path == "/instances" or HOSTILE[0] in browser.text() or "/jobs/" in path
            for text in ("<script>document.title='owned'</script>", '"><img src=x onerror="document.title=\'owned\'">'):
                browser.open(site.url("/jobs") + "?search=" + text)
                assert text == browser.one("#search").get_attribute("value")
                assert browser.driver.title == "Jobs · shop"
            # And what comes while the page is open.
            browser.open(site.url("/jobs"))
            for text in HOSTILE[6:]:
                add(text)
            browser.wait(lambda: len(browser.find("tbody tr")) == len(HOSTILE))
            assert 0 == browser.run(FOREIGN)
            assert browser.driver.title == "Jobs · shop"
            assert [] == browser.logs()  # now: the page goes on asking, and would complain of the end of its server


def test_browser_itself_refuses(site: Site, browser: Browser) -> None:
    """Even a mistake of the script's would not help: the policy refuses markup of texts, inline scripts and styles."""
    browser.open(site.url("/jobs"))
    with pytest.raises(JavascriptException, match="TrustedHTML"):
        browser.run("document.getElementById('main').innerHTML = '<img src=x onerror=document.title=1>'")
    with pytest.raises(JavascriptException, match="TrustedScript"):
        browser.run("document.createElement('script').textContent = 'document.title = 1'")
    browser.run("document.body.setAttribute('style', 'background: red')")
    complaints = browser.wait(lambda: " ".join(browser.logs()))

    assert "Content Security Policy" in complaints
    assert browser.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 0, 0)"


# -- other sites -------------------------------------------------------------------------------------------


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        return


class Server(ThreadingMixIn, WSGIServer):
    """Browsers open connections before they need them."""

    daemon_threads = True
    block_on_close = False


@pytest.fixture
def evil() -> Iterator[Any]:
    """Another site, on another port; gives a function that sets its page and returns its address."""
    page = [b""]

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return page

    server = make_server("127.0.0.1", 0, application, Server, Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()

    def show(text: str) -> str:
        page[0] = text.encode()
        return f"http://localhost:{server.server_port}/"

    yield show
    server.shutdown()
    server.server_close()
    thread.join(10)


def changes(site: Site) -> Any:
    """What a change would change."""
    wait_for_runs(site.scheduler)
    return [(job.name(), job.is_paused(), len(job.history())) for job in site.scheduler.jobs()]


FETCHES = """
    const done = arguments[1], url = arguments[0], own = {"X-Gocron-Dashboard": "1"};
    const tries = {
      plain: () => fetch(url, {method: "POST"}),
      opaque: () => fetch(url, {method: "POST", mode: "no-cors", headers: own}),
      header: () => fetch(url, {method: "POST", headers: own}),
      credentials: () => fetch(url, {method: "POST", headers: own, credentials: "include"}),
      beacon: async () => navigator.sendBeacon(url, "x") ? Promise.reject("sent") : null,
    };
    const outcome = ([name, attempt]) => attempt().then((answer) => [name, answer.type], () => [name, "refused"]);
    Promise.all(Object.entries(tries).map(outcome)).then(done);
"""


def test_changes_from_another_site(site: Site, browser: Browser, evil: Any) -> None:
    """Forms, images, beacons and every kind of fetch from another origin change nothing and read nothing."""
    before = changes(site)
    paths = [f"/api{site.job('mail queue')}/{change}" for change in ("run", "pause", "remove")]
    paths.append("/api/scheduler/pause")
    browser.open(evil("<title>evil</title>"))
    for path in paths:
        answers = dict(browser.driver.execute_async_script(FETCHES, site.url(path)))
        assert {"refused", "opaque"} >= set(answers.values()), answers
        assert "refused" == answers["header"] == answers["credentials"]
    for path in paths:
        form = f'<form method="post" action="{escape(site.url(path))}"><input name="a"></form>'
        browser.open(evil(f"{form}<img src='{escape(site.url(path))}'>"))
        browser.run("document.forms[0].submit()")
        browser.wait(lambda: browser.driver.current_url.startswith(site.server.url))
        assert "A change needs the header" in browser.text()

    assert before == changes(site)
    assert not site.scheduler.is_paused()


def test_reading_from_another_site(site: Site, browser: Browser, evil: Any) -> None:
    """Another origin can neither read a document, nor frame a page, nor use the script as its own."""
    browser.open(evil("<title>evil</title>"))
    fetch = "const done = arguments[1]; fetch(arguments[0]).then(r => r.text()).then(done, e => done('refused'))"
    assert "refused" == browser.driver.execute_async_script(fetch, site.url("/api/jobs"))
    assert "refused" == browser.driver.execute_async_script(fetch, site.url("/"))

    browser.open(evil(f"<title>evil</title><iframe src='{escape(site.url('/jobs'))}'></iframe>"))
    browser.driver.switch_to.frame(0)
    assert "mail queue" not in browser.text()
    browser.driver.switch_to.default_content()
    complaints = " ".join(browser.logs())
    assert "frame-ancestors" in complaints or "X-Frame-Options" in complaints
