"""Python, packages, and the data on time zones."""

from __future__ import annotations

import platform
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from gocron_py.cli.checks import Finding, State
from gocron_py.schedules.wall_time import local_location

_PACKAGES: Final = (
    "gocron_py", "croniter", "python-dateutil", "click", "rich", "redis", "cslab-etcd3", "kubernetes", "SQLAlchemy",
    "Flask", "Django", "prometheus-client", "opentelemetry-api",
)  # fmt: skip

# The rules of zones change several times a year.
_OLDEST_YEARS: Final = 3


def check_versions() -> Iterator[Finding]:
    """Those that are installed."""
    yield Finding("python", State.OK, f"{platform.python_implementation()} {platform.python_version()}")
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    yield Finding("packages", State.OK, ", ".join(found))


def check_zones() -> Iterator[Finding]:
    """Where the data comes from, how old it is, and what the machine's zone is."""
    try:
        ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        yield Finding("zones", State.FAILURE, "there is no time zone database: pip install tzdata")
        return
    release, where = _source()
    if release is None:
        yield Finding("zones", State.WARNING, f"{where}: its version is not told")
    elif int(release[:4]) < datetime.now(UTC).year - _OLDEST_YEARS:
        yield Finding("zones", State.WARNING, f"{where}: version {release} is old; zones change their rules")
    else:
        yield Finding("zones", State.OK, f"version {release}, {where}")
    location = local_location()
    if isinstance(location, ZoneInfo):
        yield Finding("zones", State.OK, f"this machine's zone is {location.key}")
    else:
        yield Finding(
            "zones", State.WARNING, "this machine's zone is none of the database: its next changes are unknown"
        )


def _source() -> tuple[str | None, str]:
    """The version of the data, if it is told, and where it is."""
    for directory in map(Path, zoneinfo.TZPATH):
        if (directory / "Europe" / "Berlin").exists():
            return _release(directory), str(directory)
    if find_spec("tzdata") is None:
        return None, "unknown"
    return version("tzdata"), "the package tzdata"


def _release(directory: Path) -> str | None:
    for name, prefix in (("tzdata.zi", "# version "), ("+VERSION", "")):
        try:
            with (directory / name).open(encoding="ascii", errors="replace") as file:
                line = file.readline().strip()
        except OSError:
            continue
        release = line.removeprefix(prefix)
        if line.startswith(prefix) and release[:4].isdigit():
            return release
    return None
