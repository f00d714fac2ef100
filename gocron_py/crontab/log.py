"""The log of a cron for containers: one line for each line of output and each event, on one descriptor."""

from __future__ import annotations

import json
import os
import select
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from gocron_py.printable import printable

PIECE: Final = 3000
"""A line of output is cut into pieces of so many bytes: each is one write, which is whole on a pipe (PIPE_BUF)."""

# How long, in seconds, a writer waits for a reader that does not read before it looks whether it is to go on.
_LOOK: Final = 0.2


@final
@dataclass(frozen=True, slots=True)
class Label:
    """Whose line it is.

    :ivar line: of the crontab.
    """

    line: int
    name: str

    def __str__(self) -> str:
        return f"[{self.line} {printable(self.name)}]"


@final
class Log:
    """Lines to a descriptor. Used by several threads.

    A reader who is slow slows the commands down; one who has gone away loses the lines; one who stands still does not
    keep the process from ending.

    :param descriptor: to write to.
    :param as_json: an object a line, in place of text.
    """

    def __init__(self, descriptor: int, as_json: bool = False) -> None:
        self._descriptor = descriptor
        self._as_json = as_json
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self.ending = False

    def output(self, label: Label, piece: bytes, continues: bool) -> None:
        """A line of a command's output, or a piece of one.

        :param continues: the line has begun with another piece.
        """
        text = piece.decode("utf-8", "surrogateescape").removesuffix("\r")
        if self._as_json:
            self._write_json(label, "output", printable(text, "\t"), {"continues": True} if continues else {})
        else:
            self._write(f"{label} {'+' if continues else '|'} {printable(text, chr(9))}")

    def event(self, label: Label | None, kind: str, text: str, **more: object) -> None:
        """Something that this program has to say.

        :param kind: one word, for machines.
        :param more: for machines.
        """
        if self._as_json:
            self._write_json(label, kind, printable(text), more)
        else:
            self._write(f"{'gocron-py' if label is None else label}: {printable(text)}")

    def _write_json(self, label: Label | None, kind: str, text: str, more: dict[str, object]) -> None:
        whose = {} if label is None else {"line": label.line, "job": printable(label.name)}
        self._send(json.dumps({"time": _now(), **whose, "event": kind, "text": text, **more}))

    def _write(self, line: str) -> None:
        self._send(f"{_now()} {line}")

    def _send(self, line: str) -> None:
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        while not self._lock.acquire(timeout=_LOOK):
            if self.ending:
                return
        try:
            while data:
                if not self._poll.poll(_LOOK * 1000):
                    if self.ending:
                        return
                    continue
                try:
                    data = data[os.write(self._descriptor, data) :]
                except BlockingIOError:
                    continue
        except OSError:
            # The reader has gone, or the disk is full. What is run is more than what is said of it.
            return
        finally:
            self._lock.release()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


@final
class Lines:
    """Cuts what a command writes into lines, as it comes."""

    __slots__ = ("_continues", "_label", "_log", "_rest")

    def __init__(self, log: Log, label: Label) -> None:
        self._log = log
        self._label = label
        self._rest = b""
        self._continues = False

    def feed(self, data: bytes) -> None:
        """More of it; any number of bytes of any kind."""
        *whole, rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._piece(self._cut(line))
            self._continues = False
        self._rest = self._cut(rest)

    def end(self) -> None:
        """There is no more."""
        if self._rest:
            self._piece(self._rest)
            self._rest = b""

    def _cut(self, line: bytes) -> bytes:
        """Write what is too much for one piece; the rest."""
        while len(line) > PIECE:
            end = PIECE
            # Not within a character, if these are characters.
            while end > PIECE - 4 and line[end] & 0xC0 == 0x80:
                end -= 1
            self._piece(line[:end])
            self._continues = True
            line = line[end:]
        return line

    def _piece(self, piece: bytes) -> None:
        self._log.output(self._label, piece, self._continues)
