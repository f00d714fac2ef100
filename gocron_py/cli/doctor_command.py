"""``gocron-py doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click
from rich.text import Text

from gocron_py.cli.checks import Finding, State
from gocron_py.cli.checks.clock import check_clock
from gocron_py.cli.checks.jobs import check_jobs
from gocron_py.cli.checks.store import check_store
from gocron_py.cli.checks.versions import check_versions, check_zones
from gocron_py.cli.loading import load_scheduler
from gocron_py.cli.output import console, plain, print_json, styled

_STYLES: Final = {State.OK: "green", State.WARNING: "yellow", State.FAILURE: "red"}


@click.command("doctor")
@click.argument("target", metavar="[MODULE:SCHEDULER]", required=False)
@click.option(
    "--store", "stores", metavar="URL", multiple=True, help="Of a store to be tried; may be said several times."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(target: str | None, stores: Sequence[str], as_json: bool) -> int:
    """Check this machine: clock, zone data, packages; stores, if named; a scheduler's jobs, if named.

    Asks nobody but the stores. The exit code is 1 if something is wrong; a warning is not.
    """
    findings = list(_findings(target, stores))
    if as_json:
        told = [{"check": each.check, "state": each.state.value, "text": plain(each.text)} for each in findings]
        print_json({"ok": not _is_wrong(findings), "findings": told})
    else:
        out = console()
        for each in findings:
            state = styled(f"{each.state:<8}", _STYLES[each.state])
            out.print(Text.assemble(state, styled(f"{each.check:<8} {each.text}")))
    return 1 if _is_wrong(findings) else 0


def _findings(target: str | None, stores: Sequence[str]) -> Iterator[Finding]:
    yield from check_versions()
    yield from check_clock()
    yield from check_zones()
    for store in stores:
        yield from check_store(store)
    if target is not None:
        yield from check_jobs(load_scheduler(target))


def _is_wrong(findings: Sequence[Finding]) -> bool:
    return any(each.state is State.FAILURE for each in findings)
