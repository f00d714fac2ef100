"""The programs in examples/ run, print what they say they print, and leave nothing of the library out."""

from __future__ import annotations

import ast
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

import gocron_py
from tests.servers.fixtures import START_TIMEOUT

DIRECTORY = Path(__file__).parent.parent / "examples"
QUICKSTART = DIRECTORY / "quickstart.py"
ALL = sorted(DIRECTORY.glob("*.py"))
ON_KUBERNETES = [(path.stem, "kube_server") for path in ALL if path.stem.startswith("kubernetes_")]
WITH_OUTPUT = [path for path in ALL if path != QUICKSTART and (path.stem, "kube_server") not in ON_KUBERNETES]

# The functions Example… of gocron v2.22.0's example_test.go, in snake_case; `Job_nextRun` is `job_next_run`.
GO_EXAMPLES = """
    after_job_runs after_job_runs_with_error after_lock_error before_job_runs
    before_job_runs_skip_if_before_func_errors cron_job daily_job duration_job duration_random_job job_id
    job_is_running job_last_run job_last_run_completed_at job_last_run_started_at job_name job_next_run
    job_next_runs job_run_now job_schedule job_schedule_cron job_schedule_daily job_schedule_duration_random
    job_schedule_monthly job_schedule_one_time job_schedule_weekly job_tags monthly_job new_default_cron
    new_scheduler new_task one_time_job scheduler_jobs scheduler_new_job scheduler_remove_by_tags
    scheduler_remove_job scheduler_shutdown scheduler_shutdown_with_context scheduler_start scheduler_stop_jobs
    scheduler_stop_jobs_with_context scheduler_update weekly_job with_clock with_context with_cron_implementation
    with_daylight_savings_time_policy with_disabled_distributed_job_locker with_distributed_elector
    with_distributed_locker with_event_listeners with_global_job_options with_identifier
    with_interval_from_completion with_limit_concurrent_jobs with_limited_runs with_location with_logger
    with_monitor with_name with_singleton_mode with_start_at with_start_date_time with_start_date_time_past
    with_start_immediately with_stop_timeout with_tags
"""


