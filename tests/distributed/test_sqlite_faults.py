"""What can happen to a SQLite file, and to who holds a claim in it: typed errors, no double run, and recovery."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gocron_py as gocron
from gocron_py.distributed import owners, sqlite
from gocron_py.distributed.decision import decode
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.sqlite import SQLiteStore, SQLiteTickLocker, file_system_of

pytestmark = pytest.mark.slow  # most wait for several ticks of the real clock


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never became so"
        pause.wait(0.01)


class Fleet:
    """Two schedulers with a connection each, and a job every 200 ms."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: list[tuple[datetime, int | None]] = []
        self.errors: list[Exception] = []
        self.lockers = [SQLiteTickLocker(path, start_deadline=timedelta(seconds=0.2)) for _ in range(2)]
        self.schedulers = []
        for locker in self.lockers:
            scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
            scheduler.new_job(
                gocron.duration_job(timedelta(seconds=0.2)),
                gocron.new_task(self.run),
                gocron.with_name("job"),
                gocron.with_event_listeners(gocron.after_lock_error(self.refused)),
            )
            scheduler.start()
            self.schedulers.append(scheduler)

    def run(self) -> None:
        run = gocron.current_run()
        self.runs.append((run.tick.at, run.fence))

    def refused(self, job_id: object, name: str, error: Exception) -> None:
        if not isinstance(error, gocron.TickTaken):
            self.errors.append(error)

    def goes_on(self) -> None:
        """Wait until ticks run that were not due yet at the call."""
        now = datetime.now(UTC)
        until(lambda: sum(1 for at, _ in self.runs if at > now) >= 3)

    def rests(self) -> None:
        """Wait until no run goes on."""
        store = self.lockers[0].store
        until(lambda: decode(store.load(["job"]).entries["job"].text, "job").claims == ())

    def fails_with(self, kind: type[Exception]) -> None:
        before = len(self.errors)
        until(lambda: any(type(error) is kind for error in self.errors[before:]))

    def end(self) -> None:
        for scheduler in self.schedulers:
            scheduler.shutdown()
        for locker in self.lockers:
            locker.close()
        twice = [tick for tick, count in Counter(at for at, _ in self.runs).items() if count > 1]
        assert twice == []
        fences = [fence or 0 for _, fence in self.runs]
        assert fences == sorted(set(fences))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ticks.db"


@pytest.fixture
def fleet(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 0.1)
    fleet = Fleet(path)
    fleet.goes_on()
    yield fleet
    fleet.end()


def remove(path: Path) -> None:
    for each in path.parent.glob(path.name + "*"):
        if each.is_file():
            each.unlink()


# -- the file --------------------------------------------------------------------------------------


def test_68_file_deleted(fleet: Fleet) -> None:
    """It is made anew, and ticks count from then on."""
    remove(fleet.path)
    fleet.goes_on()
    assert fleet.path.exists()
    until(lambda: any(locker.counts()[TickEventKind.AMNESIA] for locker in fleet.lockers))


