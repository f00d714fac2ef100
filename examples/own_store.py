"""A store of one's own for tick lockers takes two methods; this one keeps a JSON file under a lock."""

import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import gocron_py as gocron
from gocron_py.distributed import Entry, Snapshot, TickLocker, TickStore


class JSONStore(TickStore):
    """Slow, and for one machine. To be sure of a store, run gocron_py.testing.store_kit on it."""

    poll = 1.0  # how often, in seconds, to look for runs that a crash has cut off

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[dict[str, list[str]]]:
        try:
            with self.path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield json.loads(self.path.read_text()) if self.path.exists() else {}
        except OSError as error:
            raise gocron.StoreDown(str(error)) from error
        except ValueError as error:
            raise gocron.StoreCorrupt(str(error)) from error

    def load(self, keys: Sequence[str]) -> Snapshot:
        with self.locked() as data:
            entries = {key: Entry(*data[key]) for key in keys if key in data}
            return Snapshot(time.time_ns() // 1000, entries)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        with self.locked() as data:
            if (data[key][1] if key in data else None) != version:
                return False
            data[key] = [text, secrets.token_hex(8)]
            new = self.path.with_suffix(".new")
            with new.open("w") as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            return True


def main() -> None:
    ran: SimpleQueue[datetime] = SimpleQueue()
    with tempfile.TemporaryDirectory() as directory:
        lockers = [TickLocker(JSONStore(Path(directory) / "ticks.json")) for _ in range(3)]
        instances = [gocron.new_scheduler(gocron.with_distributed_locker(locker)) for locker in lockers]
        for scheduler in instances:
            scheduler.new_job(
                gocron.duration_job(timedelta(seconds=0.5)),
                gocron.new_task(lambda: ran.put(gocron.current_run().tick.at)),
                gocron.with_name("work"),
                gocron.with_tick_policy(start_deadline=timedelta(seconds=30)),
            )
            scheduler.start()
        ticks = [ran.get() for _ in range(4)]
        for scheduler in instances:
            scheduler.shutdown()
        for locker in lockers:
            locker.close()
    ticks += [ran.get() for _ in range(ran.qsize())]
    print("no tick twice:", len(set(ticks)) == len(ticks))


if __name__ == "__main__":
    main()

# Output:
# no tick twice: True
