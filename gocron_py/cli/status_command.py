"""``gocron-py status``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from gocron_py.cli.output import console, plain, print_json, styled
from gocron_py.cli.store import opened, store_option
from gocron_py.distributed.presence import Instance


@click.command("status")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@store_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(jobs: tuple[str, ...], store: str, as_json: bool) -> None:
    """Show the instances that share a store, what they ran last, and what is paused.

    Jobs are those of the last runs that instances tell of, and those named as JOB.
    """
    with opened(store) as locker:
        # The locker of this command has no jobs, so it is no instance itself.
        instances = locker.instances()
        everything = locker.is_everything_paused()
        names = sorted({*jobs, *(run.job for instance in instances for run in instance.runs)})
        paused = {name: locker.is_paused(name) for name in names}
    if as_json:
        print_json(_as_json(instances, everything, paused))
    else:
        _print(instances, everything, paused)


def _print(instances: Sequence[Instance], everything: bool, paused: dict[str, bool]) -> None:
    out = console()
    if everything:
        out.print(styled("everything is paused", "yellow bold"))
    table = _table("instance", "host", "pid", "state", "since", "seen")
    for each in instances:
        state = ("leads" if each.leads else "alive") if each.alive else "dead"
        cells = plain(each.label), plain(each.host), str(each.pid), state, _moment(each.since), _moment(each.seen)
        table.add_row(*(styled(cell, "" if each.alive else "dim") for cell in cells))
    out.print(table if instances else styled("no instance has been seen"))
    if not paused:
        return
    jobs = _table("job", "last tick", "outcome", "on", "state")
    for name, is_paused in paused.items():
        runs = [(run, each) for each in instances for run in each.runs if run.job == name]
        last = max(runs, key=lambda pair: pair[0].tick, default=None)
        told = (
            ("-", "-", "-")
            if last is None
            else (_moment(last[0].tick), last[0].outcome, f"{last[1].host} {last[1].pid}")
        )
        jobs.add_row(*(styled(cell) for cell in (name, *told)), styled("paused" if is_paused else "", "yellow"))
    out.print()
    out.print(jobs)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _as_json(instances: Sequence[Instance], everything: bool, paused: dict[str, bool]) -> dict[str, Any]:
    def iso(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    return {
        "everything_paused": everything,
        "instances": [
            {
                "id": each.id,
                "label": each.label,
                "host": each.host,
                "pid": each.pid,
                "since": iso(each.since),
                "seen": iso(each.seen),
                "alive": each.alive,
                "leads": each.leads,
                "runs": [
                    {
                        "job": run.job,
                        "tick": iso(run.tick),
                        "started": iso(run.started),
                        "completed": iso(run.completed),
                        "outcome": run.outcome,
                        "attempt": run.attempt,
                        "fence": run.fence,
                    }
                    for run in each.runs
                ],
            }
            for each in instances
        ],
        "jobs": [{"name": name, "paused": is_paused} for name, is_paused in paused.items()],
    }
