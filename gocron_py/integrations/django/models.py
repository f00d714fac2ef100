"""The tables: what processes agree on, and what is shown in the admin."""

from __future__ import annotations

from django.db import models

LONGEST_NAME = 255


class Tick(models.Model):
    """A record of a :class:`~gocron_py.integrations.django.store.DjangoStore`. Nothing else may write to it."""

    id = models.CharField(max_length=64, primary_key=True)
    name = models.TextField()
    version = models.CharField(max_length=64)
    record = models.TextField()

    class Meta:
        db_table = "gocron_tick"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.name)


class Job(models.Model):
    """A job that the code declares; what the admin has permissions on."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=LONGEST_NAME, unique=True)

    class Meta:
        db_table = "gocron_job"
        ordering = ("name",)
        default_permissions = ("view",)
        permissions = (("run_job", "Can run jobs now"), ("pause_job", "Can pause and resume jobs"))

    def __str__(self) -> str:
        return str(self.name)


class Run(models.Model):
    """A run that has ended, in whatever process."""

    id = models.BigAutoField(primary_key=True)
    job = models.CharField(max_length=LONGEST_NAME)
    scheduled = models.DateTimeField(help_text="the time of its tick")
    started = models.DateTimeField()
    completed = models.DateTimeField()
    outcome = models.CharField(max_length=16)
    error = models.TextField(blank=True)
    attempt = models.PositiveIntegerField()
    fence = models.BigIntegerField(null=True, blank=True)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()

    class Meta:
        db_table = "gocron_run"
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (models.Index(fields=["job", "-id"], name="gocron_run_by_job"),)

    def __str__(self) -> str:
        return f"{self.job}, {self.scheduled}"


class RunRequest(models.Model):
    """Somebody wants a job to run now. A process with a scheduler takes it away and runs it."""

    id = models.BigAutoField(primary_key=True)
    job = models.CharField(max_length=LONGEST_NAME)
    requested = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=255)

    class Meta:
        db_table = "gocron_run_request"
        ordering = ("id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.job}, by {self.by}"
