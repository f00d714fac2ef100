"""Metrics for Prometheus, read from the real exposition by prometheus_client's own parser."""

from __future__ import annotations

import gc
import json
import math
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from served import EXAMPLES, Serve, Served, until

import gocron_py as gocron
from gocron_py.distributed import TickEvent, TickEventKind
from gocron_py.distributed.memory import MemoryElector, MemoryStore, MemoryTickLocker
from gocron_py.integrations.prometheus import PrometheusMonitor
from gocron_py.testing import FakeClock, wait_for_runs

HOUR = timedelta(hours=1)
MONITORING = EXAMPLES / "monitoring"


class Page:
    """An exposition, parsed."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._values = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        """One value; ``None``: there is no such series."""
        return self._values.get((f"gocron_{name}", tuple(sorted(labels.items()))))

    def jobs(self) -> set[str]:
        return {dict(labels)["job_name"] for _, labels in self._values if "job_name" in dict(labels)}


def page(registry: CollectorRegistry) -> Page:
    return Page(generate_latest(registry).decode())


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def scheduler(fake_clock: FakeClock, registry: CollectorRegistry) -> Iterator[gocron.Scheduler]:
    """A started one with a monitor."""
    monitor = PrometheusMonitor(registry, keep_removed=timedelta(0))
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(monitor)) as scheduler:
        yield scheduler


def go_on(clock: FakeClock, scheduler: gocron.Scheduler, by: timedelta = HOUR) -> None:
    clock.advance(by)
    wait_for_runs(scheduler)


# -- one process ---------------------------------------------------------------------------------------------


def test_runs(fake_clock: FakeClock, scheduler: gocron.Scheduler, registry: CollectorRegistry) -> None:
    """Outcomes are counted from zero on; durations, lateness, the next run and the last ones are the clock's."""
    errors = iter([None, OSError("disk full"), None, OSError("disk full")])

    def back_up() -> Exception | None:
        fake_clock.advance(timedelta(seconds=30))
        return next(errors)

    job = scheduler.new_job(gocron.cron_job("0 * * * *"), gocron.new_task(back_up), gocron.with_name("backup"))
    before = page(registry)
    assert before("runs_total", job_name="backup", outcome="fail") == 0
    assert before("last_success_timestamp_seconds", job_name="backup") is None
    for _ in range(4):
        upcoming = job.next_run()
        assert upcoming is not None
        go_on(fake_clock, scheduler, upcoming - fake_clock.now())  # not beyond it: that would be the task's time too
    after = page(registry)
    outcomes = ("success", "fail", "skip", "singleton_rescheduled")
    assert [after("runs_total", job_name="backup", outcome=outcome) for outcome in outcomes] == [2, 2, 0, 0]
    assert after("run_duration_seconds_sum", job_name="backup", outcome="success") == 60
    assert after("run_duration_seconds_bucket", job_name="backup", outcome="fail", le="15.0") == 0
    assert after("run_duration_seconds_bucket", job_name="backup", outcome="fail", le="60.0") == 2
    assert after("run_lateness_seconds_count", job_name="backup") == 4
    assert after("runs_in_progress", job_name="backup") == 0
    upcoming, history = job.next_run(), job.history()
    assert upcoming is not None
    assert after("next_run_timestamp_seconds", job_name="backup") == upcoming.timestamp()
    for what, run in ("success", history[2]), ("failure", history[3]):
        assert run.completed is not None
        assert after(f"last_{what}_timestamp_seconds", job_name="backup") == run.completed.timestamp()
    assert after("locks_total", job_name="backup", outcome="won") is None
    assert after("schedulers_started") == 1


def test_what_goes_on(fake_clock: FakeClock, scheduler: gocron.Scheduler, registry: CollectorRegistry) -> None:
    """Runs in progress are counted while they are, and limits that are reached."""
    begun, end = threading.Semaphore(0), threading.Event()

    def work() -> None:
        begun.release()
        end.wait(30)

    job = scheduler.new_job(
        gocron.duration_job(HOUR),
        gocron.new_task(work),
        gocron.with_name("long"),
        gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
    )
    job.run_now()
    assert begun.acquire(timeout=30)
    assert page(registry)("runs_in_progress", job_name="long") == 1
    fake_clock.advance(HOUR)
    until(lambda: page(registry)("limit_reached_total", job_name="long", limit="singleton") == 1)
    assert page(registry)("runs_total", job_name="long", outcome="singleton_rescheduled") == 1
    end.set()
    wait_for_runs(scheduler)
    assert page(registry)("runs_in_progress", job_name="long") == 0


