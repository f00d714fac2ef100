"""Every route through the standard library's validator of WSGI; mounting."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client as WerkzeugClient

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.dashboard import assets
from tests.dashboard.web_kit import Client, job_id

PAGES = ["/", "/jobs", "/timeline", "/events", "/instances"]
DOCUMENTS = ["/api/overview", "/api/jobs", "/api/timeline", "/api/events", "/api/instances", "/api/openapi.json"]


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS, *(f"/static/{name}" for name in assets.NAMES.values())])
def test_get_and_head(client: Client, path: str) -> None:
    """Every address answers GET, and HEAD alike but for the body."""
    got, head = client.get(path), client.ask("HEAD", path)

    assert got.status == head.status == 200
    assert got.body
    assert head.body == b""
    assert got.headers["Content-Type"] == head.headers["Content-Type"]
    assert str(len(got.body)) == got.headers["Content-Length"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_whole(client: Client, path: str) -> None:
    """A page has a title of its own, a heading, and marks where one is in the navigation."""
    text = client.get(path).text

    assert text.startswith("<!doctype html>")
    assert re.search(r"<title>\w+ · shop</title>", text)
    assert text.count("<h1") == 1
    assert text.count('aria-current="page"') == 1


def test_links_lead_somewhere(client: Client) -> None:
    """Every link, form and file that any page names is there, below the path of the mount."""
    seen, todo = set(), list(PAGES)
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status == 200, path
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        for link in re.findall(r' (?:href|src|action|data-poll)="([^"#]+)"', answer.text):
            assert link.startswith("/ops/gocron/"), link
            todo.append(link.removeprefix("/ops/gocron").replace("&amp;", "&"))

    assert {f"/api/jobs/{job_id}" for job_id in re.findall(r"/jobs/([\w-]{36})", " ".join(seen))} <= seen
    assert len(seen) > 40


def test_a_jobs_page(client: Client, scheduler: gocron.Scheduler) -> None:
    """It has the schedule in words and as given, what comes, and what was with its error."""
    nightly = client.get(f"/jobs/{job_id(scheduler, 'nightly report')}").text
    stock = client.get(f"/jobs/{job_id(scheduler, 'sync stock')}").text

    assert "Monday to Friday at 02:30 (Europe/Berlin)" in nightly
    assert '<code data-text="definition|text">30 2 * * 1-5</code>' in nightly
    assert len(re.findall(r"2026-05-\d\d 02:30:00 \+02:00", nightly)) == 11
    assert "Refused: connection to db-3 refused\n  after 3 attempts" in stock
    assert stock.count('data-kind="fail"') >= 6


def test_root_is_redirected(client: Client) -> None:
    """The mount's path without a slash leads to the overview."""
    answer = client.get("")

    assert (308, "/ops/gocron/") == (answer.status, answer.headers["Location"])


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/jobs/none", "/jobs/1", "/jobs/../etc/passwd", "/static/../__init__.py", "/static/dashboard.css",
     "//evil.example", "/jobs/00000000-0000-0000-0000-000000000000", "/static/\xff", "/%2e"],
)  # fmt: skip
def test_not_found(client: Client, path: str) -> None:
    """What is not there is a page that says so, without repeating what was asked for."""
    answer = client.get(path)

    assert answer.status == 404
    assert "<h1>Not Found</h1>" in answer.text
    assert path.strip("/") not in answer.text


def test_api_problems_are_json(client: Client) -> None:
    """Programs get their errors as a document."""
    for path, status in [
        ("/api/nothing", 404),
        ("/api/jobs/00000000-0000-0000-0000-000000000000", 404),
        ("/api/jobs?page=0", 400),
    ]:
        answer = client.get(path)
        assert (status, "application/json") == (answer.status, answer.headers["Content-Type"])
        assert answer.json["status"] == status
        assert answer.json["error"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("page=0", "page is a number from 1"), ("page=x", "page is a number"), ("page=-1", "page is"),
        ("page=9999999999", "page is"), ("page=%D9%A1", "page is"),
        ("per_page=201", "per_page is a number from 1 to 200"),
        ("sort=evil", "sort is one of"), ("sort=--name", "sort is one of"), ("state=gone", "state is one of"),
        ("&".join(f"a{number}=1" for number in range(30)), "at most 20 fields"),
    ],
)  # fmt: skip
def test_wrong_queries(client: Client, query: str, said: str) -> None:
    """A query that makes no sense is refused, with what would make some."""
    answer = client.get(f"/jobs?{query}")

    assert answer.status == 400
    assert said in answer.text


def test_other_methods(client: Client, scheduler: gocron.Scheduler) -> None:
    """Changes take POST, all else GET, and the answer says which."""
    run = f"/api/jobs/{job_id(scheduler, 'mail queue')}/run"
    for method, path, allowed in [
        ("POST", "/", "GET, HEAD"), ("DELETE", "/api/jobs", "GET, HEAD"), ("OPTIONS", "/", "GET, HEAD"),
        ("GET", run, "POST"), ("OPTIONS", run, "POST"), ("PUT", run, "POST"),
    ]:  # fmt: skip
        answer = client.ask(method, path)
        assert (405, allowed) == (answer.status, answer.headers["Allow"]), (method, path)


def test_behind_flask(scheduler: gocron.Scheduler) -> None:
    """Mounted beside a Flask application it knows its path."""
    application = flask.Flask("shop")
    application.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        application.wsgi_app, {"/gocron": dashboard.app(scheduler)}
    )
    client = application.test_client()

    assert 'href="/gocron/jobs"' in client.get("/gocron/").text
    assert client.get("/gocron/api/jobs").json["total"] == 5
    assert client.get("/gocron").status_code == 308
    assert client.get("/elsewhere").status_code == 404
    assert isinstance(client, WerkzeugClient)


def test_a_page_that_fails(scheduler: gocron.Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is logged, and the page tells nothing of it."""
    application = dashboard.app(scheduler)

    def explode(*args: Any) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(application._answers, "overview", explode)
    page, document = Client(application).get("/"), Client(application).get("/api/overview")

    assert page.status == document.status == 500
    assert b"secret" not in page.body + document.body
    logger: Any = scheduler._settings.logger
    assert [line for line in logger.lines if line[0] == "gocron: dashboard: a page failed"]


def test_an_async_server_is_not_held_up(scheduler: gocron.Scheduler) -> None:
    """Wrapped for ASGI it answers as well."""
    from a2wsgi import WSGIMiddleware

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/api/jobs", "query_string": b"", "headers": [],
             "http_version": "1.1", "root_path": "", "scheme": "http", "server": ("x", 80)}  # fmt: skip
    asyncio.run(WSGIMiddleware(dashboard.app(scheduler))(scope, receive, send))  # type: ignore[arg-type]

    assert sent[0]["status"] == 200
