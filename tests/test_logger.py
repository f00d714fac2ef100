"""The loggers: Go's lines on standard output, Python's logging by default, and no forged lines."""

from __future__ import annotations

import io
import logging
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine

from gocron_py.errors import ErrInvalidArgument
from gocron_py.logger import Logger, LogLevel, StandardLogger, new_logger

METHODS = ("error", "warn", "info", "debug")


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no text")


def printed(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    """What new_logger prints for an info line, without the time."""
    new_logger(LogLevel.DEBUG).info("msg", *args)
    out = capsys.readouterr().out
    assert out.endswith("\n")
    return out[len("2024/06/15 12:00:00 ") : -1]


class TestPrinted:
    @pytest.mark.parametrize("level", [*LogLevel, -1])
    def test_levels(self, level: LogLevel, capsys: pytest.CaptureFixture[str]) -> None:
        """A level prints itself and what is more important; below ERROR nothing is printed, as in Go."""
        logger = new_logger(level)
        for method in METHODS:
            getattr(logger, method)("told")
        lines = capsys.readouterr().out.splitlines()
        assert [f"{method.upper()}: told" for method in METHODS[: level + 1]] == [line[20:] for line in lines]

    def test_order(self) -> None:
        """The levels have Go's numbers."""
        assert [0, 1, 2, 3] == [LogLevel.ERROR, LogLevel.WARN, LogLevel.INFO, LogLevel.DEBUG]

    @time_machine.travel(datetime(2024, 6, 15, 12, 0, 5, tzinfo=UTC), tick=False)
    def test_time(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A line begins with the local time in Go's form."""
        new_logger(LogLevel.INFO).info("job done", "job", "backup")
        local = datetime(2024, 6, 15, 12, 0, 5, tzinfo=UTC).astimezone()
        assert f"{local:%Y/%m/%d %H:%M:%S} INFO: job done, job=backup\n" == capsys.readouterr().out

    # As printed by gocron v2.22.0 for the same arguments.
    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            ((), "INFO: msg"),
            (("k", 1, "e", ValueError("x y")), "INFO: msg, k=1, e=x y"),
            (("a",), "INFO: msg, a"),
            (("a", 1, 2), "INFO: msg, a1 2"),
            ((1, 2, 3), "INFO: msg, 1 2 3"),
            (("a", "b", "c"), "INFO: msg, abc"),
            (("a", 1, "c"), "INFO: msg, a1c"),
        ],
    )
    def test_pairs(self, args: tuple[object, ...], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Pairs, and what is left over, are printed as Go does."""
        assert expected == printed(capsys, *args)

    def test_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Line breaks and control characters in names and values are escaped; a tab and letters stay."""
        out = printed(capsys, "job\r\n", "a\nERROR: forged\x1b[31m\u2028\x85\u202eü\t")
        assert r"INFO: msg, job\r\n=a\nERROR: forged\x1b[31m\u2028\x85\u202eü" + "\t" == out

    def test_unprintable(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A value that fails to show itself is named instead."""
        assert "INFO: msg, k=<Unprintable: ValueError in str()>" == printed(capsys, "k", Unprintable())

    def test_one_write(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A line is one write, followed by a flush."""
        calls: list[str] = []

        class Stream(io.StringIO):
            def write(self, text: str) -> int:
                calls.append("write")
                return super().write(text)

            def flush(self) -> None:
                calls.append("flush")

        monkeypatch.setattr(sys, "stdout", Stream())
        new_logger(LogLevel.INFO).info("msg", "k", 1, "l", 2)
        assert ["write", "flush"] == calls

    def test_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Lines of many threads are never mixed, even on a stream that writes in pieces."""

        class Stream(io.StringIO):
            def write(self, text: str) -> int:
                return sum(super(Stream, self).write(letter) for letter in text)

        stream = Stream()
        monkeypatch.setattr(sys, "stdout", stream)
        logger = new_logger(LogLevel.INFO)

        def log(n: int) -> None:
            for _ in range(20):
                logger.info("from", "n", n)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=log, args=(n,)) for n in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        finally:
            sys.setswitchinterval(interval)
        lines = sorted(line[20:] for line in stream.getvalue().splitlines())
        assert sorted(f"INFO: from, n={n}" for n in range(16) for _ in range(20)) == lines

    @pytest.mark.parametrize("broken", ["none", "closed", "pipe", "full"])
    def test_broken_stdout(self, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A standard output that is not there, closed, broken or full never raises."""
        if broken == "full" and not os.path.exists("/dev/full"):
            pytest.skip("needs /dev/full")
        reader, writer = os.pipe()
        os.close(reader)
        file = os.open("/dev/full", os.O_WRONLY) if broken == "full" else writer
        # Unbuffered: else closing it would try, and fail, to write once more.
        raw = io.FileIO(file, "w")
        stream = None if broken == "none" else io.TextIOWrapper(raw, write_through=True)
        if broken == "closed":
            raw.close()
        monkeypatch.setattr(sys, "stdout", stream)
        new_logger(LogLevel.INFO).info("msg")
        raw.close()
        if broken == "full":
            os.close(writer)

    def test_encoding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What standard output cannot encode is escaped."""
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
        new_logger(LogLevel.INFO).info("msg", "k", "ü\udc80")
        assert rb"INFO: msg, k=\xfc\udc80" + b"\n" == raw.getvalue()[20:]

    @pytest.mark.parametrize("level", ["INFO", None, 1.0, True, logging.INFO, 4])
    def test_refused(self, level: object) -> None:
        """What is no LogLevel is refused, the numbers of Python's logging too."""
        with pytest.raises(ErrInvalidArgument, match="level must be a LogLevel"):
            new_logger(level)  # type: ignore[arg-type]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
    def test_fork(self) -> None:
        """A child forked while another thread writes a line can log."""
        script = """
import os, signal, sys, threading, warnings
from gocron_py.logger import LogLevel, new_logger
warnings.simplefilter("ignore")
logger = new_logger(LogLevel.INFO)
inside, leave = threading.Event(), threading.Event()
class Slow:
    def write(self, text):
        inside.set()
        leave.wait(20)
    def flush(self): pass
stdout, sys.stdout = sys.stdout, Slow()
thread = threading.Thread(target=logger.info, args=("msg",))
thread.start()
inside.wait(20)
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    sys.stdout = stdout
    logger.info("from the child")
    os._exit(0)
status = os.waitpid(pid, 0)[1]
leave.set()
thread.join(20)
sys.exit(status != 0)
"""
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
        assert "INFO: from the child\n" == done.stdout[20:]


class TestStandard:
    @pytest.mark.parametrize(
        ("method", "level"),
        [
            ("debug", logging.DEBUG),
            ("info", logging.INFO),
            ("warn", logging.WARNING),
            ("error", logging.ERROR),
        ],
    )
    def test_levels(self, method: str, level: int, caplog: pytest.LogCaptureFixture) -> None:
        """Each method logs at logging's level of that name, to the logger gocron_py."""
        with caplog.at_level(logging.DEBUG, "gocron_py"):
            getattr(StandardLogger(), method)("job\n done", "job", "a\nb")
        assert [("gocron_py", level, r"job\n done, job=a\nb")] == caplog.record_tuples
        assert "test_levels" == caplog.records[0].funcName

    def test_extra(self, caplog: pytest.LogCaptureFixture) -> None:
        """The pairs are on the record, plain values as they are, others as text, so that it can be kept."""
        plain = {
            "name": "a\nb",
            "n": 1,
            "no": None,
            "id": UUID(int=1),
            "at": datetime(2024, 1, 1, tzinfo=UTC),
            "took": timedelta(1),
        }
        pairs = [item for pair in plain.items() for item in pair]
        StandardLogger().warn("msg", *pairs, "error", ValueError("x"), "lock", threading.Lock)
        extra = caplog.records[0].__dict__["gocron"]
        assert plain | {"error": "x", "lock": str(threading.Lock)} == extra
        assert extra == pickle.loads(pickle.dumps(extra))

    def test_odd(self, caplog: pytest.LogCaptureFixture) -> None:
        """A value without a key is kept under slog's name for it."""
        StandardLogger().warn("msg", "a", 1, "left over")
        assert "msg, a1left over" == caplog.messages[0]
        assert {"a": 1, "!BADKEY": "left over"} == caplog.records[0].__dict__["gocron"]

    def test_percent(self, caplog: pytest.LogCaptureFixture) -> None:
        """A percent sign is a percent sign."""
        StandardLogger().warn("100 %s", "k", "%d")
        assert "100 %s, k=%d" == caplog.messages[0]

    def test_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
        """An exception under the key error brings its traceback, whether it is handled now or was before."""
        try:
            raise ValueError("boom")
        except ValueError as error:
            kept = error
        StandardLogger().error("job failed", "job", "a", "error", kept)
        StandardLogger().error("job failed", "error", "a text", "other", kept)
        first, second = caplog.records
        assert first.exc_info is not None
        assert kept is first.exc_info[1]
        assert 'raise ValueError("boom")' in caplog.text
        assert second.exc_info is None

    def test_lazy(self) -> None:
        """Nothing is made text while the level is off."""
        shown: list[int] = []

        class Value:
            def __str__(self) -> str:
                shown.append(1)
                return "text"

        logger = logging.getLogger("gocron_py.test_lazy")
        logger.setLevel(logging.WARNING)
        StandardLogger(logger).info("msg", "k", Value())
        StandardLogger(logger).debug("msg", "k", Value())
        assert [] == shown

    def test_visible(self) -> None:
        """A program that never configured logging sees errors and their tracebacks on stderr."""
        script = """
from gocron_py.logger import StandardLogger
StandardLogger().info("hidden")
try:
    1 / 0
except ZeroDivisionError as error:
    StandardLogger().error("job failed", "job", "backup", "error", error)
"""
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
        assert "" == done.stdout
        assert "job failed, job=backup, error=division by zero\nTraceback" == done.stderr[:56]
        assert re.search(r"ZeroDivisionError: division by zero\n$", done.stderr)
        assert "hidden" not in done.stderr


@pytest.mark.parametrize("make", [StandardLogger, lambda: new_logger(LogLevel.INFO)])
def test_protocol(make: Callable[[], Logger]) -> None:
    """Both loggers are Loggers, and what lacks the methods is not."""
    assert isinstance(make(), Logger)
    assert not isinstance(object(), Logger)