def test_locks_and_ticks(fake_clock: FakeClock, registry: CollectorRegistry) -> None:
    """Two schedulers share a tick locker's store: one wins each tick, for the other it is held; events are counted."""
    store, monitor = MemoryStore(fake_clock), PrometheusMonitor(registry)
    others = CollectorRegistry()
    lockers = MemoryTickLocker(store), MemoryTickLocker(store)
    schedulers = []
    for locker, each in zip(lockers, (monitor, PrometheusMonitor(others)), strict=True):
        options = gocron.with_clock(fake_clock), gocron.with_distributed_locker(locker)
        scheduler = gocron.new_scheduler(*options, gocron.with_scheduler_monitor(each))
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_name("sync"))
        scheduler.start()
        schedulers.append(scheduler)
    assert page(registry)("locks_total", job_name="sync", outcome="error") == 0
    for _ in range(3):
        fake_clock.advance(HOUR)
        for scheduler in schedulers:
            wait_for_runs(scheduler)
    pages = page(registry), page(others)
    won, held, errors = (
        [one("locks_total", job_name="sync", outcome=answer) or 0 for one in pages]
        for answer in ("won", "held", "error")
    )
    assert (sum(won), sum(held), sum(errors)) == (3, 3, 0)
    assert [one("store_reachable", store="MemoryStore") for one in pages] == [1, 1]
    monitor.tick_event(TickEvent(TickEventKind.LOST, "sync", fake_clock.now(), ""))
    monitor.tick_event(TickEvent(TickEventKind.CORRUPT, "never heard of", None, ""))
    assert page(registry)("tick_events_total", job_name="sync", kind="lost") == 1
    assert page(registry)("tick_events_total", job_name="sync", kind="missed") == 0
    assert page(registry)("tick_events_total", job_name="(other)", kind="corrupt") == 1
    for scheduler in schedulers:
        scheduler.shutdown()
    assert page(registry)("schedulers_started") == 0
    for locker in lockers:
        locker.close()


def test_who_leads(fake_clock: FakeClock, registry: CollectorRegistry) -> None:
    """A campaign that has begun has a leader; after it resigned there is none."""
    elector = MemoryElector(MemoryStore())
    options = gocron.with_clock(fake_clock), gocron.with_distributed_elector(elector)
    monitor = PrometheusMonitor(registry)
    with gocron.new_scheduler(*options, gocron.with_scheduler_monitor(monitor)) as scheduler:
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_name("sync"))
        assert page(registry)("leader", elector="MemoryElector") is None
        go_on(fake_clock, scheduler)
        monitor._board.look()
        until(lambda: page(registry)("leader", elector="MemoryElector") == 1)
        elector.close()
        monitor._board.look()
        until(lambda: page(registry)("leader", elector="MemoryElector") == 0)


def test_series_of_removed_jobs_go(
    fake_clock: FakeClock, scheduler: gocron.Scheduler, registry: CollectorRegistry
) -> None:
    """They go, once the time is over for which they are kept; those of a job that is updated stay, and count on."""
    task = gocron.new_task(int)
    job = scheduler.new_job(gocron.duration_job(HOUR), task, gocron.with_name("old"))
    stays = scheduler.new_job(gocron.duration_job(HOUR), task, gocron.with_name("stays"))
    go_on(fake_clock, scheduler)
    scheduler.update(stays.id(), gocron.duration_job(HOUR), task, gocron.with_name("stays"))
    scheduler.remove_job(job.id())
    until(lambda: "old" not in page(registry).jobs() or look(scheduler))
    assert page(registry)("runs_total", job_name="stays", outcome="success") == 1
    assert page(registry).jobs() == {"stays"}


def look(scheduler: gocron.Scheduler) -> None:
    monitor = scheduler._settings.scheduler_monitor
    assert isinstance(monitor, PrometheusMonitor)
    monitor._board.look()


def test_a_job_that_ran_once_is_seen(fake_clock: FakeClock, registry: CollectorRegistry) -> None:
    """The only run of a job is on the page after the job is gone; with the last scheduler the thread ends."""
    monitor = PrometheusMonitor(registry)
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(monitor)) as scheduler:
        once = gocron.one_time_job(gocron.one_time_job_start_immediately())
        options = gocron.with_name("once"), gocron.with_limited_runs(1)
        scheduler.new_job(once, gocron.new_task(int, "no number"), *options)
        until(lambda: not scheduler.jobs())
    assert page(registry)("runs_total", job_name="once", outcome="fail") == 1
    assert math.isnan(page(registry)("next_run_timestamp_seconds", job_name="once") or 0)


