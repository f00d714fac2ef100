"""What the configurations of web frameworks have in common: their keys, and the options of a scheduler made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta, tzinfo
from typing import Any, cast

from gocron_py.distributed import Locker
from gocron_py.distributed.policy import policy_of
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.urls import tick_locker
from gocron_py.errors import ErrInvalidArgument, satisfies
from gocron_py.option_names import check_option
from gocron_py.options import (
    SchedulerOption,
    with_distributed_locker,
    with_location,
    with_stop_timeout,
)

KEYS = ("AUTOSTART", "LOCATION", "LOCKER", "OPTIONS", "POLICY", "STOP_TIMEOUT")
"""Those that all frameworks have."""


def check_keys(given: Iterable[str], known: Iterable[str], prefix: str = "") -> None:
    """:raises ErrInvalidArgument: a key is not known."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        names = ", ".join(f"{prefix}{name}" for name in sorted(known))
        raise ErrInvalidArgument(f"unknown setting {prefix}{unknown[0]!s:.80}; there are {names}")


def scheduler_options(settings: Mapping[str, Any], prefix: str = "") -> list[SchedulerOption]:
    """The options of the scheduler. What stands under ``OPTIONS`` comes last, and has the last word.

    :param settings: keys without their prefix.
    :param prefix: for the texts of errors.
    :raises ErrInvalidArgument: a value is impossible; the text names its key.
    """
    options: list[SchedulerOption] = []
    location = settings.get("LOCATION")
    if location is not None:
        if not isinstance(location, str | tzinfo):
            raise ErrInvalidArgument(f"{prefix}LOCATION must be the name of a zone, or a tzinfo", got=location)
        options.append(with_location(location))
    if settings.get("STOP_TIMEOUT") is not None:
        options.append(with_stop_timeout(_duration(settings["STOP_TIMEOUT"], f"{prefix}STOP_TIMEOUT")))
    locker = locker_from(settings.get("LOCKER"), settings.get("POLICY"), prefix)
    if locker is not None:
        options.append(with_distributed_locker(locker))
    more = settings.get("OPTIONS") or ()
    if isinstance(more, str) or not isinstance(more, Iterable):
        raise ErrInvalidArgument(f"{prefix}OPTIONS must be a list of options of new_scheduler", got=more)
    for option in more:
        check_option(option, SchedulerOption, f"each of {prefix}OPTIONS")
        options.append(option)
    return options


def locker_from(given: object, policy: object, prefix: str = "") -> Locker | None:
    """A locker, or what one is made of: the path of a SQLite file, or a URL.

    :param policy: the fields of a :class:`~gocron_py.TickPolicy`, for a locker that is made here.
    """
    fields = policy_from(policy, f"{prefix}POLICY")
    if given is None or satisfies(given, Locker):
        if fields:
            raise ErrInvalidArgument(f"{prefix}POLICY is for a locker that {prefix}LOCKER names by a path or URL")
        return cast("Locker | None", given)
    if isinstance(given, os.PathLike) or (isinstance(given, str) and given and "://" not in given):
        return SQLiteTickLocker(given, **fields)
    if isinstance(given, str) and given:
        return tick_locker(given, **fields)
    raise ErrInvalidArgument(f"{prefix}LOCKER must be a locker, the path of a SQLite file, or a URL", got=given)


def policy_from(given: object, name: str) -> dict[str, Any]:
    """The fields of a tick policy, checked.

    :raises ErrInvalidArgument: they are not; the text has *name*.
    """
    fields = {} if given is None else given
    if not isinstance(fields, Mapping) or not all(isinstance(key, str) for key in fields):
        raise ErrInvalidArgument(f"{name} must be a dict of the fields of a tick policy", got=given)
    policy_of(**fields)
    return dict(fields)


def _duration(given: object, name: str) -> timedelta:
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < 1e9:
        return timedelta(seconds=given)
    if not isinstance(given, timedelta):
        raise ErrInvalidArgument(f"{name} must be a number of seconds, or a timedelta", got=given)
    return given
