"""The jobs of the tests' fleets, by name for the processes that run them."""

from __future__ import annotations

from datetime import timedelta

from gocron_py import cron_job, duration_job
from gocron_py.demo.jobs import FleetJob


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


ROUGH = (
    FleetJob("fast", "", duration_job(seconds(0.2)), policy={"overlap": True, "start_deadline": seconds(3)}),
    FleetJob("second", "", duration_job(seconds(1)), 0.02, policy={"start_deadline": seconds(3)}),
    FleetJob(
        "rerun",
        "",
        duration_job(seconds(3)),
        1.5,
        policy={"on_crash": "rerun", "max_attempts": 20, "start_deadline": seconds(4)},
    ),
    FleetJob("skip", "", duration_job(seconds(3)), 1.5, policy={"start_deadline": seconds(4)}),
)

# On a server, where leases tell who lives.
SERVER = (
    FleetJob(
        "fast",
        "",
        duration_job(seconds(0.2)),
        policy={"overlap": True, "start_deadline": seconds(2), "lease": seconds(2)},
    ),
    FleetJob("second", "", duration_job(seconds(1)), 0.02, policy={"start_deadline": seconds(2), "lease": seconds(2)}),
    FleetJob(
        "rerun",
        "",
        duration_job(seconds(2)),
        0.8,
        policy={"on_crash": "rerun", "max_attempts": 20, "start_deadline": seconds(2), "lease": seconds(2)},
    ),
)

# For stores that allow no interval below 10 s: ten jobs, so that there is a tick each second.
TEN_SECONDS = tuple(
    FleetJob(
        f"at_{second}",
        "",
        cron_job(f"{second}/10 * * * * *", with_seconds=True),
        0.5,
        policy={"on_crash": "rerun", "max_attempts": 20, "start_deadline": seconds(4), "lease": seconds(4)},
    )
    for second in range(10)
)

SHORT_LEASE = (
    FleetJob(
        "frozen",
        "",
        duration_job(seconds(2)),
        0.5,
        policy={"on_crash": "rerun", "max_attempts": 20, "lease": seconds(1), "start_deadline": seconds(1)},
    ),
)

EVERY_FIVE = (
    FleetJob("interval", "", duration_job(seconds(5)), policy={"start_deadline": seconds(3)}),
    FleetJob("old_name", "", duration_job(seconds(1)), policy={"start_deadline": seconds(3)}),
)
EVERY_ONE = (
    FleetJob("interval", "", duration_job(seconds(1)), policy={"start_deadline": seconds(3)}),
    FleetJob("new_name", "", duration_job(seconds(1)), policy={"start_deadline": seconds(3), "key": "old_name"}),
    FleetJob("only_new", "", duration_job(seconds(1)), policy={"start_deadline": seconds(3)}),
)

# With time enough for any machine to be done with an instant before the next.
THOUSAND = tuple(
    FleetJob(f"job{number}", "", cron_job("*/20 * * * * *", with_seconds=True), policy={"start_deadline": seconds(19)})
    for number in range(1000)
)
