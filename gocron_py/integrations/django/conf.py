"""The setting ``GOCRON``: a dict, all of whose keys are optional."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from gocron_py.errors import ErrInvalidArgument
from gocron_py.integrations.django.store import DjangoTickLocker
from gocron_py.integrations.settings import KEYS, check_keys, policy_from, scheduler_options
from gocron_py.options import SchedulerOption
from gocron_py.scheduler import new_scheduler

DATABASE_LOCKER = "database"
"""The default of ``LOCKER``: ticks are claimed in the project's own database."""

ALL_KEYS = (*KEYS, "DATABASE", "HISTORY", "MODULE")

_DEFAULT_HISTORY = 100
_LONGEST_HISTORY = 100_000


def given() -> Mapping[str, Any]:
    """The dict as it is.

    :raises ErrInvalidArgument: it is none, or has a key that is not known.
    """
    value = getattr(settings, "GOCRON", {})
    if not isinstance(value, Mapping):
        raise ErrInvalidArgument("GOCRON must be a dict", got=value)
    check_keys(value, ALL_KEYS)
    return value


def options() -> list[SchedulerOption]:
    """The options of the scheduler.

    :raises ErrInvalidArgument: a value is impossible; the text names its key.
    """
    found = {"LOCATION": settings.TIME_ZONE, "LOCKER": DATABASE_LOCKER, **given()}
    if found["LOCKER"] == DATABASE_LOCKER:
        found["LOCKER"] = DjangoTickLocker(database(), **policy_from(found.pop("POLICY", None), "POLICY"))
    return scheduler_options(found)


def database() -> str:
    """The alias of the database with the tables of this app."""
    alias = given().get("DATABASE", DEFAULT_DB_ALIAS)
    if alias not in list(connections):
        raise ErrInvalidArgument("DATABASE must be the alias of one of DATABASES", got=alias)
    return str(alias)


def history() -> int:
    """How many runs of each job are kept in the database."""
    count = given().get("HISTORY", _DEFAULT_HISTORY)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= _LONGEST_HISTORY:
        raise ErrInvalidArgument(f"HISTORY must be a number from 0 to {_LONGEST_HISTORY:,}", got=count)
    return count


def autostart() -> bool:
    """Whether processes that serve the web run jobs. What is wrong with it is told by the system checks."""
    value = getattr(settings, "GOCRON", {})
    return isinstance(value, Mapping) and value.get("AUTOSTART") is True


def module() -> str:
    """The name of the modules with jobs. What is wrong with it is told by the system checks."""
    value = getattr(settings, "GOCRON", {})
    name = value.get("MODULE", "jobs") if isinstance(value, Mapping) else "jobs"
    return name if isinstance(name, str) and name.isidentifier() else "jobs"


def check() -> None:
    """All of it.

    :raises ErrInvalidArgument: the first thing that is wrong.
    """
    value = given()
    if not isinstance(value.get("AUTOSTART", False), bool):
        raise ErrInvalidArgument("AUTOSTART must be True or False", got=value["AUTOSTART"])
    if value.get("MODULE", "jobs") != module():
        raise ErrInvalidArgument("MODULE must be the name of a module in each app", got=value["MODULE"])
    database()
    history()
    new_scheduler(*options())
