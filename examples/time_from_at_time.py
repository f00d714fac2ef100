"""A time of day of gocron's as one of Python's."""

from zoneinfo import ZoneInfo

import gocron_py as gocron

at = gocron.new_at_time(10, 30, 0)
print(repr(gocron.time_from_at_time(at, ZoneInfo("Asia/Kolkata"))))

# Output:
# datetime.time(10, 30, tzinfo=zoneinfo.ZoneInfo(key='Asia/Kolkata'))