def test_two_schedulers_two_monitors_one_registry(fake_clock: FakeClock, registry: CollectorRegistry) -> None:
    """They count in the same metrics; other options for the same registry are refused, as are names that are taken."""
    options = [gocron.with_scheduler_monitor(PrometheusMonitor(registry)) for _ in range(2)]
    schedulers = [gocron.new_scheduler(gocron.with_clock(fake_clock), option) for option in options]
    for scheduler in schedulers:
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_name("shared"))
        scheduler.start()
    fake_clock.advance(HOUR)
    for scheduler in schedulers:
        wait_for_runs(scheduler)
    assert page(registry)("runs_total", job_name="shared", outcome="success") == 2
    assert page(registry)("schedulers_started") == 2
    for scheduler in schedulers:
        scheduler.shutdown()
    with pytest.raises(gocron.ErrInvalidArgument, match="other options"):
        PrometheusMonitor(registry, max_jobs=5)
    Counter("mine_runs", "Somebody else's.", registry=registry)
    with pytest.raises(gocron.ErrInvalidArgument, match="cannot be made"):
        PrometheusMonitor(registry, namespace="mine")


def test_hostile_names(fake_clock: FakeClock, registry: CollectorRegistry) -> None:
    """Quotes, line breaks, lone surrogates and a megabyte are labels like others; those beyond the limit share one."""
    names = ['a"}\n# HELP x', "b\\\r\n", "c\ud800", "d" * 1_000_000, "one too many", "two too many"]
    monitor = PrometheusMonitor(registry, max_jobs=4)
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(monitor)) as scheduler:
        for name in names:
            scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_name(name))
        go_on(fake_clock, scheduler)
        text = generate_latest(registry).decode()
        found = Page(text)
    assert len(text) < 200_000
    assert found.jobs() == {'a"}\\n# HELP x', "b\\\\r\\n", "c\\ud800", "d" * 200, "(other)"}
    assert {found("runs_total", job_name=job, outcome="success") for job in found.jobs() - {"(other)"}} == {1}
    assert found("runs_total", job_name="(other)", outcome="success") == 2
    assert found("next_run_timestamp_seconds", job_name="(other)") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"registry": None},
        {"namespace": "with-dash"},
        {"namespace": 3},
        {"max_jobs": 0},
        {"keep_removed": 10},
        {"keep_removed": timedelta(-1)},
        {"duration_buckets": ()},
        {"duration_buckets": (2, 1)},
        {"lateness_buckets": (1, math.nan)},
        {"lateness_buckets": "no"},
    ],
)
def test_bad_input(wrong: dict[str, Any]) -> None:
    """It is refused where it comes in."""
    with pytest.raises(gocron.ErrInvalidArgument):
        PrometheusMonitor(**{"registry": CollectorRegistry(), **wrong})


def test_a_registry_that_is_dropped_is_let_go() -> None:
    """Metrics do not keep the registry that they were made for."""
    registry = CollectorRegistry()
    PrometheusMonitor(registry)
    from gocron_py.integrations import prometheus_board

    assert registry in prometheus_board._boards
    before = len(prometheus_board._boards)
    del registry
    gc.collect()
    assert len(prometheus_board._boards) < before


# -- several processes -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--preload",)], ids=["", "preload"])
def test_two_workers_of_gunicorn(more: tuple[str, ...], serve: Serve, tmp_path: Path) -> None:
    """One page shows both: each tick won once and refused once; a worker that is killed leaves no gauges behind."""
    files = tmp_path / "metrics"
    files.mkdir()
    options = ["--workers", "2", "--bind", "127.0.0.1:PORT", "--worker-tmp-dir", str(tmp_path)]
    command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", *options, *more, "app:app"]
    served: Served = serve(MONITORING, *command, PROMETHEUS_MULTIPROC_DIR=str(files))

    def scrape() -> Page:
        address = re.search(r"Listening at: (\S+)", served.text())
        assert address is not None
        try:
            with urllib.request.urlopen(f"{address[1]}/metrics", timeout=10) as answer:
                return Page(answer.read().decode())
        except urllib.error.HTTPError:
            # prometheus_client reads files that a new worker is just making; the next scrape has them.
            assert "prometheus_client/mmap_dict.py" in served.text(), served.text()
            return scrape()

    served.until(lambda: len(set(served.schedulers())) == 2)
    served.go_on(3)
    served.until(lambda: scrape()("schedulers_started") == 2)
    served.until(lambda: (scrape()("locks_total", job_name="heartbeat", outcome="held") or 0) >= 3)
    found, ran = scrape(), len(served.runs())
    won = found("locks_total", job_name="heartbeat", outcome="won") or 0
    assert found("runs_total", job_name="heartbeat", outcome="success") == won
    assert 3 <= won <= ran + 1
    assert (found("runs_total", job_name="report", outcome="fail") or 0) >= 3
    assert found("runs_total", job_name="report", outcome="success") == 0
    assert found("store_reachable", store="SQLiteStore") == 1
    assert (found("runs_in_progress", job_name="heartbeat") or 0) in {0, 1}
    last = found("last_success_timestamp_seconds", job_name="heartbeat") or 0
    assert 0 < (found("next_run_timestamp_seconds", job_name="heartbeat") or 0) - last <= 30
    assert not any("pid" in sample.labels for family in found.families.values() for sample in family.samples)

    victim = served.schedulers()[0]
    os.kill(victim, signal.SIGKILL)
    served.until(lambda: len(set(served.schedulers())) == 3)
    served.until(lambda: scrape()("schedulers_started") == 2)
    assert not list(files.glob(f"gauge_live*_{victim}.db"))
    served.go_on(2)
    # What the dead one has counted stays counted.
    served.until(lambda: (scrape()("locks_total", job_name="heartbeat", outcome="won") or 0) >= won + 2)
    served.check_ticks(5)


