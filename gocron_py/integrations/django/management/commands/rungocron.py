"""``manage.py rungocron``: the jobs in a process of their own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gocron_py.errors import GocronError
from gocron_py.integrations.declared import upcoming
from gocron_py.integrations.django import scheduling, tables
from gocron_py.job import Job
from gocron_py.monitor import JobStatus
from gocron_py.printable import printable
from gocron_py.words import describe


class Command(BaseCommand):
    """One process; several of them share the jobs."""

    help = "Run the scheduled jobs until SIGTERM or Ctrl-C comes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two other things to do."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--list", action="store_true", help="List the jobs, and end.")
        which.add_argument("--once", metavar="NAME", help="Run one job here and now, and end. Its lock holds.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, list or run once."""
        try:
            if options["list"]:
                self._list()
                return
            if missing := tables.trouble():
                raise CommandError(f"No job can run: {missing}")
            if options["once"] is not None:
                self._run_once(options["once"])
            else:
                self._run()
        except GocronError as error:
            raise CommandError("; ".join([str(error), *getattr(error, "__notes__", ())])) from None

    def _run(self) -> None:
        jobs = scheduling.process()
        scheduling.start()
        self.stdout.write(f"{len(jobs.jobs())} jobs; SIGTERM or Ctrl-C ends this process.")
        for job in jobs.jobs():
            self.stdout.write(f"  {_line(job)}")
        self.stdout.flush()
        jobs.scheduler.run_until_signal()

    def _list(self) -> None:
        for job in scheduling.process().jobs():
            self.stdout.write(_line(job))

    def _run_once(self, name: str) -> None:
        jobs = scheduling.process()
        found = next((job for job in jobs.jobs() if job.name() == name), None)
        if found is None:
            names = ", ".join(printable(job.name()) for job in jobs.jobs()) or "none"
            raise CommandError(f"There is no job {printable(name)}; there are: {names}")
        record = jobs.run_once(found)
        if record.outcome is not JobStatus.SUCCESS:
            raise CommandError(f"{record.outcome}: {record.error}")
        self.stdout.write(f"{printable(name)}: {record.outcome}")


def _line(job: Job) -> str:
    moments = upcoming(job, 1)
    following = f"{moments[0]:%Y-%m-%d %H:%M:%S %Z}" if moments else "never"
    return printable(f"{job.name()}: {describe(job.schedule())}; next {following}")
