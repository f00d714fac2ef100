"""What docs/security.rst says and no other test holds: about the source as a whole, about secrets, about names."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import os
import re
import socket
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import event

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.dashboard import BasicAuth
from gocron_py.distributed.decision import Record, decode, encode
from gocron_py.distributed.memory import MemoryStore
from gocron_py.distributed.redis import RedisLocker, RedisTickLocker
from gocron_py.distributed.sql import SQLLocker, SQLTickLocker
from gocron_py.testing import FakeClock, wait_for_runs
from tests.dashboard.web_kit import Client
from tests.servers.redis import RedisServer

PACKAGE = Path(gocron.__file__).parent
ROOT = PACKAGE.parent
SECRET = "hunter2-is-a-secret"
HOSTILE = "x']]); redis.call('flushall'); --\"; DROP TABLE gocron_ticks; --"


def found(pattern: str, *directories: Path) -> list[str]:
    """Where there is such a line in the source: file, number of the line and what was found."""
    return [
        f"{file.relative_to(ROOT)}:{number}: {match[0].strip()}"
        for directory in directories
        for file in sorted(directory.rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        for match in re.finditer(pattern, line)
    ]


# -- code ------------------------------------------------------------------------------------------

UNSAFE = "pickle|cPickle|cloudpickle|dill|marshal|shelve|yaml|code|codeop|jsonpickle"

# Who imports by name, and whose name that is: a constant of the package, or what was typed on the command line.
IMPORT_BY_NAME = {
    "gocron_py/cli/__init__.py",
    "gocron_py/cli/loading.py",
    "gocron_py/demo/instance.py",
    "gocron_py/distributed/urls.py",
    "gocron_py/integrations/serving.py",
}


def test_nothing_that_is_read_becomes_code() -> None:
    """The package neither unpickles nor evaluates; names are imported in five places, none of which knows a store."""
    by_name = {place.split(":")[0] for place in found(r"import_module\(", PACKAGE)}

    assert found(rf"^\s*(import|from) ({UNSAFE})\b", PACKAGE) == []
    assert found(r"(?<![.\w])(eval|exec|compile|__import__)\(", PACKAGE) == []
    assert by_name == IMPORT_BY_NAME


def test_a_record_has_a_largest_size() -> None:
    """What is longer than any record is corrupt before anybody reads it."""
    record = Record("job", 1, (1,), 1, (), None)
    assert decode(encode(record), "job") == record

    with pytest.raises(gocron.StoreCorrupt, match=r"characters"):
        decode(encode(record).replace('"job"', '"job"' + " " * 2**20), "job")


# -- TLS -------------------------------------------------------------------------------------------

OFF = (
    r"\b(verify|verify_ssl|check_hostname|ssl_check_hostname|assert_hostname)\s*=\s*False"
    r"|\bcert_reqs\s*=\s*(None|.none)|\bssl_cert_reqs\s*=\s*(None|.none)|CERT_NONE|_create_unverified_context"
)


def test_tls_is_never_left_unverified() -> None:
    """Neither the package nor an example switches the verification of certificates off, by argument or attribute."""
    assert found(OFF, PACKAGE, ROOT / "examples") == []

    manifests = [path for path in (ROOT / "examples" / "deploy").rglob("*") if path.is_file()]
    assert manifests
    assert [
        path for path in manifests if re.search(r"insecure|skip.?verify|verify=false", path.read_text(), re.IGNORECASE)
    ] == []


# -- scripts and statements ---------------------------------------------------------------------------


@pytest.mark.slow
def test_scripts_and_statements_are_constants(
    redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile name changes no script that Redis gets and no statement that a database gets."""
    import redis

    scripts: set[str] = set()
    evaluate = redis.Redis.eval

    def spy(self: Any, script: str, *arguments: Any) -> Any:
        scripts.add(script)
        return evaluate(self, script, *arguments)

    monkeypatch.setattr(redis.Redis, "eval", spy)
    statements: set[str] = set()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'jobs.db'}")

    @event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def listen(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.add(statement)

    server = redis.Redis.from_url(redis_server.url)
    try:

        def texts(name: str) -> set[str]:
            scripts.clear()
            statements.clear()
            server.script_flush()
            for locker in (RedisTickLocker(server), RedisLocker(server), SQLTickLocker(engine), SQLLocker(engine)):
                run_one(locker, name)
                locker.close()
            assert len(scripts) >= 2
            assert len(statements) >= 4
            return scripts | statements

        plain = texts("plain")
        hostile = texts(HOSTILE) | texts(HOSTILE * 20)
        assert not [text for text in hostile if "flushall" in text or "DROP" in text]
        # A name without malice leads to each of them. Not at once: which heartbeats a run meets is a matter of time.
        end = time.monotonic() + 30
        while hostile - plain:
            assert time.monotonic() < end, hostile - plain
            plain |= texts("plain")
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", listen)
        server.close()
        engine.dispose()


def run_one(locker: gocron.Locker, name: str) -> None:
    """A job of that name runs once under the locker."""
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(hours=1)), gocron.new_task(lambda: None), gocron.with_name(name)
        )
        job.run_now()
        wait_for_runs(scheduler, timeout=timedelta(seconds=30))
        assert [run.outcome for run in job.history()] == [gocron.JobStatus.SUCCESS]


