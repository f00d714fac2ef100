"""The JSON documents: as the OpenAPI file says, with ETags; what they tell of jobs in each state."""

from __future__ import annotations

import json
import os
import re
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.distributed.memory import MemoryElector, MemoryStore, MemoryTickLocker
from gocron_py.testing import FakeClock, wait_for_runs
from tests.dashboard.web_kit import Client, Silent, allow, job_id, shop, wait_until

SPECIFICATION: Any = json.loads(
    (Path(dashboard.__file__).parent / "static" / "openapi.json").read_text()
)  # what is shipped


def check(path: str, answer: Any, method: str = "get") -> None:
    """Compare an answer with what the OpenAPI file says of that path."""
    said = SPECIFICATION["paths"][path][method]["responses"][str(answer.status)]["content"]["application/json"]
    schema = {**said["schema"], "components": SPECIFICATION["components"]}
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert answer.headers["Content-Type"] == "application/json"
    checker.validate(answer.json)


def test_specification_is_valid() -> None:
    """The file is OpenAPI 3.1."""
    validate(SPECIFICATION)
    assert SPECIFICATION["openapi"].startswith("3.1")


def test_specification_names_every_route(scheduler: gocron.Scheduler) -> None:
    """Each route of the API is in the file with its method, and the file has no other."""
    routes = set()
    for pattern, method, _ in dashboard.app(scheduler)._routes:
        if pattern.pattern.startswith("/api/"):
            plain = re.sub(r"\(\[0-9a-f\]\{8\}.*?\{12\}\)", "{id}", pattern.pattern)
            stem, _, choice = plain.partition("(")
            routes |= {(stem + each, method.lower()) for each in choice.rstrip(")").split("|")}
    named = {(path, method) for path, operations in SPECIFICATION["paths"].items() for method in operations}

    assert routes == named


def test_documents_are_as_specified(client: Client, scheduler: gocron.Scheduler) -> None:
    """Each document, for each job and several queries, has the fields that the file says and no others."""
    for path in ["/api/overview", "/api/timeline", "/api/instances", "/api/openapi.json"]:
        check(path, client.get(path))
    for query in ["", "?search=mail", "?state=failed", "?tag=shop&sort=-next", "?page=9", "?per_page=2&page=2"]:
        check("/api/jobs", client.get(f"/api/jobs{query}"))
        check("/api/timeline", client.get(f"/api/timeline{query}"))
    for query in ["", "?outcome=fail", "?search=stock", "?page=99", "?outcome=tick_lost"]:
        check("/api/events", client.get(f"/api/events{query}"))
    for job in scheduler.jobs():
        check("/api/jobs/{id}", client.get(f"/api/jobs/{job.id()}"))
    check("/api/jobs/{id}", client.get("/api/jobs/00000000-0000-0000-0000-000000000000"))
    check("/api/jobs", client.get("/api/jobs?page=0"))


def test_etag(client: Client) -> None:
    """A document that is as it was is not sent again; the time, which is no part of it, is."""
    first = client.get("/api/jobs")
    tag = first.headers["ETag"]
    again = client.get("/api/jobs", If_None_Match=tag)
    among = client.get("/api/jobs", If_None_Match=f'"other", W/{tag}')
    other = client.get("/api/jobs", If_None_Match='"other"')

    assert [304, 304, 200] == [each.status for each in (again, among, other)]
    assert again.body == b""
    assert again.headers["Content-Type"] is None
    assert tag == again.headers["ETag"] == other.headers["ETag"]
    assert "no-store" == first.headers["Cache-Control"]
    assert "2026-05-04T12:00:30.000+02:00" == again.headers["X-Gocron-Now"]


def test_etag_changes_with_the_document() -> None:
    """After a run the document is another one."""
    with shop() as (scheduler, clock):
        client = Client(dashboard.app(scheduler))
        tag = client.get("/api/overview").headers["ETag"]
        clock.advance(timedelta(seconds=10))
        assert client.get("/api/overview", If_None_Match=tag).status == 304
        clock.advance(timedelta(minutes=5))
        wait_for_runs(scheduler)
        assert client.get("/api/overview", If_None_Match=tag).status == 200