def command(*arguments: object) -> list[str]:
    """Python, with warnings as errors."""
    return [sys.executable, "-W", "error", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """One in which a program that depends on the machine's zone or language is found out; and this very library."""
    library = str(Path(gocron_py.__file__).parent.parent)
    # COLUMNS and LINES, which workers of pytest-xdist have, would stand for the size of every terminal.
    foreign = ("PYTHON", "LC_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    fixed = {"PYTHONPATH": library, "PYTHONDONTWRITEBYTECODE": "1", "TZ": "America/St_Johns", "LANG": "C.UTF-8"}
    return {**kept, **fixed, **more}


def run(*arguments: object, directory: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with more in its environment."""
    return subprocess.run(
        command(*arguments),
        cwd=directory,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


# Where an example's server is, by the variable that the example reads, and the fixture that has the server.
SERVERS = {"REDIS_URL": "redis_server", "ETCD_URL": "etcd_server", "DATABASE_URL": "postgres_server"}


def servers(program: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables of the servers that a program wants, which are started for it."""
    text = program.read_text()
    return {name: request.getfixturevalue(SERVERS[name]).url for name in SERVERS if f'"{name}"' in text}


def stated_output(program: Path) -> str:
    """What the comment at the end says that it prints."""
    _, found, block = program.read_text().rpartition("\n# Output:\n")
    assert found, "it must end with '# Output:' and what it prints"
    lines = block.splitlines()
    assert all(line == "#" or line.startswith("# ") for line in lines), "nothing may follow the output"
    return "".join(f"{line[2:]}\n" for line in lines)


def names_used(program: Path) -> set[str]:
    """The attributes of the library that a program uses."""
    return {
        node.attr
        for node in ast.walk(ast.parse(program.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gocron"
    }


@pytest.mark.slow
@pytest.mark.parametrize("program", WITH_OUTPUT, ids=lambda program: program.stem)
@pytest.mark.timeout(START_TIMEOUT)
def test_prints_what_it_says(program: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An example runs without a warning or a word on stderr, and prints the lines at its end."""
    done = run(program, directory=tmp_path, **servers(program, request))

    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == stated_output(program)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "server"), ON_KUBERNETES, ids=[name for name, _ in ON_KUBERNETES])
def test_prints_what_it_says_on_kubernetes(
    name: str, server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The same, of one that finds the API server by a kubeconfig. (Its fixture may have to build it.)"""
    file = tmp_path / "kubeconfig"
    file.touch(0o600)
    file.write_text(request.getfixturevalue(server).kubeconfig())
    program = DIRECTORY / f"{name}.py"
    done = run(program, directory=tmp_path, KUBECONFIG=str(file))

    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == stated_output(program)


@pytest.mark.parametrize("program", ALL, ids=lambda program: program.stem)
def test_says_what_it_shows(program: Path) -> None:
    """An example begins with a sentence that says what it shows."""
    docstring = ast.get_docstring(ast.parse(program.read_text()))

    assert docstring, "it has no docstring"
    assert re.match(r"[A-Z]\w*\b.*[.:]$", docstring.splitlines()[0]), "it does not begin with a sentence"


def test_all_compile(tmp_path: Path) -> None:
    """The examples compile without a warning, those in directories below too."""
    done = run("-m", "compileall", "-q", "-f", DIRECTORY, directory=tmp_path, PYTHONPYCACHEPREFIX=str(tmp_path))

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_none_shadows_the_standard_library() -> None:
    """No example is named as a module of Python's: all others in the directory would import it instead."""
    assert not {program.stem for program in ALL} & sys.stdlib_module_names


def test_every_example_of_go_is_there() -> None:
    """Each function Example… of the original has a program of its name."""
    assert set(GO_EXAMPLES.split()) - {program.stem for program in ALL} == set()


def test_every_function_is_shown() -> None:
    """Each function that the library exports (with_…, …_job, listeners, new_…) is used by an example."""
    functions = {name for name in gocron_py.__all__ if name.islower() and callable(getattr(gocron_py, name))}
    used = set().union(*(names_used(program) for program in ALL))

    assert functions - used == set()


def test_every_option_has_an_example_of_its_own() -> None:
    """Each definition, listener and option is the name of an example, or belongs to the one that is named here."""
    shown_by = {"with_stop_date_time": "with_stop_at"}
    kinds = re.compile(r"with_\w+|\w+_job|(?:after|before)_\w+")
    wanted = {shown_by.get(name, name) for name in gocron_py.__all__ if kinds.fullmatch(name)}

    assert wanted - {program.stem for program in ALL} == set()


# -- the quick start -----------------------------------------------------------------------------------------


def rows(summary: str) -> dict[str, tuple[int, int]]:
    """The runs and failures of each job, in the last table that was printed."""
    table = summary[summary.rindex("JOB ") :]
    found = re.findall(r"^(\w+) +\S.*? +(\d+) +(\d+) +(?:[\d.]+ s|-)$", table, re.MULTILINE)
    return {name: (int(runs), int(failed)) for name, runs, failed in found}


@pytest.mark.slow
def test_quickstart_runs_all_that_is_due(tmp_path: Path) -> None:
    """In seven seconds each job that recurs within them has run, and those of other days are shown with the rest."""
    done = run(QUICKSTART, "--seconds", 7, directory=tmp_path)

    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.endswith("\nEvery job that was due has run.\n")
    jobs = rows(done.stdout)
    assert list(jobs) == [
        "heartbeat", "dice", "disk", "service", "overrun", "follow", "once", "daily", "weekly", "monthly"
    ]  # fmt: skip
    assert jobs["heartbeat"] == (3, 0)
    assert jobs["dice"][0] >= 1
    assert jobs["disk"][0] in {1, 2}
    assert jobs["service"] == (2, 2)
    assert jobs["overrun"][0] in {3, 4}
    assert jobs["follow"] == (1, 0)
    assert jobs["once"] == (1, 0)
    first_table = done.stdout[: done.stdout.index("\n\n")]
    assert re.search(r"^monthly .* \w{3} \d\d \w{3} \d{4} 09:00$", first_table, re.MULTILINE)


@pytest.mark.slow
def test_quickstart_fails_if_a_job_did_not_run(tmp_path: Path) -> None:
    """The exit code tells of a job that was due and of which nothing was heard."""
    deaf = "import quickstart as q, sys; q.Board.heard = lambda self, *_: None; sys.exit(q.main())"
    program = f"import sys; sys.path.insert(0, {str(DIRECTORY)!r}); {deaf}"
    done = run("-c", program, "--seconds", 1.5, directory=tmp_path)

    assert done.returncode == 1
    assert re.search(r"^Did not run: (?:\w+, )*follow$", done.stdout, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_quickstart_ends_well_by_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end it as its own end does: running jobs are told, and the summary is printed."""
    with subprocess.Popen(
        command(QUICKSTART, "--seconds", 50),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        begun = process.stdout.readline() + next(line for line in process.stdout if "heartbeat load average" in line)
        process.send_signal(number)
        rest = process.stdout.read()

    assert process.returncode == 0, begun + rest
    assert "follow    was told to end" in rest
    assert rest.endswith("\nEvery job that was due has run.\n")
    assert rows(rest)["follow"] == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10)])
def test_quickstart_fits_its_terminal(width: int, height: int, tmp_path: Path) -> None:
    """No picture is wider or higher than the terminal, each is drawn over the last one, and the summary stays."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    with subprocess.Popen(
        command(QUICKSTART, "--seconds", 50),
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        with open(ours, "rb") as terminal:
            shown = b""
            while shown.count(b"\x1b[H") < 10 or not re.search(rb"heartbeat +every 2 s +[1-9]", shown):
                shown += os.read(terminal.fileno(), 65536)  # an error if it ends before that
            process.send_signal(signal.SIGINT)
            text = (shown + read_to_the_end(terminal.fileno())).decode().replace("\r\n", "\n")

    assert process.returncode == 0, text
    live, summary = text.removeprefix("\x1b[?1049h\x1b[?25l").split("\x1b[?25h\x1b[?1049l")
    assert "\x1b" not in summary
    runs, failed = rows(summary)["heartbeat"]
    assert (runs > 0, failed) == (True, 0)
    pictures = [re.sub(r"\x1b\[[KJ]", "", picture) for picture in live.split("\x1b[H")[1:]]
    assert len(pictures) >= 10
    assert [picture for picture in pictures if len(picture.splitlines()) > height] == []
    assert [line for picture in pictures for line in picture.splitlines() if len(line) > width] == []
    assert any("in 1." in picture for picture in pictures) or width < 80


def read_to_the_end(terminal: int) -> bytes:
    """All that comes until the other side is closed, which Linux tells by an error."""
    text = b""
    try:
        while piece := os.read(terminal, 65536):
            text += piece
    except OSError:
        pass
    return text
