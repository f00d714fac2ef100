"""``@job``: what is declared while Django loads the apps' modules. Settings are not looked at yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gocron_py.definitions import JobDefinition
from gocron_py.errors import check_kind
from gocron_py.integrations.declared import Declaration
from gocron_py.job_options import JobOption, with_name
from gocron_py.scheduler import new_scheduler
from gocron_py.task import new_task

F = TypeVar("F", bound=Callable[..., object])

declared: list[Declaration] = []
"""In the order of the apps, and within them of their modules."""


def job(definition: JobDefinition, *options: JobOption, name: str | None = None) -> Callable[[F], F]:
    """A decorator: the function is a job. It stays what it is, and can be called.

    :param definition: when it runs: :func:`~gocron_py.cron_job` and its like.
    :param name: the key that all processes share. Default: the module and qualified name of the function.
    :raises ValidationError: something of the definition, the function or the options is wrong.
    """
    check_kind(definition, JobDefinition, "the definition, as in @job(cron_job(…)),")

    def declare(function: F) -> F:
        named = () if name is None else (with_name(name),)
        declaration = definition, new_task(function), (*named, *options)
        # What is wrong is told here; what is wrong with the project's settings, by its system checks.
        new_scheduler().new_job(declaration[0], declaration[1], *declaration[2])
        declared.append(declaration)
        return function

    return declare
