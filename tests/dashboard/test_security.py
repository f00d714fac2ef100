"""Who may see and do what, and what other sites can not: line by line of the list."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.dashboard import BasicAuth, assets
from gocron_py.errors import ErrInvalidArgument
from gocron_py.testing import FakeClock, wait_for_runs
from tests.dashboard.web_kit import HOSTILE, Client, Silent, allow, fail, job_id, shop

EVERYWHERE = ["/", "/jobs", "/timeline", "/events", "/instances", "/api/overview", "/api/openapi.json", "/nothing"]


# -- headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", [*EVERYWHERE, "", "/api/jobs?page=x", f"/static/{assets.NAMES['dashboard.js']}"])
def test_headers(client: Client, method: str, path: str) -> None:
    """Every answer, errors too, forbids scripts of others, frames and sniffing, and shares nothing with other sites."""
    headers = client.ask(method, path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

    assert {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
        "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    } == policy  # fmt: skip
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "DENY" == headers["X-Frame-Options"]
    assert "same-origin" == headers["Referrer-Policy"]
    assert "same-origin" == headers["Cross-Origin-Resource-Policy"]
    assert [] == [name for name in headers if name.lower().startswith("access-control-")]
    is_static = path.startswith("/static") and method in ("GET", "HEAD")
    assert is_static or "no-store" == headers["Cache-Control"]


def test_no_inline_script_or_style(client: Client, scheduler: gocron.Scheduler) -> None:
    """No page has a script, a style or a handler in its text, or names another host."""
    for path in [*EVERYWHERE, f"/jobs/{job_id(scheduler, 'mail queue')}"]:
        text = client.get(path).text
        assert re.findall(r"<script(?![^>]* src=\"/)", text) == []
        assert "<style" not in text
        assert re.search(r"<[^>]* (?:on\w+|style)=", text) is None
        assert re.search(r"(?:https?:)?//\w", text.replace("application/json", "")) is None, path


def test_script_has_no_way_to_make_elements_of_text() -> None:
    """The script writes texts and listed attributes; nothing in it turns a string into markup or code."""
    script = assets.find(assets.NAMES["dashboard.js"])
    assert script is not None

    for word in (b"innerHTML", b"outerHTML", b"insertAdjacent", b"document.write", b"eval(", b"Function(", b"srcdoc"):
        assert word not in script.body


# -- reading -----------------------------------------------------------------------------------------------


def test_reading_needs_authorize_where_there_is_one(scheduler: gocron.Scheduler) -> None:
    """An ``authorize`` is asked about every address, and a page that it refuses tells nothing."""
    asked: list[tuple[str, Any]] = []

    def nobody(environ: dict[str, Any], action: str, job: gocron.Job | None) -> bool:
        asked.append((action, None if job is None else job.name()))
        return False

    client = Client(dashboard.app(scheduler, authorize=nobody))
    job = f"/jobs/{job_id(scheduler, 'mail queue')}"
    paths = [*EVERYWHERE, "/api/jobs", "/api/timeline", "/api/events", "/api/instances", job, f"/api{job}",
             *(f"/static/{name}" for name in assets.NAMES.values())]  # fmt: skip
    for path in paths:
        answer = client.get(path)
        assert (403, False) == (answer.status, b"mail queue" in answer.body), path

    assert {("read", None), ("read", "mail queue")} == set(asked)
    assert len(asked) == len(paths)


def test_one_job_may_be_hidden(scheduler: gocron.Scheduler) -> None:
    """``authorize`` sees which job it is about; one that is not there is refused like one that is hidden."""

    def not_invoices(environ: dict[str, Any], action: str, job: gocron.Job | None) -> bool:
        return job is not None and job.name() != "invoices"

    client = Client(dashboard.app(scheduler, authorize=not_invoices))

    assert 200 == client.get(f"/jobs/{job_id(scheduler, 'mail queue')}").status
    assert 403 == client.get(f"/jobs/{job_id(scheduler, 'invoices')}").status
    assert 403 == client.get("/jobs/00000000-0000-0000-0000-000000000000").status


async def coroutine(environ: dict[str, Any], action: str, job: gocron.Job | None) -> bool:
    """What somebody may take for an ``authorize``: calling it gives something that is true."""
    return False


@pytest.mark.parametrize("answer", [None, 1, "yes", [1], "raise", "coroutine"])
def test_only_true_allows(scheduler: gocron.Scheduler, answer: Any) -> None:
    """What is not True refuses, what raises too, and both are logged."""

    def authorize(*args: Any) -> Any:
        if answer == "raise":
            raise RuntimeError("secret")
        return coroutine(*args) if answer == "coroutine" else answer

    logger: Any = scheduler._settings.logger
    logger.lines.clear()
    got = Client(dashboard.app(scheduler, authorize=authorize)).get("/")

    assert (403, False) == (got.status, b"secret" in got.body)
    assert [line for line in logger.lines if "authorize" in str(line[0])]


# -- changes -----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh() -> Iterator[gocron.Scheduler]:
    """A shop of one's own."""
    with shop() as (scheduler, _):
        yield scheduler


