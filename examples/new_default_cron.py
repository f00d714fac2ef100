"""The default reader of crontabs, without a scheduler: to check a crontab before it is saved."""

from datetime import UTC, datetime

import gocron_py as gocron

cron = gocron.new_default_cron(True)
now = datetime(2024, 6, 15, 12, 0, tzinfo=UTC)

cron.is_valid("30 */10 * * * *", UTC, now)
print(cron.next(now))

try:
    cron.is_valid("* * * * mon-frog", UTC, now)
except gocron.ErrCronJobParse as error:
    print(error)

# Output:
# 2024-06-15 12:00:30+00:00
# gocron: CronJob: crontab parse failure
# failed to parse int from frog: strconv.Atoi: parsing "frog": invalid syntax
