"""A time of day as a datetime, for those who make their own schedules."""

from zoneinfo import ZoneInfo

import gocron_py as gocron

at = gocron.new_at_time(10, 30, 0)
print(repr(gocron.time_from_at_time(at, ZoneInfo("Asia/Kolkata"))))

# Output:
# datetime.time(10, 30, tzinfo=zoneinfo.ZoneInfo(key='Asia/Kolkata'))
