"""The jobs that the demo's processes run: one of each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import final

from gocron_py import cron_job, duration_job, duration_random_job, with_interval_from_completion, with_start_at
from gocron_py.definitions import JobDefinition, Setup
from gocron_py.distributed.policy import PolicyOverrides, TickPolicy, policy_of
from gocron_py.instant import Instant
from gocron_py.job_options import JobOption
from gocron_py.schedules import Schedule
from gocron_py.start_stop import with_start_immediately


@final
@dataclass(frozen=True)
class FleetJob:
    """A job of the fleet.

    :ivar says: when it runs, for people.
    :ivar work: how long its task takes, in seconds.
    :ivar on_grid: whether its ticks are known beforehand, so that one that is missing is noticed.
    :ivar task: what it does instead of waiting for so long.
    """

    name: str
    says: str
    definition: JobDefinition
    work: float = 0.0
    options: Sequence[JobOption] = ()
    policy: PolicyOverrides = field(default_factory=PolicyOverrides)
    on_grid: bool = True
    task: Callable[[], object] | None = None

    def schedule(self, now: Instant) -> Schedule:
        """The schedule as each of the processes makes it."""
        return self.definition.build(Setup(UTC, now, grid=self.policy.get("key") or self.name))

    def tick_policy(self) -> TickPolicy:
        """The policy as each of the processes has it."""
        return policy_of(**self.policy)


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


JOBS: Sequence[FleetJob] = (
    FleetJob(
        "beat",
        "every 200 ms",
        duration_job(_seconds(0.2)),
        policy={"overlap": True, "start_deadline": _seconds(2), "catch_up": "all"},
    ),
    FleetJob(
        "second",
        "every second",
        duration_job(_seconds(1)),
        0.05,
        policy={"start_deadline": _seconds(2), "catch_up": "all"},
    ),
    FleetJob(
        "cron",
        "*/2 * * * * *",
        cron_job("*/2 * * * * *", with_seconds=True),
        policy={"start_deadline": _seconds(2), "catch_up": "all"},
    ),
    FleetJob(
        "random",
        "0.5 to 1.5 s apart",
        duration_random_job(_seconds(0.5), _seconds(1.5)),
        policy={"start_deadline": _seconds(2), "catch_up": "all"},
    ),
    FleetJob(
        "long",
        "every 4 s, rerun",
        duration_job(_seconds(4)),
        2.0,
        policy={"on_crash": "rerun", "start_deadline": _seconds(4), "max_attempts": 10},
    ),
    FleetJob(
        "rest",
        "1 s after its end",
        duration_job(_seconds(1)),
        0.3,
        options=(with_interval_from_completion(),),
        on_grid=False,
    ),
    FleetJob(
        "start",
        "start, every 10 s",
        duration_job(_seconds(10)),
        options=(with_start_at(with_start_immediately()),),
        policy={"start_deadline": _seconds(5)},
    ),
)
