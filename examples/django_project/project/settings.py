"""Settings of the example. What begins with GOCRON is what this is about."""

import os
from pathlib import Path

DIRECTORY = Path(__file__).parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "not a secret: this is an example")
DEBUG = os.environ.get("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
ROOT_URLCONF = "project.urls"
TIME_ZONE = "Europe/Berlin"
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "gocron_py.integrations.django",
    "shop",
]

# Processes that serve the web run the jobs too. The locker is the project's database.
GOCRON = {
    "AUTOSTART": os.environ.get("AUTOSTART", "1") == "1",
    "POLICY": {"catch_up": "all"},  # what comes while all workers are replaced is run afterwards
    "HISTORY": 50,
}

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", DIRECTORY / "db.sqlite3"),
        "ATOMIC_REQUESTS": True,
        # Readers do not hold up writers, such as the claims of ticks.
        "OPTIONS": {"init_command": "PRAGMA journal_mode = WAL"},
    }
}

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{process} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"gocron_py": {"handlers": ["console"], "level": "INFO"}},
}