def everything(scheduler: gocron.Scheduler) -> list[str]:
    """All addresses that change something."""
    path = f"/api/jobs/{job_id(scheduler, 'mail queue')}"
    changes = [f"{path}/{change}" for change in ("run", "pause", "resume", "remove")]
    return [*changes, "/api/scheduler/pause", "/api/scheduler/resume"]


def state_of(scheduler: gocron.Scheduler) -> Any:
    """What a change would change."""
    wait_for_runs(scheduler)
    jobs = [(job.name(), job.is_paused(), len(job.history())) for job in scheduler.jobs()]
    return jobs, scheduler.is_paused()


def test_actions_are_off_by_default(fresh: gocron.Scheduler) -> None:
    """Without ``actions=True`` every change is refused, and no page has a button."""
    before = state_of(fresh)
    client = Client(dashboard.app(fresh, authorize=allow))

    assert {403} == {client.change(path).status for path in everything(fresh)}
    assert before == state_of(fresh)
    assert "data-change" not in client.get("/").text + client.get(f"/jobs/{job_id(fresh, 'mail queue')}").text


def test_actions_need_authorize(fresh: gocron.Scheduler) -> None:
    """``actions=True`` alone is an error at the call."""
    with pytest.raises(ErrInvalidArgument, match="actions need authorize"):
        dashboard.app(fresh, actions=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Gocron_Dashboard": None},
        {"Origin": "http://evil.example"},
        {"Origin": "http://example.com.evil.example"},
        {"Origin": "http://example.com:81"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": None, "Sec_Fetch_Site": None},
        {"Origin": "http://evil.example", "Sec_Fetch_Site": None},
        {"Host": "other.example"},
    ],
    ids=str,
)
def test_changes_come_from_the_dashboard_itself(fresh: gocron.Scheduler, headers: dict[str, Any]) -> None:
    """A change without the header, or that a browser says is another site's, is refused whoever asks."""
    before = state_of(fresh)
    own = {"X_Gocron_Dashboard": "1", "Origin": "http://example.com", "Sec_Fetch_Site": "same-origin"}
    sent = {name: value for name, value in (own | headers).items() if value is not None}
    client = Client(dashboard.app(fresh, actions=True, authorize=allow))

    assert {403} == {client.ask("POST", path, **sent).status for path in everything(fresh)}
    assert before == state_of(fresh)


def test_a_proxy_may_end_tls(fresh: gocron.Scheduler) -> None:
    """Where a proxy speaks TLS the browser's origin is https; host and port decide."""
    client = Client(dashboard.app(fresh, actions=True, authorize=allow))

    assert 200 == client.change("/api/scheduler/pause", Origin="https://example.com").status
    assert 200 == client.change("/api/scheduler/resume", Origin="https://example.com:443").status


def test_changes_by_other_methods(fresh: gocron.Scheduler) -> None:
    """A link or a form's GET changes nothing."""
    before = state_of(fresh)
    client = Client(dashboard.app(fresh, actions=True, authorize=allow))
    own = {"X_Gocron_Dashboard": "1", "Origin": "http://example.com"}

    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert {405} == {client.ask(method, path, **own).status for path in everything(fresh)}
    assert before == state_of(fresh)


def test_authorize_is_asked_about_each_change(fresh: gocron.Scheduler) -> None:
    """It may allow one action and not another, and pages have the buttons that it allows."""

    def runs_only(environ: dict[str, Any], action: str, job: gocron.Job | None) -> bool:
        return action in ("read", "run")

    client = Client(dashboard.app(fresh, actions=True, authorize=runs_only))
    run, *others = everything(fresh)

    assert 200 == client.change(run).status
    assert {403} == {client.change(path).status for path in others}
    page = client.get(f"/jobs/{job_id(fresh, 'mail queue')}").text
    assert ["run"] == re.findall(r'data-change="(\w+)"', page)


def test_changes_are_logged(fresh: gocron.Scheduler) -> None:
    """Who changed what can be read in the log."""
    logger: Any = fresh._settings.logger
    Client(dashboard.app(fresh, actions=True, authorize=allow)).change(everything(fresh)[0])

    assert ("gocron: dashboard: a change", "change", "run", "job", "mail queue", "from", None) in logger.lines


# -- host names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "localhost.evil.example", "", "[::1", "a@b"])
def test_dns_rebinding(fresh: gocron.Scheduler, host: str) -> None:
    """A name that somebody else points here is refused, be it to read or, as its own origin, to change."""
    application = dashboard.app(fresh, actions=True, authorize=allow, hosts=["localhost", "127.0.0.1", "::1"])
    client = Client(application, host=host)

    assert {403} == {client.get(path).status for path in EVERYWHERE}
    assert {403} == {client.change(path).status for path in everything(fresh)}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"])
