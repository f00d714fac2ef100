"""The jobs of holder_faults.py. They kill their own processes, at the moment that a test is about."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import gocron_py as gocron
from gocron_py.demo.jobs import FleetJob
from gocron_py.distributed.policy import PolicyOverrides

PACE = timedelta(seconds=float(os.environ.get("FLEET_PACE", "2")))
LEASE = timedelta(seconds=1)


def flag(name: str) -> Path:
    """A name that all processes of the fleet see."""
    return Path(os.environ["FLEET_FLAGS"]) / name


def is_first(name: str, text: str = "-") -> bool:
    """Whether nobody said *name* before, or the same *text* was said the first time."""
    try:
        flag(name).symlink_to(text)
    except FileExistsError:
        return text != "-" and str(flag(name).readlink()) == text
    return True


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def has_been(name: str) -> bool:
    return flag(name).is_symlink()


# One after the other, so that no death is in another one's way: "before", "midway", "killer".


def die_before(_id: UUID, _name: str) -> None:
    """Its tick is claimed, and its task has not begun."""
    if is_first("before"):
        die()


def run_after_all() -> None:
    is_first("before is over")


def die_midway() -> None:
    if has_been("before is over") and is_first("midway"):
        die()
    if has_been("midway"):
        is_first("midway is over")


def die_at_the_first_tick() -> None:
    """Whoever runs it, and however often."""
    if has_been("midway is over") and is_first("killer", str(gocron.current_run().tick.at.timestamp())):
        die()


def _rerun(max_attempts: int) -> PolicyOverrides:
    return {
        "on_crash": "rerun",
        "max_attempts": max_attempts,
        "lease": LEASE,
        "start_deadline": PACE,
    }


MOST_ATTEMPTS = 3

WOUNDS = (
    FleetJob(
        "before",
        "",
        gocron.duration_job(PACE),
        options=(gocron.with_event_listeners(gocron.before_job_runs(die_before)),),
        policy=_rerun(10),
        task=run_after_all,
    ),
    FleetJob("midway", "", gocron.duration_job(PACE), policy=_rerun(10), task=die_midway),
    FleetJob("killer", "", gocron.duration_job(PACE), policy=_rerun(MOST_ATTEMPTS), task=die_at_the_first_tick),
)

FREEZES = (FleetJob("frozen", "", gocron.duration_job(PACE), 0.5, policy=_rerun(10)),)

# Hashes tell which process is preferred for a job. So many that one of three is preferred for none once in ten million.
PARTITION = tuple(FleetJob(f"tick{number}", "", gocron.duration_job(PACE), policy=_rerun(10)) for number in range(40))

# As many as a program may have: twenty each second.
MANY = tuple(
    FleetJob(
        f"many{number}",
        "",
        gocron.cron_job(f"{number % 10}/10 * * * * *", with_seconds=True),
        0.1,
        policy={
            "on_crash": "rerun",
            "max_attempts": 20,
            "lease": timedelta(seconds=2),
            "catch_up": "all" if number % 2 else "latest",
        },
    )
    for number in range(200)
)