# -- secrets ---------------------------------------------------------------------------------------


def test_passwords_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is compared with every user by the function that takes as long for every text; none is kept."""
    compared, compare = [], hmac.compare_digest

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    auth = BasicAuth({"ann": SECRET, "bob": "b", "cid": "c"})
    for given in (f"ann:{SECRET}", "ann:wrong", "nobody:at all"):
        header = "Basic " + base64.b64encode(given.encode()).decode()
        assert auth({"HTTP_AUTHORIZATION": header}, "read", None) is (SECRET in given)

    assert len(compared) == 9
    assert SECRET not in repr(vars(auth)) + repr(auth)


def test_arguments_of_tasks_are_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """A run fails with a secret among its arguments: the log, the history, what is printed and the pages lack it."""

    def fail(password: str, *, token: str) -> None:
        raise ValueError("it went wrong")

    caplog.set_level(logging.DEBUG, logger="gocron_py")
    clock = FakeClock()
    with gocron.new_scheduler(gocron.with_clock(clock)) as scheduler:
        task = gocron.new_task(fail, SECRET, token=SECRET)
        job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), task, gocron.with_name("job"))
        clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
        client = Client(dashboard.app(scheduler))
        pages = [
            client.get(path).text for path in ("/", "/jobs", f"/jobs/{job.id()}", "/events", f"/api/jobs/{job.id()}")
        ]
        shown = [caplog.text, repr(task), repr(job), repr(scheduler), repr(job.history()), *pages]

    assert "it went wrong" in caplog.text
    assert "it went wrong" in pages[2]
    assert [text[:80] for text in shown if SECRET in text] == []


# -- names ------------------------------------------------------------------------------------------


def test_no_name_makes_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """A name with line breaks and control characters, in any message about its job, is escaped."""
    caplog.set_level(logging.DEBUG, logger="gocron_py")
    name = "job\n2026-01-01 ERROR root: forged\r\x1b[2J\u2028"
    with gocron.new_scheduler() as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(hours=1)), gocron.new_task(lambda: 1 / 0), gocron.with_name(name)
        )
        job.pause()
        job.resume()
        job.run_now()
        wait_for_runs(scheduler)

    messages = [record.getMessage() for record in caplog.records if "job" in json.dumps(vars(record), default=str)]
    assert len(messages) >= 3
    assert [each for each in messages if re.search(r"[\x00-\x1f\u2028]", each)] == []


def test_two_processes_of_one_host_are_two_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    """In two containers host and number of the process may be the same; the rest of the name is random."""
    monkeypatch.setattr(socket, "gethostname", lambda: "web")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    owners = {MemoryStore().owner() for _ in range(100)}

    assert len(owners) == 100
