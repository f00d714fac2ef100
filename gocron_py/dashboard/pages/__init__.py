"""The pages, each drawn from its JSON document."""

from gocron_py.dashboard.pages.events import events
from gocron_py.dashboard.pages.instances import instances
from gocron_py.dashboard.pages.job import job
from gocron_py.dashboard.pages.jobs import jobs
from gocron_py.dashboard.pages.layout import problem
from gocron_py.dashboard.pages.overview import overview
from gocron_py.dashboard.pages.timeline import timeline

__all__ = ["events", "instances", "job", "jobs", "overview", "problem", "timeline"]
