"""Jobs of every kind on the real clock: what ran, and what is next. Ctrl-C ends it.

python examples/quickstart.py [--seconds N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import threading
import time
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from uuid import UUID

import gocron_py as gocron

second = timedelta(seconds=1)


# The work: plain functions.
def heartbeat(board: Board) -> None:
    board.say("heartbeat", "load average {:.2f} {:.2f} {:.2f}".format(*os.getloadavg()))


def measure_disk(board: Board, path: str) -> None:
    board.say("disk", f"{shutil.disk_usage(path).free / 2**30:.1f} GiB free on {path}")


def check_service(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=1).close()  # nobody listens there: it raises


def overrun(board: Board) -> None:
    time.sleep(1.5)
    board.say("overrun", "took 1.5 s, so the tick in between was dropped")


def follow(ctx: gocron.Context, board: Board) -> None:
    steps = 0
    while not ctx.wait(0.5):  # the scheduler cancels it at the end
        steps += 1
    board.ended = datetime.now(UTC)
    board.say("follow", f"was told to end after {steps} steps, and does")


def add_jobs(scheduler: gocron.Scheduler, board: Board) -> list[gocron.Job]:
    """When, what, and how."""
    nine = gocron.new_at_times(gocron.new_at_time(9, 0, 0))
    return [
        scheduler.new_job(
            gocron.duration_job(2 * second), gocron.new_task(heartbeat, board), gocron.with_name("heartbeat")
        ),
        scheduler.new_job(
            gocron.duration_random_job(second, 4 * second),
            gocron.new_task(board.say, "dice", "rolled"),
            gocron.with_name("dice"),
        ),
        scheduler.new_job(
            gocron.cron_job("*/5 * * * * *", with_seconds=True),
            gocron.new_task(measure_disk, board, path="/"),
            gocron.with_name("disk"),
        ),
        scheduler.new_job(
            gocron.duration_job(3 * second), gocron.new_task(check_service, "127.0.0.1", 1), gocron.with_name("service")
        ),
        scheduler.new_job(
            gocron.duration_job(second),
            gocron.new_task(overrun, board),
            gocron.with_name("overrun"),
            gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
        ),
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            gocron.new_task(follow, board),  # its first parameter, the context, comes from the scheduler
            gocron.with_name("follow"),
        ),
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_date_time(datetime.now(UTC) + 5 * second)),
            gocron.new_task(board.say, "once", "five seconds have passed"),
            gocron.with_name("once"),
        ),
        scheduler.new_job(
            gocron.daily_job(1, nine), gocron.new_task(board.say, "daily", "good morning"), gocron.with_name("daily")
        ),
        scheduler.new_job(
            gocron.weekly_job(1, [gocron.Weekday.MONDAY, gocron.Weekday.FRIDAY], nine),
            gocron.new_task(board.say, "weekly", "a working week begins or ends"),
            gocron.with_name("weekly"),
        ),
        scheduler.new_job(
            gocron.monthly_job(1, [1, -1], nine),
            gocron.new_task(board.say, "monthly", "pay day"),
            gocron.with_name("monthly"),
        ),
    ]


def text_of(schedule: gocron.JobSchedule) -> str:
    match schedule:
        case gocron.DurationJobSchedule(duration):
            return f"every {duration.total_seconds():g} s"
        case gocron.DurationRandomJobSchedule(least, most):
            return f"every {least.total_seconds():g} to {most.total_seconds():g} s"
        case gocron.CronJobSchedule(crontab):
            return f"cron {crontab}"
        case gocron.DailyJobSchedule(_, times):
            return f"daily {times[0]:%H:%M}"
        case gocron.WeeklyJobSchedule(_, days, times):
            return f"{', '.join(day.name[:3].title() for day in days)} {times[0]:%H:%M}"
        case gocron.MonthlyJobSchedule(_, days, from_end, times):
            return f"days {', '.join(map(str, days + from_end))} {times[0]:%H:%M}"
    return "once"


def next_of(job: gocron.Job) -> str:
    tick = job.next_run()
    if job.is_running():
        return "running"
    if tick is None:
        return "-"
    left = (tick - datetime.now(UTC)).total_seconds()
    return f"in {max(left, 0):.1f} s" if left < 60 else f"{tick:%a %d %b %Y %H:%M}"


class Board:
    """Hears of each run, and shows what it heard."""

    def __init__(self, live: bool) -> None:
        self.live = live
        self.ended: datetime | None = None  # nothing starts after that, and what runs may take a while
        self.lock = threading.Lock()  # listeners are called on many threads
        self.events: deque[str] = deque(maxlen=100)
        self.runs: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    def heard(self, job_id: UUID, name: str, error: Exception | None = None) -> None:
        with self.lock:
            self.runs[name] += 1
            self.failures[name] += error is not None
        if error is not None:
            self.say(name, f"failed: {error}")

    def say(self, name: str, what: str) -> None:
        with self.lock:
            self.events.append(f"{time.strftime('%H:%M:%S')}  {name:10}{what}")
            if not self.live:
                print(self.events[-1], flush=True)

    def table(self, jobs: list[gocron.Job]) -> list[str]:
        lines = [f"{'JOB':10} {'SCHEDULE':20} {'RUNS':>5} {'FAILED':>6} {'LAST TOOK':>10}  NEXT"]
        for job in jobs:
            name, history = job.name(), job.history()
            took = f"{history[-1].duration.total_seconds():.3f} s" if history and history[-1].duration else "-"
            counts = f"{self.runs[name]:5} {self.failures[name]:6}"
            lines.append(f"{name:10} {text_of(job.schedule()):20} {counts} {took:>10}  {next_of(job)}")
        return lines

    def draw(self, jobs: list[gocron.Job]) -> None:
        width, height = shutil.get_terminal_size()
        lines = ["gocron_py: jobs of every kind on the real clock. Ctrl-C ends it.", "", *self.table(jobs), ""]
        with self.lock:
            lines += list(self.events)[-max(height - len(lines), 1) :]
        shown = "\x1b[K\n".join(line[:width] for line in lines[:height])
        print(f"\x1b[H{shown}\x1b[K\x1b[J", end="", flush=True)  # one write, over the old picture: no flicker


def main() -> int:
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    parser = argparse.ArgumentParser(description="Jobs of every kind on the real clock.")
    parser.add_argument("--seconds", type=float, default=None if live else 20, help="end by itself after so long")
    seconds = parser.parse_args().seconds

    board = Board(live)
    hears = [gocron.after_job_runs(board.heard), gocron.after_job_runs_with_error(board.heard)]
    scheduler = gocron.new_scheduler(gocron.with_global_job_options(gocron.with_event_listeners(*hears)))
    jobs = add_jobs(scheduler, board)
    if seconds is not None:  # the end is a job too, and so is the picture below
        end = gocron.one_time_job_start_date_time(datetime.now(UTC) + seconds * second)
        scheduler.new_job(gocron.one_time_job(end), gocron.new_task(scheduler.shutdown))
    scheduler.start()
    due = {job.name(): job.next_run() or datetime.now(UTC) for job in jobs}  # none left: it ran at once
    if live:
        print("\x1b[?1049h\x1b[?25l", end="")  # another screen, no cursor
        scheduler.new_job(gocron.duration_job(second / 5), gocron.new_task(board.draw, jobs))
    else:
        print(*board.table(jobs), "", sep="\n")
    try:
        scheduler.run_until_signal()
    finally:
        print("\x1b[?25h\x1b[?1049l" if live else "\n", end="")
    print(*(line[:55] for line in board.table(jobs)), sep="\n")  # nothing is next
    ended = board.ended or datetime.now(UTC)
    missed = [name for name, tick in due.items() if tick < ended - second and not board.runs[name]]
    print(f"\nDid not run: {', '.join(missed)}" if missed else "\nEvery job that was due has run.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
