"""The public surface of gocron v2.22.0, name by name, against what gocron_py exports.

``go_public_surface.json`` is the list of it, made from Go's source by ``surface.go``. A Go name
becomes a Python name by a mechanical rule; where it does not, a table here says why.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import gocron_py

SURFACE = json.loads((Path(__file__).parent / "go_public_surface.json").read_text())
METHODS = [
    (owner, method, go) for owner, info in SURFACE["types"].items() for method, go in info.get("methods", {}).items()
]
CONSTANTS = [(kind, constant) for kind, constants in SURFACE["constants"].items() for constant in constants]

# Go's interfaces may leave out the names of parameters; Python's cannot.
UNNAMED = {
    "Elector.IsLeader": ["ctx"],
    "Job.NextRuns": ["n"],
    "Scheduler.NewJob": ["definition", "task", "*options"],
    "Scheduler.RemoveByTags": ["*tags"],
    "Scheduler.RemoveJob": ["job_id"],
    "Scheduler.ShutdownWithContext": ["ctx"],
    "Scheduler.StopJobsWithContext": ["ctx"],
    "Scheduler.Update": ["job_id", "definition", "task", "*options"],
}

# Where the rule would give a worse name than Go's has in Go.
RENAMED = {
    "NewDefaultCron": (["with_seconds"], "the same thing is called with_seconds in cron_job"),
    "NewTask": (["function", "*args", "**kwargs"], "Python has keyword arguments"),
    "TimeFromAtTime": (["at", "location"], "loc is a location everywhere else in Go's own API"),
}


def words(name: str) -> list[str]:
    """``NewDaysOfTheMonth`` → ``new``, ``days``, ``of``, ``the``, ``month``; ``jobID`` → ``job``, ``id``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)]


def snake(name: str) -> str:
    """The Python name of a Go function, method, field or parameter."""
    return "_".join(words(name))


def member(constant: str, kind: str) -> str:
    """The name inside the enum: without the words that the type's own name says already."""
    name, own = words(constant), words(kind)
    while name and own and name[0] == own[0]:
        name, own = name[1:], own[1:]
    while name and own and name[-1] == own[-1]:
        name, own = name[:-1], own[:-1]
    return "_".join(name).upper()


def expected_parameters(name: str, parameters: list[dict[str, Any]]) -> list[str]:
    """The Python parameters: Go's ``(first T, more ...T)`` is one ``*more``."""
    if name in UNNAMED:
        return UNNAMED[name]
    if name in RENAMED:
        return RENAMED[name][0]
    if len(parameters) == 2 and parameters[1].get("variadic") and parameters[0]["type"] == parameters[1]["type"]:
        parameters = parameters[1:]
    return [("*" if one.get("variadic") else "") + snake(one["name"]) for one in parameters]


def shown(parameter: inspect.Parameter, expected: str) -> str:
    """The parameter as the tables have it. A name that no caller can use is the port's own choice."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    is_hidden = stars or parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    return stars + (expected.lstrip("*") if is_hidden else parameter.name)


def check_signature(name: str, function: Any, parameters: list[dict[str, Any]]) -> None:
    """The same parameters in the same order; what is added must have a default."""
    expected = expected_parameters(name, parameters)
    actual = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    added = actual[len(expected) :]

    assert expected == [shown(one, other) for one, other in zip(actual, expected, strict=False)]
    assert all(one.default is not inspect.Parameter.empty for one in added), added


@pytest.mark.parametrize("name", SURFACE["functions"])
def test_function(name: str) -> None:
    """Each Go function is exported, with its parameters in their order."""
    assert snake(name) in gocron_py.__all__
    check_signature(name, getattr(gocron_py, snake(name)), SURFACE["functions"][name]["parameters"])


@pytest.mark.parametrize("name", SURFACE["types"])
def test_type(name: str) -> None:
    """Each Go type is exported under its own name; a struct's fields are a dataclass's fields."""
    assert name in gocron_py.__all__
    fields = SURFACE["types"][name].get("fields", [])
    if fields:
        actual = [field.name for field in dataclasses.fields(getattr(gocron_py, name))]
        assert [snake(field["name"]) for field in fields] == actual
    for base in SURFACE["types"][name].get("embedded", []):
        assert getattr(gocron_py, base) in getattr(gocron_py, name).__mro__


@pytest.mark.parametrize(("owner", "method", "go"), METHODS, ids=[f"{owner}.{method}" for owner, method, _ in METHODS])
def test_method(owner: str, method: str, go: dict[str, Any]) -> None:
    """Each method of each Go type is there, with its parameters in their order."""
    check_signature(f"{owner}.{method}", getattr(getattr(gocron_py, owner), snake(method)), go["parameters"])


@pytest.mark.parametrize(("kind", "constant"), CONSTANTS, ids=[constant["name"] for _, constant in CONSTANTS])
def test_constant(kind: str, constant: dict[str, str]) -> None:
    """Each Go constant is a member of its enum, and exported under its own name in capitals too."""
    alone = snake(constant["name"]).upper()
    value = getattr(gocron_py, kind)[member(constant["name"], kind)]

    assert alone in gocron_py.__all__
    assert isinstance(value, Enum)
    assert value is getattr(gocron_py, alone)
    if "value" in constant:
        assert constant["value"] == value.value


@pytest.mark.parametrize("kind", SURFACE["constants"])
def test_enum_order(kind: str) -> None:
    """The members are Go's and come in Go's order; what is added comes after them."""
    expected = [member(constant["name"], kind) for constant in SURFACE["constants"][kind]]

    assert expected == [one.name for one in getattr(gocron_py, kind)][: len(expected)]


@pytest.mark.parametrize("name", SURFACE["errors"])
def test_error(name: str) -> None:
    """Each Go error is an exception class of that name, with its text to the letter."""
    error = getattr(gocron_py, name)

    assert name in gocron_py.__all__
    assert issubclass(error, gocron_py.GocronError)
    assert SURFACE["errors"][name] == error.message


def test_all_is_true() -> None:
    """``__all__`` names nothing twice and nothing that is not there. (Ruff sees that it is sorted.)"""
    assert len(gocron_py.__all__) == len(set(gocron_py.__all__))
    assert [] == [name for name in gocron_py.__all__ if not hasattr(gocron_py, name)]


def test_everything_public_is_documented() -> None:
    """Each exported name that can have a docstring has one of its own."""
    silent = [
        name
        for name in gocron_py.__all__
        if (inspect.isclass(thing := getattr(gocron_py, name)) or inspect.isroutine(thing))
        and not (name.startswith("Err") and name in SURFACE["errors"])  # the message says it all
        and not (thing.__doc__ or "").strip()
    ]

    assert [] == silent


def test_exceptions_to_the_rule_are_needed() -> None:
    """No entry of the tables above outlives its reason."""
    known = set(SURFACE["functions"]) | {f"{owner}.{method}" for owner, method, _ in METHODS}

    assert known >= UNNAMED.keys() | RENAMED.keys()
    for name in UNNAMED:
        owner, method = name.split(".")
        assert all(not one["name"] for one in SURFACE["types"][owner]["methods"][method]["parameters"])
