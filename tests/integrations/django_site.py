"""A Django project inside of this process: its settings, a migrated SQLite file, and other databases beside it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings


@cache
def set_up() -> None:
    """Once in a process. Nothing of Django's that needs apps may be imported before."""
    # Not a TemporaryDirectory: a child that multiprocessing forks forgets what is to be done at exit (3.13), and with
    # the last reference the directory would go, which is this process's.
    directory = tempfile.mkdtemp(prefix="gocron-django-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    apps = ("admin", "auth", "contenttypes", "messages", "sessions")
    processors = ("template.context_processors.request", "contrib.auth.context_processors.auth")
    messages = "django.contrib.messages.context_processors.messages"
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="django_urls",
        TIME_ZONE="Europe/Berlin",
        USE_TZ=True,
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in apps), "gocron_py.integrations.django"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(directory) / "db.sqlite3"),
                "OPTIONS": {"init_command": "PRAGMA journal_mode = WAL"},
            }
        },
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": [*(f"django.{each}" for each in processors), messages]},
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STATIC_URL="static/",
    )
    django.setup()


@cache
def migrate() -> None:
    """Make the tables of the default database."""
    from django.core.management import call_command

    set_up()
    call_command("migrate", verbosity=0)


def add_database(alias: str, url: str) -> None:
    """Another one, as SQLAlchemy names it."""
    from django.db import connections

    parts = urlsplit(url)
    kind = parts.scheme.partition("+")[0]
    if kind == "mysql":
        import pymysql

        pymysql.install_as_MySQLdb()
    engine = {"postgresql": "postgresql", "mysql": "mysql", "sqlite": "sqlite3"}[kind]
    name = url.removeprefix("sqlite:///") if kind == "sqlite" else parts.path[1:]
    given: dict[str, Any] = {"ENGINE": f"django.db.backends.{engine}", "NAME": name}
    given |= {"HOST": parts.hostname or "", "PORT": str(parts.port or ""), "USER": parts.username or ""}
    if alias in connections.settings:
        connections[alias].close()
        del connections[alias]
    if kind == "sqlite":
        given["OPTIONS"] = {"init_command": "PRAGMA journal_mode = WAL"}
    connections.settings[alias] = connections.configure_settings({"default": given})["default"]
