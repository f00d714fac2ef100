"""Jobs of a Django project: an app for ``INSTALLED_APPS``.

::

    # shop/jobs.py, of any installed app
    from gocron_py import cron_job
    from gocron_py.integrations.django import job

    @job(cron_job("0 3 * * *"), name="nightly")
    def nightly():
        ...

See the page "I use Django". Needs Django: ``pip install gocron_py[django]``.
"""

from gocron_py.integrations.django.declaring import job

__all__ = ("job",)
