"""The jobs and their runs in the admin: to look at; and, with permission, to run, pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.utils.html import format_html
from django.utils.timezone import is_aware, localtime

from gocron_py.errors import GocronError
from gocron_py.integrations.declared import upcoming
from gocron_py.integrations.django import conf, models, scheduling
from gocron_py.integrations.django.history import stored
from gocron_py.integrations.django.requests import request_run
from gocron_py.job import Job
from gocron_py.words import describe


class _ReadOnly(admin.ModelAdmin):
    """Nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(models.Job)
class JobAdmin(_ReadOnly):
    """The jobs that the code declares."""

    list_display = ("name", "schedule", "next_run", "last_run", "last_outcome", "state")
    search_fields = ("name",)
    actions = ("run_now", "pause", "resume")
    fields = ("name", "schedule", "tags", "state", "next_runs", "last_run", "last_outcome", "last_error")
    readonly_fields = fields

    def get_queryset(self, request: Any) -> Any:
        """The jobs that there are now: their rows are no more than what permissions hang on."""
        there = {job.name() for job in scheduling.process().jobs()}
        rows = models.Job._default_manager.using(conf.database())
        known = set(rows.values_list("name", flat=True))
        rows.bulk_create([models.Job(name=name) for name in sorted(there - known)], ignore_conflicts=True)
        return super().get_queryset(request).using(conf.database()).filter(name__in=there)

    # -- columns -----------------------------------------------------------------------------------

    @admin.display(description="schedule")
    def schedule(self, row: Any) -> str:
        """In words."""
        job = _job(row)
        return "" if job is None else describe(job.schedule(), job._scheduler._settings.location)

    @admin.display(description="tags")
    def tags(self, row: Any) -> str:
        """As they were given."""
        job = _job(row)
        return "" if job is None else ", ".join(job.tags())

    @admin.display(description="next run")
    def next_run(self, row: Any) -> str | None:
        """By its schedule; it is the same in all processes."""
        moments = self._moments(row, 1)
        return _to_the_second(moments[0]) if moments else None

    @admin.display(description="next runs")
    def next_runs(self, row: Any) -> str:
        """The next ten."""
        return "\n".join(f"{moment:%a %Y-%m-%d %H:%M:%S %Z}" for moment in self._moments(row, 10))

    def _moments(self, row: Any, count: int) -> list[datetime]:
        job = _job(row)
        return [] if job is None else [stored(moment) for moment in upcoming(job, count)]

    @admin.display(description="state")
    def state(self, row: Any) -> str:
        """As the locker's store has it."""
        job = _job(row)
        if job is None:
            return "not there"
        try:
            return "paused" if job.is_paused() or job._scheduler.is_paused() else "active"
        except GocronError as error:
            return f"unknown: {error}"

    @admin.display(description="last run")
    def last_run(self, row: Any) -> str | None:
        """When it started."""
        run = _last(row)
        return None if run is None else _to_the_second(run.started)

    @admin.display(description="outcome")
    def last_outcome(self, row: Any) -> str:
        """Of the last run."""
        run = _last(row)
        return "" if run is None else run.outcome

    @admin.display(description="error")
    def last_error(self, row: Any) -> str:
        """Of the last run."""
        run = _last(row)
        return "" if run is None else run.error

    # -- actions -----------------------------------------------------------------------------------

    def has_run_permission(self, request: Any) -> bool:
        """Of the action *run now*."""
        return bool(request.user.has_perm("gocron.run_job"))

    def has_pause_permission(self, request: Any) -> bool:
        """Of the actions *pause* and *resume*."""
        return bool(request.user.has_perm("gocron.pause_job"))

    @admin.action(description="Run now", permissions=["run"])
    def run_now(self, request: Any, rows: Any) -> None:
        """A process with a scheduler runs them, within two seconds."""

        def ask(job: Job) -> None:
            request_run(job.name(), request.user.get_username())

        self._do(request, rows, ask, "runs as soon as a process with a scheduler sees it")

    @admin.action(description="Pause", permissions=["pause"])
    def pause(self, request: Any, rows: Any) -> None:
        """The locker's store keeps it."""
        self._do(request, rows, Job.pause, "is paused")

    @admin.action(description="Resume", permissions=["pause"])
    def resume(self, request: Any, rows: Any) -> None:
        """From its next time on."""
        self._do(request, rows, Job.resume, "is resumed")

    def _do(self, request: Any, rows: Any, act: Callable[[Job], None], done: str) -> None:
        for row in rows:
            job = _job(row)
            if job is None:
                continue
            try:
                act(job)
            except GocronError as error:
                self.message_user(request, f"“{row.name}”: {error}", messages.ERROR)
            else:
                self.log_change(request, row, done)
                self.message_user(request, f"“{row.name}” {done}.", messages.SUCCESS)


@admin.register(models.Run)
class RunAdmin(_ReadOnly):
    """The runs, newest first."""

    list_display = ("job", "began", "late", "duration", "outcome", "process", "first_line_of_error")
    fields = (
        "job",
        "tick",
        "began",
        "ended",
        "late",
        "duration",
        "outcome",
        "error",
        "attempt",
        "fence",
        "host",
        "pid",
    )
    readonly_fields = fields
    list_filter = ("outcome", "job")
    search_fields = ("job", "error")
    date_hierarchy = "started"
    show_full_result_count = False

    def get_queryset(self, request: Any) -> Any:
        """In the database of the setting."""
        return super().get_queryset(request).using(conf.database())

    @admin.display(description="scheduled", ordering="scheduled")
    def tick(self, run: Any) -> str:
        """The time of its tick."""
        return _to_the_second(run.scheduled)

    @admin.display(description="started", ordering="started")
    def began(self, run: Any) -> str:
        """When the task began."""
        return _to_the_second(run.started)

    @admin.display(description="completed", ordering="completed")
    def ended(self, run: Any) -> str:
        """When the task ended."""
        return _to_the_second(run.completed)

    @admin.display(description="late")
    def late(self, run: Any) -> str:
        """How long after its time the task began."""
        return f"{(run.started - run.scheduled).total_seconds():.3f} s"

    @admin.display(description="process")
    def process(self, run: Any) -> str:
        """Where it ran."""
        return f"{run.pid} on {run.host}" + (f", attempt {run.attempt}" if run.attempt > 1 else "")

    @admin.display(description="duration")
    def duration(self, run: Any) -> str:
        """Of the task."""
        return f"{(run.completed - run.started).total_seconds():.3f} s"

    @admin.display(description="error")
    def first_line_of_error(self, run: Any) -> str:
        """The rest is on the run's page."""
        line = str(run.error).partition("\n")[0][:60]
        # It may be one long word, and must not push other columns out.
        return _span("overflow-wrap: anywhere", line) if line else ""


def _to_the_second(moment: datetime) -> str:
    """In the project's zone; the formats of Django's locales end with the minute."""
    text = f"{localtime(moment) if is_aware(moment) else moment:%Y-%m-%d %H:%M:%S}"
    return _span("white-space: nowrap", text)


def _span(style: str, text: str) -> str:
    shown: Any = format_html('<span style="{}">{}</span>', style, text)  # without annotations in Django
    result: str = shown
    return result


def _job(row: Any) -> Job | None:
    return next((job for job in scheduling.process().jobs() if job.name() == row.name), None)


def _last(row: Any) -> Any:
    return models.Run._default_manager.using(conf.database()).filter(job=row.name).first()