def test_overview(client: Client) -> None:
    """Counts, who failed, who is next, and what ran last, from the records."""
    document = client.get("/api/overview").json

    assert {
        "jobs": 5, "running": 0, "paused": 1, "failed": 1, "late": 0, "ok": 1, "skipped": 0, "new": 3
    } == document["counts"]  # fmt: skip
    assert ["sync stock"] == [job["name"] for job in document["attention"]]
    assert ["mail queue", "sync stock", "clean up", "nightly report", "invoices"] == [
        job["name"] for job in document["next"]
    ]
    assert len(document["latest"]) == 8
    assert ("started", "Europe/Berlin", None, []) == tuple(
        document["scheduler"][name] for name in ("state", "zone", "leader", "stores")
    )


def test_search_filters_order_and_pages(client: Client) -> None:
    """Each part of the query does what it says."""

    def names(query: str) -> list[str]:
        return [job["name"] for job in client.get(f"/api/jobs?{query}").json["jobs"]]

    everything = ["clean up", "invoices", "mail queue", "nightly report", "sync stock"]
    assert everything == names("")
    assert everything[::-1] == names("sort=-name")
    assert ["mail queue"] == names("search=MAIL")
    assert ["invoices", "sync stock"] == names("search=shop")
    assert ["invoices", "sync stock"] == names("tag=shop")
    assert [] == names("tag=sho")
    assert ["sync stock"] == names("state=failed")
    assert ["clean up"] == names("state=paused")
    assert ["clean up", "sync stock"] == names("sort=state")[:2]
    assert ["mail queue", "sync stock"] == names("sort=next")[:2]
    assert everything[2:4] == names("per_page=2&page=2")
    assert [] == names("page=7")
    job = client.get("/api/jobs?search=mail").json["jobs"][0]
    assert ["mail queue"] == names(f"search={job['id'][:12]}")


def test_a_job(client: Client, scheduler: gocron.Scheduler) -> None:
    """A job's document has its schedule in words and as given, its next ten runs, and its last runs, newest first."""
    document = client.get(f"/api/jobs/{job_id(scheduler, 'sync stock')}").json

    assert ("every 10 minutes", "duration_job(0:10:00)") == (document["schedule"], document["definition"])
    assert "2026-05-04T12:10:30.000+02:00" == document["next_runs"][0]
    assert len(document["next_runs"]) == 10
    assert 6 == len(document["runs"])
    newest = document["runs"][0]
    assert "2026-05-04T12:00:30.000+02:00" == newest["scheduled"]
    assert ("fail", 0, 0, 1, None, None) == tuple(
        newest[name] for name in ("outcome", "duration", "lateness", "attempt", "fence", "lock")
    )
    assert "Refused: connection to db-3 refused\n  after 3 attempts" == newest["error"]


def test_times_around_a_change_of_clocks() -> None:
    """Next runs carry the offset that holds then."""
    clock = FakeClock(datetime(2026, 10, 24, 22, 30))  # noqa: DTZ001 - UTC
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("Europe/Berlin")) as scheduler:
        job = scheduler.new_job(gocron.cron_job("*/30 * * * *"), gocron.new_task(int))
        runs = Client(dashboard.app(scheduler)).get(f"/api/jobs/{job.id()}").json["next_runs"]

    assert [
        "02:00:00.000+02:00", "02:30:00.000+02:00", "02:00:00.000+01:00", "02:30:00.000+01:00"
    ] == [each[11:] for each in runs[2:6]]  # fmt: skip


