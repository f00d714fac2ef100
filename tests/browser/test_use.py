"""What people do with the dashboard: look for jobs, change them, use the keyboard, leave it open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.support.select import Select

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.testing import FakeClock, wait_for_runs
from tests.browser.browser_kit import Browser, Site
from tests.browser.conftest import served
from tests.dashboard.web_kit import Silent, allow

pytestmark = pytest.mark.slow

NAMES = "tbody tr .name"


# -- reading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_search_filter_sort(site: Site, browser: Browser, scripts: bool) -> None:
    """Search, tag, state and order, each by what is on the page, with scripts and without."""
    browser.command("Emulation.setScriptExecutionDisabled", value=not scripts)
    browser.open(site.url("/jobs"), polls=scripts)
    everything = ["clean up", "invoices", "mail queue", "nightly report", "sync stock"]
    assert everything == browser.texts(NAMES)

    browser.one("#search").send_keys("SHOP", Keys.ENTER)
    browser.wait(lambda: browser.texts(NAMES) == ["invoices", "sync stock"])
    Select(browser.one("#state")).select_by_visible_text("failed")
    browser.one("form button").click()
    browser.wait(lambda: browser.texts(NAMES) == ["sync stock"])
    browser.one("form a").click()
    browser.wait(lambda: browser.texts(NAMES) == everything)
    browser.find("a.tag[href$='tag=mail']")[0].click()
    browser.wait(lambda: browser.texts(NAMES) == ["mail queue"])
    browser.one("form a").click()
    browser.one("th[aria-sort] a").click()
    browser.wait(lambda: browser.texts(NAMES) == everything[::-1])
    assert "descending" == browser.one("th[aria-sort]").get_attribute("aria-sort")
    browser.one("thead th:last-child a").click()
    browser.wait(lambda: browser.texts(NAMES)[:2] == ["mail queue", "sync stock"])
    browser.one("#search").send_keys("nobody", Keys.ENTER)
    browser.wait(lambda: "No job matches." in browser.text())


def test_counts_lead_to_the_jobs(site: Site, browser: Browser) -> None:
    """The numbers of the overview are links to those jobs, and a job's name leads to its page."""
    browser.open(site.url())
    browser.one("a[href='/jobs?state=failed']").click()
    browser.wait(lambda: browser.texts(NAMES) == ["sync stock"])
    browser.one(NAMES).click()
    browser.wait(lambda: browser.texts("h1 > span:first-child") == ["sync stock"])

    assert "after 3 attempts" in browser.text()
    assert "sync stock · shop" == browser.driver.title


def test_events_and_pages(site: Site, browser: Browser) -> None:
    """Events can be narrowed down to an outcome, and turned over page by page."""
    browser.open(site.url("/events?per_page=10"))
    assert "Page 1 of 2" in browser.text()
    browser.one("a[rel=next]").click()
    browser.wait(lambda: "Page 2 of 2" in browser.text())
    Select(browser.one("#outcome")).select_by_visible_text("failed")
    browser.one("form button").click()
    browser.wait(lambda: set(browser.texts("tbody .badge")) == {"failed"})

    assert 6 == len(browser.texts("tbody .badge"))


def test_empty_and_ended(browser: Browser) -> None:
    """A scheduler without jobs, and one that is shut down, say so on every page."""
    scheduler = gocron.new_scheduler(gocron.with_clock(FakeClock()), gocron.with_logger(Silent()))
    browser.reset()
    with served(scheduler, FakeClock()) as site:
        for path, said in {
            "/": "All is well.",
            "/jobs": "This scheduler has no jobs.",
            "/timeline": "none is due in the next",
            "/events": "No job has run yet.",
            "/instances": "shares its jobs with nobody",
        }.items():
            browser.open(site.url(path))
            assert said in browser.text()
        browser.open(site.url())
        assert "stopped" in browser.texts("dd .badge")
        scheduler.shutdown()
        browser.wait(lambda: "shut down" in browser.texts("dd .badge"))


# -- staying open ------------------------------------------------------------------------------------------


def test_news_come_by_themselves(site: Site, browser: Browser) -> None:
    """A run, a new job and one that goes are shown without a reload; rows stay what they are, and so does the focus."""
    browser.open(site.url("/jobs"))
    browser.run("window.same = document.querySelector('tbody tr:nth-child(3)'); window.notReloaded = true")
    browser.run("arguments[0].focus()", browser.find(NAMES)[2])
    site.scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("<b>all</b> new")
    )
    site.scheduler.remove_by_tags("billing")
    site.clock.advance(timedelta(minutes=10))
    wait_for_runs(site.scheduler)
    browser.wait(lambda: "<b>all</b> new" in browser.texts(NAMES))

    assert "invoices" not in browser.texts(NAMES)
    assert browser.run("return window.notReloaded")
    assert browser.run("return window.same.isConnected && window.same.contains(document.activeElement)")
    assert "mail queue" == browser.focused().text
    assert "6 of 6" not in browser.text()
    assert "5 of 5" in browser.text()