def test_own_host_names(fresh: gocron.Scheduler, host: str) -> None:
    """The names it goes by are answered, with any port."""
    assert 200 == Client(dashboard.app(fresh, hosts=["localhost", "127.0.0.1", "::1"]), host=host).get("/").status


# -- passwords ---------------------------------------------------------------------------------------------


def basic(text: str) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_basic_auth(fresh: gocron.Scheduler) -> None:
    """Without the right name and password there is a challenge; who may only read may not change."""
    auth = BasicAuth({"ann": "s3cret", "bob": "päss:word"}, actions=["ann"])
    client = Client(dashboard.app(fresh, actions=True, authorize=auth))
    nobody = client.get("/")

    assert (401, 'Basic realm="gocron", charset="UTF-8"') == (nobody.status, nobody.headers["WWW-Authenticate"])
    for wrong in ("ann:", "ann:S3cret", ":s3cret", "ann", "eve:s3cret", "ann:s3cret:"):
        assert 401 == client.get("/", **basic(wrong)).status, wrong
    for broken in ("Basic", "Basic ???", "Bearer s3cret", "Basic /w==", "Digest x"):
        assert 401 == client.get("/", Authorization=broken).status, broken
    assert 200 == client.get("/", **basic("ann:s3cret")).status
    assert 200 == client.get("/", **basic("bob:päss:word")).status
    path = everything(fresh)[0]
    assert [401, 401, 200] == [
        client.change(path, **headers).status for headers in ({}, basic("bob:päss:word"), basic("ann:s3cret"))
    ]
    assert "s3cret" not in repr(auth) + str(vars(auth))


@pytest.mark.parametrize("users", [{}, {"": "x"}, {"a": ""}, {"a:b": "x"}, {"a": 1}, {1: "x"}])
def test_basic_auth_refuses(users: Any) -> None:
    """No users, and what is none, are errors that show no password."""
    with pytest.raises(ErrInvalidArgument) as raised:
        BasicAuth(users)
    assert "x" not in "".join(getattr(raised.value, "__notes__", []))


# -- hostile texts -----------------------------------------------------------------------------------------


class Shape(HTMLParser):
    """Collects the elements, attributes and texts of a page, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def shape(answer: Any) -> Shape:
    """That of a page."""
    parser = Shape()
    parser.feed(answer.text)
    parser.close()
    return parser


def test_hostile_texts_are_texts() -> None:
    """Names, tags, errors, titles and queries that try to be markup add no element and no attribute to any page."""
    logger, clock = Silent(), FakeClock()
    with shop() as (plain, _), gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(logger)) as scheduler:
        for number, text in enumerate(HOSTILE):
            scheduler.new_job(
                gocron.duration_job(timedelta(minutes=1 + number)),
                gocron.new_task(fail, text),
                gocron.with_name(text),
                gocron.with_tags(text, "tag"),
            )
        clock.advance(timedelta(minutes=20))
        wait_for_runs(scheduler)
        normal = Client(dashboard.app(plain, actions=True, authorize=allow))
        client = Client(dashboard.app(scheduler, actions=True, authorize=allow, title=HOSTILE[1]))
        pages = ["/", "/jobs", "/timeline", "/events", "/instances"]
        nested = [f"/jobs/{job.id()}" for job in scheduler.jobs()]
        queries = [f"/jobs?search={text}&tag={text}" for text in ("%3Cscript%3E", "%22%3E%3Cimg+src=x%3E", "%00")]
        usual = [shape(normal.get(path)) for path in [*pages, "/jobs?search=x", f"/jobs/{plain.jobs()[0].id()}"]]
        seen = [shape(client.get(path)) for path in [*pages, *nested, *queries]]
        shown = "".join("".join(each.texts) for each in seen)

        for each in seen:
            assert each.elements <= set().union(*(one.elements for one in usual))
            assert each.attributes <= set().union(*(one.attributes for one in usual))
            assert all(link.startswith("/") or link == "#main" for link in each.links), each.links
        assert HOSTILE[0] in shown
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown
        assert "\0" not in shown
        names = {job["name"] for job in client.get("/api/jobs?per_page=200").json["jobs"]}
        assert set(HOSTILE) == names


# -- arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"title": 1}, "title must be"),
        ({"actions": 1}, "actions must be"),
        ({"authorize": True}, "authorize must be callable"),
        ({"hosts": "localhost"}, "hosts must be a collection"),
        ({"hosts": [1]}, "hosts must be a collection"),
        ({"late_after": 10}, "late_after must be"),
        ({"late_after": timedelta(0)}, "late_after must be"),
    ],
)
def test_wrong_arguments(scheduler: gocron.Scheduler, arguments: Any, said: str) -> None:
    """A wrong argument is an error at the call."""
    with pytest.raises(ErrInvalidArgument, match=said):
        dashboard.app(scheduler, **arguments)


def test_not_a_scheduler() -> None:
    """So is what is no scheduler."""
    with pytest.raises(ErrInvalidArgument, match="scheduler must be"):
        dashboard.app(object())  # type: ignore[arg-type]
