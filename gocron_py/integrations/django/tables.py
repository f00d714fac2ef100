"""Whether the tables are there, without which no job runs."""

from __future__ import annotations

from django.apps import apps
from django.db import Error, connections

from gocron_py.integrations.django import conf


def trouble() -> str:
    """What to do about tables that are missing; empty, where they are there, or where the database cannot be asked.

    What cannot be asked may answer later: nobody is to be stopped by that.
    """
    alias = conf.database()
    try:
        there = set(connections[alias].introspection.table_names())
    except Error:
        return ""
    missing = sorted({model._meta.db_table for model in apps.get_app_config("gocron").get_models()} - there)
    if not missing:
        return ""
    return f"the database {alias!r} lacks {', '.join(missing)}: has 'manage.py migrate' been run?"