def test_nothing_new_costs_nothing(site: Site, browser: Browser) -> None:
    """While nothing happens the answers are 304, and nothing in the page is touched but how long ago things were."""
    browser.open(site.url("/jobs"), polls=2)
    browser.run(
        "window.touched = []; new MutationObserver(changes => changes"
        ".map(change => change.target instanceof Element ? change.target : change.target.parentElement)"
        ".filter(target => !target.matches('[data-text$=\"|ago\"]'))"
        ".forEach(target => window.touched.push(target.outerHTML)))"
        ".observe(document.getElementById('main'), {subtree: true, childList: true, characterData: true})"
    )
    asked = "performance.getEntriesByType('resource').filter(each => each.name.includes('/api/'))"
    statuses = f"return {asked}.map(each => each.responseStatus)"
    browser.wait(lambda: len(browser.run(statuses)) >= 3)

    assert [200, 304, 304] == browser.run(statuses)[:3]
    assert browser.run("return window.touched") == []


def test_hidden_pages_ask_nothing(site: Site, browser: Browser) -> None:
    """While another tab is in front the page is silent; back in front it asks at once."""
    browser.open(site.url("/jobs"))
    page = browser.driver.current_window_handle
    browser.run(
        "Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});"
        "window.away = true; document.dispatchEvent(new Event('visibilitychange'))"
    )
    before = browser.wait(browser.polls)
    # Three times as long as between two questions: a page that went on would have been heard of.
    with pytest.raises(TimeoutError):
        browser.wait(lambda: browser.polls() > before + 1, seconds=1)
    browser.run("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    browser.wait(lambda: browser.polls() > before)

    assert page == browser.driver.current_window_handle


def test_updates_can_be_paused(site: Site, browser: Browser) -> None:
    """A button stops the page from changing while somebody reads, and starts it again."""
    browser.open(site.url("/events"))
    button = browser.one("#updates")
    button.click()
    assert "true" == button.get_attribute("aria-pressed")
    site.clock.advance(timedelta(minutes=10))
    wait_for_runs(site.scheduler)
    before = browser.polls()
    rows = len(browser.find("tbody tr"))
    button.click()
    browser.wait(lambda: browser.polls() > before)
    browser.wait(lambda: len(browser.find("tbody tr")) > rows)

    assert "false" == button.get_attribute("aria-pressed")


def test_server_that_goes_and_comes(site: Site, browser: Browser) -> None:
    """A page whose server is gone says that it is old, and goes on when it is back."""
    browser.open(site.url("/jobs"))
    site.server.close()
    browser.wait(lambda: "News cannot be had" in browser.text())
    assert "mail queue" in browser.text()
    with dashboard.serve(site.scheduler, f":{site.port}", actions=True, authorize=allow):
        browser.wait(lambda: "News cannot be had" not in browser.text())


def test_address_with_a_password_in_it(site: Site, browser: Browser) -> None:
    """Where the page's own address has a name and a password in it, news come, and so do changes."""
    staff = dashboard.BasicAuth({"staff": "s3cret"})
    with dashboard.serve(site.scheduler, ":0", actions=True, authorize=staff) as server:
        address = server.url.rstrip("/").replace("http://", "http://staff:s3cret@")
        browser.open(address + site.job("nightly report"), polls=2)
        press(browser, "Run now")
        browser.wait(lambda: "A run was handed over." in browser.texts("#notice"))
        browser.polled()

        assert "cannot be had" not in browser.text()
        assert [] == browser.logs()


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_a_page_says_what_it_is_without_scripts(site: Site, browser: Browser, path: str) -> None:
    """Without scripts it says how to see news, and as of when it is; with them it does not speak of scripts."""
    browser.open(site.url(path))
    assert "JavaScript" not in browser.text()
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(site.url(path), polls=0)
    assert "Without JavaScript: reload to see news." in browser.text()
    assert "As of 12:00:30" in browser.text()


def test_job_that_goes(site: Site, browser: Browser) -> None:
    """The page of a job that was removed says so, and stops to ask."""
    browser.open(site.url(site.job("invoices")))
    site.scheduler.remove_by_tags("billing")
    browser.wait(lambda: "not there any more" in browser.text())

    assert "invoices" in browser.text()


# -- changing ----------------------------------------------------------------------------------------------


def press(browser: Browser, label: str) -> None:
    """A button, once it can be pressed."""
    browser.wait(lambda: [each for each in buttons(browser) if each.text == label and each.is_enabled()])[0].click()


def buttons(browser: Browser) -> list[Any]:
    """Those that are shown."""
    return [each for each in browser.find("main button") if each.is_displayed()]


def test_run_pause_resume_remove(site: Site, browser: Browser) -> None:
    """Each button does what it says and says that it did; to remove asks first, and Escape keeps the job."""
    (job,) = [each for each in site.scheduler.jobs() if each.name() == "nightly report"]
    browser.open(site.url(site.job("nightly report")))
    assert ["Run now", "Pause", "Remove"] == [each.text for each in buttons(browser)]

    press(browser, "Run now")
    browser.wait(lambda: "A run was handed over." in browser.texts("#notice"))
    browser.wait(lambda: browser.texts("tbody .badge") == ["succeeded"])
    press(browser, "Pause")
    browser.wait(lambda: "paused" in browser.texts("h1 .badge"))
    assert job.is_paused()
    press(browser, "Resume")
    browser.wait(lambda: "succeeded" in browser.texts("h1 .badge"))
    assert not job.is_paused()

    press(browser, "Remove")
    browser.wait(lambda: browser.find("dialog[open]"))
    assert "Keep it" == browser.focused().text
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: not browser.find("dialog[open]"))
    press(browser, "Remove")
    browser.wait(lambda: browser.find("dialog[open]"))
    browser.press(Keys.TAB, Keys.ENTER)
    browser.wait(lambda: browser.driver.current_url.endswith("/jobs"))
    browser.wait(lambda: len(browser.texts(NAMES)) == 4)

    assert "nightly report" not in [each.name() for each in site.scheduler.jobs()]
    # A question that was on its way as the job went.
    assert [] == [line for line in browser.logs() if "404" not in line]


