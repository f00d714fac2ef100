"""``gocron-py pause`` and ``gocron-py resume``."""

from __future__ import annotations

import click

from gocron_py.cli.output import console, fail, plain, styled
from gocron_py.cli.store import opened, store_option
from gocron_py.distributed.names import job_key


@click.command("pause")
@click.argument("job", required=False)
@store_option
@click.option("--all", "everything", is_flag=True, help="All jobs of all schedulers that share the store.")
def command(job: str | None, store: str, everything: bool) -> None:
    """Pause JOB on every instance that shares the store, until it is resumed.

    JOB is a job's name, or the key that its policy gives it; of a crontab's line it is in the log, and told by
    `gocron-py validate --json`. A pause holds over restarts. Nothing is caught up with afterwards.

    \b
    Examples:
      gocron-py pause --store sqlite:///jobs.db nightly
      gocron-py pause --store redis://localhost/0 --all
    """
    change(job, store, everything, paused=True)


def change(job: str | None, store: str, everything: bool, paused: bool) -> None:
    """Pause, or resume.

    :raises UsageError: not one of both: a job or everything.
    """
    if (job is None) != everything:
        raise click.UsageError("either a JOB or --all")
    with opened(store) as locker:
        if job is None:
            locker.set_everything_paused(paused)
        else:
            # A pause of a job that is not there would be kept, for one of that name to come; a slip is likelier.
            if not locker.store.load((job_key(job),)).entries:
                fail(f"the store knows no job {job!r:.120}")
            locker.set_paused(job, paused)
    what = "everything" if job is None else plain(job)
    console().print(styled(f"{what} {'is paused' if paused else 'goes on'}"))