def test_running_late_and_waiting() -> None:
    """A job that runs, one that waits for itself, and one that began late are shown as such."""
    clock, gate, begun = FakeClock(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait(30)

    options = gocron.with_clock(clock), gocron.with_location("UTC"), gocron.with_logger(Silent())
    with gocron.new_scheduler(*options) as scheduler:
        busy = scheduler.new_job(
            gocron.duration_job(timedelta(minutes=1)),
            gocron.new_task(work),
            gocron.with_name("busy"),
            gocron.with_singleton_mode(gocron.LimitMode.WAIT),
        )
        late = scheduler.new_job(
            gocron.duration_job(timedelta(minutes=5)), gocron.new_task(int), gocron.with_name("late")
        )
        clock.advance(timedelta(minutes=2))
        assert begun.wait(30)
        client = Client(dashboard.app(scheduler))
        document = client.get(f"/api/jobs/{busy.id()}").json
        assert ("running", 1, 1) == (document["state"], document["running"], document["waiting"])
        assert "2024-01-01T00:01:00.000+00:00" == document["running_since"]
        assert [document["name"]] == [job["name"] for job in client.get("/api/overview").json["running"]]
        lane = client.get("/api/timeline").json["jobs"][0]
        assert ("busy", "2024-01-01T00:01:00.000+00:00") == (lane["name"], lane["running_since"])
        gate.set()
        wait_for_runs(scheduler)
        clock.set(clock.now() + timedelta(minutes=30))  # a laptop that slept
        wait_for_runs(scheduler)
        document = client.get(f"/api/jobs/{late.id()}").json
        assert ("late", 1620.0) == (document["state"], document["runs"][0]["lateness"])
        assert ["late"] == [job["name"] for job in client.get("/api/jobs?state=late&search=late").json["jobs"]]
        patient = Client(dashboard.app(scheduler, late_after=timedelta(hours=1)))
        assert "ok" == patient.get(f"/api/jobs/{late.id()}").json["state"]


def test_history_that_is_not_kept_is_not_guessed() -> None:
    """Where the history is shorter than the hour the timeline says from when on it is known."""
    with shop() as (scheduler, clock):
        clock.advance(timedelta(hours=2))
        wait_for_runs(scheduler)
        lanes = {lane["name"]: lane for lane in Client(dashboard.app(scheduler)).get("/api/timeline").json["jobs"]}
        scheduler.new_job(
            gocron.duration_job(timedelta(seconds=30)),
            gocron.new_task(int),
            gocron.with_name("often"),
            gocron.with_history_size(4),
        )
        clock.advance(timedelta(minutes=10))
        wait_for_runs(scheduler)
        often = Client(dashboard.app(scheduler)).get("/api/timeline?search=often").json["jobs"][0]

    assert lanes["mail queue"]["kept_since"] is None
    assert 12 <= len(lanes["mail queue"]["runs"]) <= 13
    assert (4, often["runs"][0]["start"]) == (len(often["runs"]), often["kept_since"])
    assert (60, True) == (len(often["ticks"]), often["more_ticks"])


def test_states_of_a_scheduler() -> None:
    """Stopped, started, paused, shut down; and what is left to see of jobs."""
    scheduler = gocron.new_scheduler(gocron.with_clock(FakeClock()), gocron.with_logger(Silent()))
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("one"))
    client = Client(dashboard.app(scheduler, actions=True, authorize=allow))
    states = []

    def look() -> None:
        document = client.get("/api/overview").json
        check("/api/overview", client.get("/api/overview"))
        states.append((document["scheduler"]["state"], [job["state"] for job in client.get("/api/jobs").json["jobs"]]))
        assert client.get("/").status == client.get("/jobs").status == client.get("/timeline").status == 200

    look()
    scheduler.start()
    look()
    assert {"done": "pause"} == client.change("/api/scheduler/pause").json
    look()
    assert {"done": "resume"} == client.change("/api/scheduler/resume").json
    look()
    scheduler.shutdown()
    look()

    assert [
        ("stopped", ["new"]), ("started", ["new"]), ("paused", ["paused"]), ("started", ["new"]), ("shut_down", [])
    ] == states  # fmt: skip


def test_actions() -> None:
    """Run now, pause, resume and remove do what they say, and answer as the file says."""
    with shop() as (scheduler, _):
        client = Client(dashboard.app(scheduler, actions=True, authorize=allow))
        job = next(job for job in scheduler.jobs() if job.name() == "nightly report")
        path = f"/api/jobs/{job.id()}"
        for change in ("run", "pause", "resume"):
            answer = client.change(f"{path}/{change}")
            check(f"/api/jobs/{{id}}/{change}", answer, "post")
            assert ({"done": change}, change == "pause") == (answer.json, job.is_paused())
        wait_for_runs(scheduler)
        assert 1 == len(job.history())
        assert {"done": "remove"} == client.change(f"{path}/remove").json
        gone = client.change(f"{path}/remove")
        check("/api/jobs/{id}/remove", gone, "post")
        assert (404, 404) == (gone.status, client.get(f"/jobs/{job.id()}").status)
        scheduler.stop_jobs()
        refused = client.change(f"/api/jobs/{job_id(scheduler, 'mail queue')}/run")
        check("/api/jobs/{id}/run", refused, "post")
        assert (409, "It cannot run now: the scheduler is not started.") == (refused.status, refused.json["error"])