def test_pause_all(site: Site, browser: Browser) -> None:
    """The overview pauses the scheduler and has it go on."""
    browser.open(site.url())
    press(browser, "Pause all")
    browser.wait(lambda: "paused" in browser.texts("dd .badge"))
    assert site.scheduler.is_paused()
    press(browser, "Resume all")
    browser.wait(lambda: "started" in browser.texts("dd .badge"))
    assert not site.scheduler.is_paused()


def test_change_that_is_refused(site: Site, browser: Browser) -> None:
    """What the server refuses is told in its words."""
    browser.open(site.url(site.job("mail queue")))
    site.scheduler.stop_jobs()
    press(browser, "Run now")
    browser.wait(lambda: browser.texts("#notice") == ["It cannot run now: the scheduler is not started."])


def test_who_may_not_has_no_buttons(site: Site, browser: Browser) -> None:
    """Without actions, and for those who may only read, there is nothing to press."""
    with dashboard.serve(site.scheduler, ":0") as server:
        browser.open(server.url.rstrip("/") + site.job("mail queue"))
        assert [] == buttons(browser)

    def reads(environ: Any, action: str, job: Any) -> bool:
        return action == "read"

    with dashboard.serve(site.scheduler, ":0", actions=True, authorize=reads) as server:
        browser.open(server.url.rstrip("/") + site.job("mail queue"))
        assert [] == buttons(browser)


# -- the keyboard ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/", "/jobs", "job"])
def test_keyboard(site: Site, browser: Browser, page: str) -> None:
    """Tab comes to everything that can be pressed, first to a link past the navigation, and where it is can be seen."""
    browser.open(site.url(site.job("sync stock") if page == "job" else page))
    browser.one("#updates").click()  # nothing moves meanwhile
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    can_be_pressed = (
        "return [...document.querySelectorAll('a[href], button:not(:disabled), input:not([type=hidden]), select')]"
        ".filter(each => each.checkVisibility()).length"
    )
    reached = []
    browser.run("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(browser.run(can_be_pressed) + 20):
        browser.press(Keys.TAB)
        focused = browser.run(
            "const e = document.activeElement; if (e === document.body) return null;"
            "const s = getComputedStyle(e); return [e.tagName, e.innerText || e.id, s.outlineStyle, e.className]"
        )
        if focused is None or (reached and focused == reached[0]):
            break
        reached.append(focused)
    pressed = [each for each in reached if each[0] in ("A", "BUTTON", "INPUT", "SELECT")]

    assert "To the content" == reached[0][1]
    assert browser.run(can_be_pressed) == len(pressed)
    assert [] == [each for each in reached if each[2] == "none"]


def test_skip_link(site: Site, browser: Browser) -> None:
    """The first link leads past the navigation."""
    browser.open(site.url("/jobs"))
    browser.run("document.body.tabIndex = -1; document.body.focus()")
    browser.press(Keys.TAB, Keys.ENTER)

    assert "main" == browser.focused().get_attribute("id")


# -- many --------------------------------------------------------------------------------------------------


def test_first_paint_of_ten_thousand_jobs(browser: Browser) -> None:
    """The page of 10,000 jobs shows something within a second; at least once, as the machine may be busy."""
    clock = FakeClock()
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(Silent())) as scheduler:
        for number in range(10_000):
            scheduler.new_job(
                gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name(f"job {number}")
            )
        browser.reset()
        with served(scheduler, clock) as site:
            paint = "return performance.getEntriesByName('first-contentful-paint').map(each => each.startTime)"
            times: list[float] = []
            for _ in range(8):
                browser.open(site.url("/jobs?sort=next"))
                times += browser.wait(lambda: browser.run(paint))
                if min(times) < 1000:
                    break
            assert 50 == len(browser.find("tbody tr"))
    assert min(times) < 1000