# -- what operators get ------------------------------------------------------------------------------------------


def expressions() -> dict[str, str]:
    """All that the dashboard and the rules ask for, by where."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    found = {
        f"panel {panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    for rule in yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"][0]["rules"]:
        found[f"alert {rule['alert']}"] = rule["expr"]
    return found


def exposed(registry: CollectorRegistry) -> dict[str, set[str]]:
    """The names of samples, by the metric that they are of; those that say when it was made left out."""
    PrometheusMonitor(registry)
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    families = [family for family in registry.collect() if not family.name.endswith("_created")]
    return {family.name: {family.name + end for end in endings[family.type]} for family in families}


def test_dashboard_and_rules_ask_for_what_there_is(registry: CollectorRegistry) -> None:
    """Each name in them is exposed, and each metric is on the dashboard."""
    metrics = exposed(registry)
    asked = {where: set(re.findall(r"\bgocron_\w+", expression)) for where, expression in expressions().items()}
    every = set().union(*metrics.values())
    assert {where: names - every for where, names in asked.items() if names - every} == {}
    on_dashboard = set().union(*(names for where, names in asked.items() if where.startswith("panel")))
    assert [name for name, samples in metrics.items() if not samples & on_dashboard] == []


def test_the_documents_name_every_metric_and_alert(registry: CollectorRegistry) -> None:
    """The page of the documentation has each metric and says of each alert what to do."""
    text = (EXAMPLES.parent / "docs" / "howto" / "metrics.rst").read_text()
    names = {name + ("_total" if f"{name}_total" in samples else "") for name, samples in exposed(registry).items()}
    alerts = {where.removeprefix("alert ") for where in expressions() if where.startswith("alert")}
    assert [name for name in sorted(names | alerts) if f"``{name}``" not in text] == []


@pytest.fixture
def promtool() -> str:
    """Debian's package prometheus has it."""
    found = shutil.which("promtool")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing (Debian: prometheus)")
        pytest.skip("there is no promtool (Debian: prometheus)")
    return found


def checked(*command: str, directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rules_are_valid_and_fire(promtool: str, tmp_path: Path) -> None:
    """promtool accepts the rules and the configuration; each alert fires in its made-up case, and not in the other."""
    copy = shutil.copytree(MONITORING, tmp_path / "monitoring")
    assert "7 rules found" in checked(promtool, "check", "rules", "rules.yml", directory=copy)
    checked(promtool, "check", "config", "prometheus.yml", directory=copy)
    assert "SUCCESS" in checked(promtool, "test", "rules", "rules_test.yml", directory=copy)
    tested = (MONITORING / "rules_test.yml").read_text()
    rules = yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules if rule["alert"] not in tested] == []


def test_the_dashboard_asks_in_promql(promtool: str, tmp_path: Path) -> None:
    """promtool accepts each question of the dashboard, with its variables filled in; panels do not overlap."""
    rules = []
    for number, expression in enumerate(expressions().values()):
        filled = re.sub(r"\$__(?:rate_interval|range)\b", "5m", expression)
        rules.append({"record": f"question_{number}", "expr": re.sub(r"\$job(?:_name)?\b", ".*", filled)})
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert f"{len(rules)} rules found" in checked(promtool, "check", "rules", "rules.yml", directory=tmp_path)
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
