"""A whole crontab, read line by line, with a job for each line."""

from datetime import UTC, datetime

import gocron_py as gocron
from gocron_py.testing import FakeClock

CRONTAB = """
# minute hour day month weekday  command
*/15 *  *   *    *        check disks
30   2  *   *    1-5      back up
0    9  1   */3  *        write the report
61   *  *   *    *        never
"""

scheduler = gocron.new_scheduler(
    gocron.with_clock(FakeClock(datetime(2024, 6, 15, 12, 0, tzinfo=UTC))), gocron.with_location("UTC")
)
for line in CRONTAB.splitlines():
    if not line or line.startswith("#"):
        continue
    *fields, command = line.split(maxsplit=5)
    try:
        scheduler.new_job(gocron.cron_job(" ".join(fields)), gocron.new_task(print, command), gocron.with_name(command))
    except gocron.ErrCronJobParse as error:
        print(f"{line}\n  refused: {' '.join(str(error).split())}")

with scheduler:
    for job in sorted(scheduler.jobs(), key=gocron.Job.name):
        print(f"{job.name():16} next at {job.next_run()}")

# Output:
# 61   *  *   *    *        never
#   refused: gocron: CronJob: crontab parse failure end of range (61) above maximum (59): 61
# back up          next at 2024-06-17 02:30:00+00:00
# check disks      next at 2024-06-15 12:15:00+00:00
# write the report next at 2024-07-01 09:00:00+00:00
