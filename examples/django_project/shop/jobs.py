"""The jobs of this app; a module of this name is found in each app."""

import os
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from gocron_py import cron_job, current_run, duration_job
from gocron_py.integrations.django import job


@job(cron_job("0 3 * * *"), name="clear sessions")
def clear_sessions() -> None:
    """In the night, once, whatever the number of processes."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()


@job(duration_job(timedelta(seconds=0.5)), name="clean up")
def clean_up() -> None:
    """Every half second, for all to see; it asks the database, and writes down which tick ran where."""
    count = Session.objects.count()
    tick = current_run().tick
    note("RUNS_LOG", f"{tick.at.timestamp():.3f} {os.getpid()} {count} {tick.kind}")


def note(variable: str, line: str) -> None:
    """Add a line to a file that processes share, if there is to be one."""
    if variable in os.environ:
        file = os.open(os.environ[variable], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{line}\n".encode())
        os.close(file)
