"""The app: finds the jobs, and starts the scheduler in the processes that serve, if it is to."""

from __future__ import annotations

import os
import sys

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import autodiscover_modules

from gocron_py.integrations import serving
from gocron_py.integrations.serving import Role

# The name of its command, and the variable by which the process that serves knows itself.
_SERVERS = {"runserver": "RUN_MAIN", "runserver_plus": "WERKZEUG_RUN_MAIN"}


class GoCronConfig(AppConfig):
    """``"gocron_py.integrations.django"`` in ``INSTALLED_APPS``."""

    name = "gocron_py.integrations.django"
    label = "gocron"
    verbose_name = "Scheduled jobs"

    def ready(self) -> None:
        """The apps are loaded, and so their ``jobs`` modules can be."""
        from gocron_py.integrations.django import checks, conf, scheduling

        register(checks.check_gocron)
        register(checks.check_tables, Tags.database)
        autodiscover_modules(conf.module())
        if not conf.autostart():
            return
        role = serving.begin_when_serving(scheduling.start, _own_command)
        if role is Role.UNKNOWN:
            scheduling.start_with_first_request()


def _own_command() -> tuple[Role, str]:
    """What ``manage.py`` knows of this process."""
    if not serving.is_loaded_by("django.core.management"):
        return Role.UNKNOWN, ""
    variable = _SERVERS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if variable is None:
        return Role.BYSTANDER, ""
    if "--noreload" not in sys.argv and os.environ.get(variable) != "true":
        return Role.BYSTANDER, ""
    return Role.SERVER, "django.core.management"
