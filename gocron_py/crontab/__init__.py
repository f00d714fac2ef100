"""A cron for containers: reads a real crontab as Debian's cron does, and runs its shell commands.

``gocron-py crontab`` is its command line. Nothing here needs more than the core.
"""
