"""A Django project with jobs: each tick in one of its processes, however it is served.

python manage.py migrate
python manage.py runserver
gunicorn project.wsgi            # with or without --preload
uvicorn project.asgi:application
python manage.py rungocron       # beside them, or in place of GOCRON["AUTOSTART"]
"""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
