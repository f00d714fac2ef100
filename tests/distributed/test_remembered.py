"""Records that this process has written or read: what comes back as it was is not read again, all else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gocron_py import StoreCorrupt
from gocron_py.distributed import remembered
from gocron_py.distributed.decision import FARTHEST, Claim, Record, decode, encode
from gocron_py.distributed.remembered import as_record, as_text

HELD = Claim(at=110, token="t1", owner="a", until=500, attempt=1, fence=7)
REST = Record("job", floor=100, seen=(110,), fence=7)
RUNNING = replace(REST, claims=(HELD,))


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    remembered._known.clear()
    yield
    remembered._known.clear()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the records that are read out of texts."""
    keys = []

    def reading(text: object, key: str) -> Record:
        keys.append(key)
        return decode(text, key)

    monkeypatch.setattr(remembered, "decode", reading)
    return keys


def test_texts_are_those_of_the_rules() -> None:
    for record in (REST, RUNNING, REST):
        assert as_text(record) == encode(record)
        assert as_record(as_text(record), "job") == record


def test_what_was_written_or_read_is_not_read_again(read: list[str]) -> None:
    as_record(encode(REST), "job")
    text = as_text(RUNNING)
    for _ in range(3):
        assert as_record(text, "job") == RUNNING
    assert as_record(as_text(REST), "job") == REST
    assert read == ["job"]


def test_what_somebody_else_has_written_is_read(read: list[str]) -> None:
    as_record(encode(REST), "job")
    as_text(RUNNING)
    others = replace(RUNNING, claims=(replace(HELD, token="t2"),))
    assert as_record(encode(others), "job") == others
    assert read == ["job", "job"]


def test_what_is_no_record_is_corrupt_as_before() -> None:
    text = as_text(as_record(encode(RUNNING), "job"))
    for other in (text[:-1], text.replace('"floor":100', '"floor":true'), "", "null"):
        with pytest.raises(StoreCorrupt):
            as_record(other, "job")
    with pytest.raises(StoreCorrupt, match="it is that of the job 'job'"):
        as_record(text, "other")


@pytest.mark.parametrize(
    "record",
    [
        replace(REST, fence=FARTHEST + 1),
        replace(REST, floor=99.5),  # type: ignore[arg-type]
        replace(REST, floor=True),
        replace(REST, next_at=-FARTHEST - 1),
        replace(REST, claims=(replace(HELD, until=500.5),)),  # type: ignore[arg-type]
        replace(REST, claims=(replace(HELD, owner=5),)),  # type: ignore[arg-type]
    ],
)
def test_what_nobody_could_read_is_not_remembered(record: Record) -> None:
    """A store's author may have a time that is no integer, or a name of an owner that is no text."""
    as_record(encode(REST), "job")
    with pytest.raises(StoreCorrupt):
        as_record(as_text(record), "job")


def test_a_name_that_comes_back_as_another_is_not_remembered() -> None:
    """Two halves of one character, in JSON, are that character."""
    record = replace(REST, name="\ud83d\ude00")
    for _ in range(2):
        with pytest.raises(StoreCorrupt):
            as_record(as_text(record), record.name)


def test_memory_is_bounded(read: list[str]) -> None:
    long = replace(REST, claims=(replace(HELD, owner="x" * 100_000),))
    as_record(encode(REST), "job")
    assert as_record(as_text(long), "job") == long
    assert read == ["job", "job"]
    for number in range(3 * remembered._MOST):
        as_record(encode(replace(REST, name=f"job{number}")), f"job{number}")
    assert 0 < len(remembered._known) <= remembered._MOST