def test_run_now_on_one_that_does_not_lead() -> None:
    """An instance whose elector says that another one leads refuses, and says why."""
    store = MemoryStore()
    first, second = MemoryElector(store), MemoryElector(store)
    first.is_leader(gocron.context.background())
    with shop(gocron.with_distributed_elector(second)) as (scheduler, _):
        client = Client(dashboard.app(scheduler, actions=True, authorize=allow))
        with pytest.raises(gocron.NotLeader):
            second.is_leader(gocron.context.background())
        answer = client.change(f"/api/jobs/{job_id(scheduler, 'mail queue')}/run")
        overview = client.get("/api/overview").json["scheduler"]
    first.close()
    second.close()

    assert (409, False) == (answer.status, overview["leader"])
    assert "does not lead" in answer.json["error"]


def test_instances_and_tick_events() -> None:
    """With a tick locker there is its store, the process itself, and what it ran, as the file says."""
    locker = MemoryTickLocker()
    clock = FakeClock()
    options = gocron.with_clock(clock), gocron.with_logger(Silent()), gocron.with_distributed_locker(locker)
    with gocron.new_scheduler(*options, gocron.with_location("UTC")) as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("shared")
        )
        client = Client(dashboard.app(scheduler))
        job.run_now()
        wait_for_runs(scheduler)
        wait_until(locker.instances)
        locker._events.tell(scheduler._report, gocron.distributed.TickEventKind.LOST, "shared", None, "<b>gone</b>")
        document = client.get(f"/api/jobs/{job.id()}")
        check("/api/jobs/{id}", document)
        events, instances = client.get("/api/events"), client.get("/api/instances")
        check("/api/events", events)
        check("/api/instances", instances)
        pages = [client.get(path).text for path in ("/events", "/instances", f"/jobs/{job.id()}", "/")]
        only = client.get("/api/events?outcome=tick_lost").json["events"]
    locker.close()

    assert ("MemoryTickLocker", "won") == (document.json["locker"], document.json["runs"][0]["lock"])
    assert [True] == [store["reachable"] for store in instances.json["stores"]]
    assert [True] == [one["here"] for one in instances.json["instances"]]
    assert [("shared", str(job.id()))] == [(one["job"]["name"], one["job"]["id"]) for one in only]
    assert "&lt;b&gt;gone&lt;/b&gt;" in pages[0]
    assert not any("<b>gone" in page for page in pages)


@pytest.mark.slow
def test_overview_of_one_of_several() -> None:
    """Runs that another instance had are not this process's; who had them is there, with host and pid."""
    clock = FakeClock()
    store = MemoryStore(clock)
    lockers = [MemoryTickLocker(store) for _ in range(3)]
    made = [
        gocron.new_scheduler(
            gocron.with_distributed_locker(locker), gocron.with_logger(Silent()), gocron.with_clock(clock)
        )
        for locker in lockers
    ]
    try:
        for scheduler in made:
            scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("shared"))
            scheduler.start()
        for _ in range(2):
            clock.advance(timedelta(hours=1))
            for scheduler in made:
                wait_for_runs(scheduler)
        clients = [Client(dashboard.app(scheduler)) for scheduler in made]
        wait_until(lambda: all(len(each.get("/api/overview").json["fleet"]) == 2 for each in clients))
        seen = [client.get("/api/overview") for client in clients]
        page = clients[0].get("/").text
        skipped = [client.get("/api/events?outcome=skip").json["matching"] for client in clients]
    finally:
        for scheduler in made:
            scheduler.shutdown()
        for locker in lockers:
            locker.close()
    for answer in seen:
        check("/api/overview", answer)
        assert answer.json["shared"] is True
        assert {"success"} >= {event["outcome"] for event in answer.json["latest"]}
        assert {os.getpid()} == {run["instance"]["pid"] for run in answer.json["fleet"]}
    assert 2 == sum(len(answer.json["latest"]) for answer in seen)
    assert 4 == sum(skipped)  # the events have them all
    assert "Latest runs of all instances" in page
    assert "within some ten seconds" in page
    assert "This process has run no job yet." in page
    assert '<span data-show="shared"> in this process</span>' in page  # of the others' failures it knows nothing


def test_overview_of_one_alone(client: Client) -> None:
    """Without a tick locker there is nothing of a fleet to be seen."""
    seen = client.get("/api/overview").json

    assert (False, []) == (seen["shared"], seen["fleet"])
