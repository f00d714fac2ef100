"""What ``manage.py check`` says of the setting ``GOCRON`` and of the jobs."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from gocron_py.errors import GocronError
from gocron_py.integrations.django import conf, scheduling, tables
from gocron_py.integrations.django.models import LONGEST_NAME
from gocron_py.job import Job


def check_gocron(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """All checks; where the setting is wrong, no others."""
    try:
        conf.check()
    except GocronError as error:
        return [Error(f"GOCRON: {_text(error)}", id="gocron.E001")]
    try:
        jobs = scheduling.process().jobs()
    except GocronError as error:
        return [Error(f"A job cannot be made: {_text(error)}", id="gocron.E002")]
    return [*_names(jobs), *_workers(jobs), *_times()]


def check_tables(app_configs: Any, databases: Any = None, **options: Any) -> list[CheckMessage]:
    """Whether the tables are there; asked of by ``check --database``, as all that has to look into one."""
    if sys.argv[1:2] == ["migrate"]:  # which checks before it makes them
        return []
    try:
        missing = tables.trouble() if conf.database() in (databases or ()) else ""
    except GocronError:  # told by the other checks
        return []
    return [checks.Warning(f"No job can run: {missing}", id="gocron.W004")] if missing else []


def _names(jobs: list[Job]) -> list[CheckMessage]:
    keys = Counter(job._spec.key for job in jobs)
    found: list[CheckMessage] = [
        Error(
            f"{count} jobs have the name {key!r}, by which processes know them.",
            hint="Give each its own: @job(…, name=…).",
            id="gocron.E003",
        )
        for key, count in keys.items()
        if count > 1
    ]
    found += [
        Error(f"The name of a job is longer than {LONGEST_NAME} characters: {job.name()[:40]!r}….", id="gocron.E004")
        for job in jobs
        if len(job.name()) > LONGEST_NAME
    ]
    return found


def _workers(jobs: list[Job]) -> list[CheckMessage]:
    if not conf.autostart() or not jobs:
        return []
    if not any(job._spec.is_unguarded() for job in jobs):
        return []
    return [
        checks.Warning(
            "GOCRON starts a scheduler in each process that serves, without a locker: each runs every job.",
            hint="Leave LOCKER out, and the project's database is the locker.",
            id="gocron.W001",
        )
    ]


def _times() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    location = conf.given().get("LOCATION", settings.TIME_ZONE)
    if str(location) != settings.TIME_ZONE:
        text = f"Jobs run by the clock of {location}, and Django's times are those of {settings.TIME_ZONE}."
        hint = "Leave LOCATION out, or silence this."
        found.append(checks.Warning(text, hint=hint, id="gocron.W002"))
    if not settings.USE_TZ:
        text = "With USE_TZ = False the history of runs has times without their zone: an hour of autumn is there twice."
        found.append(checks.Warning(text, id="gocron.W003"))
    return found


def _text(error: GocronError) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", ())])