def test_file_replaced_by_an_older_one(fleet: Fleet, tmp_path: Path) -> None:
    """A backup is put back, of a time when some ticks had not run: they must not run again."""
    backup = tmp_path / "backup.db"
    with sqlite3.connect(fleet.path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    fleet.goes_on()
    for suffix in "-wal", "-shm":
        fleet.path.with_name(fleet.path.name + suffix).unlink(missing_ok=True)
    os.replace(backup, fleet.path)
    fleet.goes_on()


def test_copy_does_not_know_what_ran_since(path: Path, tmp_path: Path) -> None:
    """So it counts as wiped, and nothing up to now is granted by it."""
    store = SQLiteStore(path)
    assert store.compare_and_set("a", None, "old")
    backup = tmp_path / "backup.db"
    with sqlite3.connect(path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    assert store.compare_and_set("a", store.load(["a"]).entries["a"].version, "new")
    remove(path)
    os.replace(backup, path)
    assert store.load(["a"]).entries == {}
    # The file itself keeps what it holds, whoever opens it.
    assert store.compare_and_set("a", None, "text")
    store.close()
    again = SQLiteStore(path)
    assert again.load(["a"]).entries["a"].text == "text"
    again.close()


def test_68_file_corrupt(fleet: Fleet) -> None:
    good = fleet.path.read_bytes()
    shutil.copy(fleet.path, fleet.path.with_suffix(".good"))
    garbage = fleet.path.with_suffix(".bad")
    garbage.write_bytes(b"garbage!" * (len(good) // 8))
    for suffix in "-wal", "-shm":
        fleet.path.with_name(fleet.path.name + suffix).unlink(missing_ok=True)
    os.replace(garbage, fleet.path)
    fleet.fails_with(gocron.StoreCorrupt)
    remove(fleet.path)
    fleet.goes_on()


def test_table_of_somebody_else(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE gocron_ticks (id INTEGER)")
    connection.close()
    store = SQLiteStore(path)
    with pytest.raises(gocron.StoreCorrupt, match="no such column"):
        store.load(["job"])
    store.close()


def test_other_tables_beside_it(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (id INTEGER)")
    connection.close()
    store = SQLiteStore(path)
    assert store.compare_and_set("a", None, "text")
    store.close()


def test_row_of_somebody_else(fleet: Fleet) -> None:
    with sqlite3.connect(fleet.path, timeout=10) as connection:
        connection.execute("UPDATE gocron_ticks SET text = '[]', version = version + 1")
    connection.close()
    fleet.fails_with(gocron.StoreCorrupt)
    until(lambda: any(locker.counts()[TickEventKind.CORRUPT] for locker in fleet.lockers))
    with sqlite3.connect(fleet.path, timeout=10) as connection:
        connection.execute("DELETE FROM gocron_ticks")
    connection.close()
    fleet.goes_on()


def test_68_locked_for_longer_than_the_time_out(fleet: Fleet) -> None:
    connection = sqlite3.connect(fleet.path, isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    fleet.fails_with(gocron.StoreDown)
    connection.execute("ROLLBACK")
    connection.close()
    fleet.goes_on()


# -- the disk --------------------------------------------------------------------------------------


def test_68_disk_full(path: Path) -> None:
    """A limit on the size of files, in a process of its own; the same as no space left, to SQLite."""
    program = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_sqlite_faults import Fleet, sqlite
import gocron_py
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sqlite.BUSY_TIMEOUT = 0.1
fleet = Fleet(Path({str(path)!r}))
fleet.goes_on()
fleet.rests()  # else its claim could not be released, and the job would be busy
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
fleet.fails_with(gocron_py.StoreDown)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
fleet.goes_on()
fleet.end()
print("well")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50)
    assert done.stdout == "well\n", done.stderr[-2000:]


def as_nobody(program: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run it as a user for whom permissions count: root has them all."""
    is_root = os.geteuid() == 0
    if is_root:
        for each in (directory, *directory.rglob("*")):
            os.chown(each, 65534, 65534)
        for parent in directory.parents:
            if parent.stat().st_mode & 0o001 == 0 and parent.stat().st_uid == 0:
                parent.chmod(parent.stat().st_mode | 0o001)
    become = "import os; os.setgid(65534); os.setuid(65534)\n" if is_root else ""
    setup = f"import sys; sys.path[:] = {sys.path!r}\nfrom gocron_py import *\n"
    setup += "from gocron_py.distributed.sqlite import SQLiteStore\n"
    setup += "import codecs; codecs.lookup('ascii')\n"
    command = [sys.executable, "-c", setup + become + program]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_68_read_only_file(path: Path) -> None:
    store = SQLiteStore(path)
    assert store.compare_and_set("a", None, "text")
    store.close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    program = f"""
store = SQLiteStore({str(path)!r})
for call in (lambda: store.compare_and_set("b", None, "text"), store.owner):
    try:
        call()
    except StoreDown as error:
        print(type(error).__name__)
"""
    done = as_nobody(program, path.parent)
    path.parent.chmod(0o700)
    assert done.stdout == "StoreDown\nStoreDown\n", done.stderr


# -- the place -------------------------------------------------------------------------------------


def test_files_are_for_the_owner_only(path: Path) -> None:
    store = SQLiteStore(path)
    store.owner()
    store.compare_and_set("a", None, "text")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.rglob("*")}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes.pop("ticks.db.owners") == 0o700
    assert set(modes.values()) == {0o600}
    store.close()


def test_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "target.db")
    with pytest.raises(gocron.ErrInvalidArgument, match="symbolic link"):
        SQLiteTickLocker(tmp_path / "link.db")
    assert not (tmp_path / "target.db").exists()


def test_symbolic_link_that_comes_later_is_refused(path: Path, tmp_path: Path) -> None:
    store = SQLiteStore(path)
    path.symlink_to(tmp_path / "target.db")
    with pytest.raises(gocron.StoreDown, match="symbolic link"):
        store.load(["a"])
    assert not (tmp_path / "target.db").exists()
    path.unlink()
    assert store.load(["a"]).entries == {}
    store.close()


def test_directory_for_everybody_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(gocron.ErrInvalidArgument, match="everybody may write"):
        SQLiteTickLocker(open_to_all / "ticks.db")


def test_owners_directory_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    store = SQLiteStore(path)
    path.with_name("ticks.db.owners").symlink_to(tmp_path)
    with pytest.raises(gocron.StoreDown):
        store.owner()
    store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        ":memory:",
        "file:x.db?mode=memory",
        "a\0b",
        5,
        None,
        b"bytes.db",
        "/",
        "\ud800",
        "x" * 300,
        "x" * 248,  # with "-journal" it would be too long
        "x/" * 252 + "x",
        "~/jobs.db",
        "/dev/null/x/y.db",
    ],
)
def test_what_is_no_path_is_refused(wrong: object) -> None:
    with pytest.raises(gocron.ErrInvalidArgument):
        SQLiteTickLocker(wrong)  # type: ignore[arg-type]


def test_a_url_is_no_path_and_its_password_is_not_shown() -> None:
    for url in "sqlite:///jobs.db", "postgresql://me:s3cret@host/db":
        with pytest.raises(gocron.ErrInvalidArgument, match=r"tick_locker\(\)") as caught:
            SQLiteTickLocker(url)
        assert "s3cret" not in str(caught.value)


def test_health_sees_that_nothing_can_be_claimed(path: Path) -> None:
    """A file where the directory of the living should be, then one that is no database."""
    path.parent.mkdir(mode=0o700)
    in_the_way = path.with_name("ticks.db.owners")
    in_the_way.touch()
    locker = SQLiteTickLocker(path)
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        scheduler.new_job(gocron.duration_job(timedelta(seconds=0.2)), gocron.new_task(int), gocron.with_name("job"))
        until(lambda: "owners" in locker.health().error)
        asked = time.monotonic() + 1
        while time.monotonic() < asked:  # no look in between takes it for well
            assert locker.health().reachable is False
            time.sleep(0.01)
        in_the_way.unlink()
        until(lambda: locker.health().reachable is True)
        garbage = path.with_suffix(".bad")
        garbage.write_bytes(b"garbage!" * 1000)
        for suffix in "-wal", "-shm":
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(garbage, path)
        until(lambda: locker.health().reachable is False)
        assert "not a database" in locker.health().error
    locker.close()


MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:2 - nfs4 server:/export rw
31 30 8:2 / /srv/local rw,relatime - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/with\040space rw,relatime - cifs //server/share rw
33 22 8:3 / /home rw - ext4 /dev/sdc1 rw
34 33 0:42 / /home rw - fuse.sshfs me@server:/home rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/data", "nfs4"),
        ("/srvdata", "ext4"),
        ("/srv/local/data", "xfs"),
        ("/mnt/with space/data", "cifs"),
        ("/home/me", "fuse.sshfs"),
    ],
)
def test_file_system_is_told(directory: str, kind: str) -> None:
    assert file_system_of(Path(directory), MOUNTS) == kind


def test_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such mount is to be had here: what the kernel says of the mounts is made up, the rest is real."""
    real = file_system_of
    monkeypatch.setattr(sqlite, "file_system_of", lambda directory: real(Path("/srv"), MOUNTS))
    with pytest.raises(gocron.ErrInvalidArgument, match=r"network file system \(nfs4\)"):
        SQLiteTickLocker(path)


def test_this_file_system_is_known(tmp_path: Path) -> None:
    assert file_system_of(tmp_path) not in ("", "proc")


# -- processes -------------------------------------------------------------------------------------


def test_fork_of_a_holder_frees_nothing(path: Path) -> None:
    """A child gets copies of all file descriptors; its end must not end the parent's life."""
    store, other = SQLiteStore(path), SQLiteStore(path)
    owner = store.owner()
    other.load(["a"])
    child = os.fork()
    if child == 0:
        status = 0 if store.owner() != owner and store.compare_and_set("child", None, "text") else 1
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_alive_for_another_process(path, owner)
    assert set(store.load(["child"]).entries) == {"child"}
    store.close()
    other.close()
    assert not is_alive_for_another_process(path, owner)


def is_alive_for_another_process(path: Path, owner: str) -> bool:
    program = f"""
from gocron_py.distributed.sqlite import SQLiteStore
print(SQLiteStore({str(path)!r}).is_alive({owner!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout == "True\n"


def test_looking_at_oneself_does_not_cost_the_lock(path: Path) -> None:
    """The trap of POSIX locks: any close of the file by its process drops them."""
    first, second = SQLiteStore(path), SQLiteStore(path)
    owner = first.owner()
    for store in first, second:
        assert store.is_alive(owner) is True
    assert is_alive_for_another_process(path, owner)
    third = SQLiteStore(path)  # sweeps up the files of the dead as it enrols
    third.owner()
    assert is_alive_for_another_process(path, owner)
    for store in first, second, third:
        store.close()


def test_a_job_that_forks(fleet: Fleet) -> None:
    """The child comes back from the task, or ends in it: neither ends the run of the parent."""
    children: list[int] = []

    def task() -> None:
        child = os.fork()
        if child == 0:
            return
        children.append(child)
        os.waitpid(child, 0)

    fleet.schedulers[0].new_job(
        gocron.duration_job(timedelta(seconds=0.3)), gocron.new_task(task), gocron.with_name("forks")
    )
    until(lambda: len(children) >= 3)
    fleet.goes_on()
    assert fleet.lockers[0].counts()[TickEventKind.LOST] == 0


def test_reboot(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner of another boot is dead, whatever file has its name."""
    store = SQLiteStore(path)
    owner = store.owner()
    monkeypatch.setattr(owners, "_boot_id", lambda: "00000000-1111-2222-3333-444444444444")
    after = SQLiteStore(path)
    assert after.is_alive(owner) is False
    assert after.owner().startswith("00000000-")
    store.close()
    after.close()


@pytest.mark.parametrize("owner", ["", "x", "../../etc/passwd", "a" * 10_000, "\0", "boot.1.0123456789abcdef"])
def test_hostile_owners_are_dead(path: Path, owner: str) -> None:
    store = SQLiteStore(path)
    store.owner()
    assert store.is_alive(owner) is False
    store.close()


def test_files_of_the_dead_are_swept_up(path: Path) -> None:
    store = SQLiteStore(path)
    name = store.owner()
    directory = path.with_name("ticks.db.owners")
    old = directory / f"{name.split('.')[0]}.99999.0123456789abcdef"
    recent = directory / f"{name.split('.')[0]}.99999.1123456789abcdef"
    strange = directory / "notes.txt"
    for each in old, recent, strange:
        each.touch(mode=0o600)
    for each in old, strange, directory / name:
        os.utime(each, (1, 1))
    SQLiteStore(path).owner()
    assert not old.exists()
    assert recent.exists()
    assert strange.exists()
    assert (directory / name).exists()
    store.close()


def test_closed_store(path: Path) -> None:
    store = SQLiteStore(path)
    store.close()
    with pytest.raises(gocron.StoreDown, match="closed"):
        store.load(["a"])


def test_limits_of_this_process_are_as_before() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
