"""``flask gocron``: the jobs of an application on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from gocron_py.errors import GocronError
from gocron_py.integrations.declared import ProcessScheduler, upcoming
from gocron_py.job import Job
from gocron_py.monitor import JobStatus
from gocron_py.printable import printable
from gocron_py.words import describe


def commands(jobs: ProcessScheduler) -> AppGroup:
    """The group of commands of one application."""
    group = AppGroup("gocron", help="The scheduled jobs.")
    group.add_command(click.Command("jobs", callback=lambda: _list(jobs), help="List the jobs."))

    @group.command("next")
    @click.argument("name")
    @click.option("-n", "count", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many.")
    def show_next(name: str, count: int) -> None:
        """Show the next times of the job NAME."""
        for moment in upcoming(_named(jobs, name), count):
            click.echo(moment.isoformat(sep=" ", timespec="seconds"))

    @group.command()
    @click.argument("name")
    def run(name: str) -> None:
        """Run the job NAME here and now, and wait for its end. Its lock holds as for any run."""
        record = jobs.run_once(_named(jobs, name))
        if record.outcome is not JobStatus.SUCCESS:
            raise click.ClickException(f"{record.outcome}: {record.error}")
        click.echo(f"{printable(name)}: {record.outcome}")

    @group.command()
    @click.argument("name")
    def pause(name: str) -> None:
        """Start no tick of the job NAME, in any process, until it is resumed."""
        with _telling_errors():
            _kept(jobs, name).pause()
        click.echo(f"{printable(name)}: paused")

    @group.command()
    @click.argument("name")
    def resume(name: str) -> None:
        """Have the ticks of the job NAME start again."""
        with _telling_errors():
            _kept(jobs, name).resume()
        click.echo(f"{printable(name)}: resumed")

    return group


@contextmanager
def _telling_errors() -> Iterator[None]:
    try:
        yield
    except GocronError as error:
        raise click.ClickException("; ".join([str(error), *getattr(error, "__notes__", ())])) from None


def _kept(jobs: ProcessScheduler, name: str) -> Job:
    """A job whose pause outlives this command."""
    job = _named(jobs, name)
    if job._spec.settings.policy is None:
        raise click.ClickException("a pause is kept by a tick locker, and the job has none: see GOCRON_LOCKER")
    return job


def _list(jobs: ProcessScheduler) -> None:
    rows = [("NAME", "NEXT", "SCHEDULE", "TAGS")]
    for job in jobs.jobs():
        moments = upcoming(job, 1)
        moment = moments[0].isoformat(sep=" ", timespec="seconds") if moments else "-"
        if _is_paused(job):
            moment = "paused"
        rows.append((job.name(), moment, describe(job.schedule()), " ".join(job.tags())))
    rows = [tuple(map(printable, row)) for row in rows]  # type: ignore[misc]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _is_paused(job: Job) -> bool:
    try:
        return job.is_paused() or job._scheduler.is_paused()
    except GocronError:  # the list is no place to tell of a store that is down
        return False


def _named(jobs: ProcessScheduler, name: str) -> Job:
    found = [job for job in jobs.jobs() if job.name() == name]
    if not found:
        names = ", ".join(printable(job.name()) for job in jobs.jobs()) or "none"
        raise click.ClickException(f"there is no job {printable(name)}; there are: {names}")
    return found[0]
