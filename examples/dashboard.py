"""A page to look at: the dashboard of a scheduler, served alone, and its JSON API asked by a program."""

import json
from datetime import UTC, datetime, time, timedelta
from urllib.request import urlopen

import gocron_py as gocron
from gocron_py import dashboard
from gocron_py.testing import FakeClock, wait_for_runs


def refuse() -> None:
    raise ConnectionError("the shop does not answer")


# A program takes the real clock, and waits with scheduler.run_until_signal().
clock = FakeClock(datetime(2024, 2, 26, 12, 0, tzinfo=UTC))
scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
scheduler.new_job(gocron.daily_job(1, [time(9)]), gocron.new_task(print, "good morning"), gocron.with_name("greet"))
scheduler.new_job(
    gocron.duration_job(timedelta(minutes=10)),
    gocron.new_task(refuse),
    gocron.with_name("sync"),
    gocron.with_event_listeners(gocron.after_job_runs_with_error(lambda job_id, name, error: None)),
)
scheduler.start()
clock.advance(timedelta(minutes=10))
wait_for_runs(scheduler)

with dashboard.serve(scheduler, "127.0.0.1:0", title="shop") as server:
    # server.url is where a browser finds it.
    with urlopen(f"{server.url}api/jobs") as answer:
        for job in json.load(answer)["jobs"]:
            print(f"{job['name']}: {job['schedule']}, {job['state']}, next at {job['next_run'][11:16]}")
    with urlopen(f"{server.url}api/events") as answer:
        print(json.load(answer)["events"][0]["error"])

scheduler.shutdown()

# Output:
# greet: every day at 09:00 (UTC), new, next at 09:00
# sync: every 10 minutes, failed, next at 12:20
# ConnectionError: the shop does not answer
