"""A coroutine function is a task too: each run has an event loop of its own."""

import asyncio
import threading

import gocron_py as gocron

done = threading.Event()


async def fetch(page: str, delay: float) -> str:
    await asyncio.sleep(delay)
    return f"{page} fetched"


async def fetch_all(*pages: str) -> None:
    print(await asyncio.gather(*(fetch(page, 0.01) for page in pages)))
    done.set()


with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(fetch_all, "news", "weather")
    )
    done.wait()

# Output:
# ['news fetched', 'weather fetched']
