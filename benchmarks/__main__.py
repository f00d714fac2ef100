"""The command: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import golang, plan, report
from benchmarks.peers import PEERS, is_installed
from benchmarks.runner import ROOT, Runner

_PAGE = ROOT / "docs" / "benchmarks.rst"


def main() -> int:
    """Measure, print the table, write the page."""
    options = _options()
    if options.from_json:
        found = json.loads(options.from_json.read_text(encoding="utf-8"))
    else:
        found = _measure(options)
    results, absent, where = found["results"], found["absent"], found["where"]
    print(f"\n{where}\n\n{report.as_text(report.figures(results, absent))}\n")
    print(report.as_text(report.verdicts(results)))
    page = options.rst or (None if options.quick or set(options.only) != set(plan.GROUPS) else _PAGE)
    if page:
        page.write_text(report.page(results, absent, where), encoding="utf-8")
        _say(f"wrote {page}")
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """All rounds, or those until Ctrl-C; what is there is saved after each."""
    begin = time.monotonic()
    found: dict[str, Any] = {"results": {}, "absent": {}, "where": "nothing measured"}
    with TemporaryDirectory(prefix="gocron-bench-") as directory:
        absent, runner = _prepare(Path(directory), options.peers, patient=not options.quick)
        present = [peer for peer in options.peers if peer not in absent]
        try:
            for results in runner.run(plan.cells(options.only, options.quick), present, options.rounds):
                where = f"{report.machine()}; {report.versions(present)}; {report.disturbance(results)}"
                found = {"results": results, "absent": absent, "where": where}
                if options.json:
                    options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
        except KeyboardInterrupt:
            _say("stopped; the rounds so far:")
    _say(f"{time.monotonic() - begin:.0f} s")
    return found


def _prepare(directory: Path, peers: list[str], patient: bool) -> tuple[dict[str, str], Runner]:
    """Which peers are missing and what the table says of them, and a runner for the others."""
    absent = {peer: "absent" for peer in peers if not is_installed(peer)}
    program = golang.build(directory) if "gocron" in peers else None
    if program is None:
        absent["gocron"] = "Go absent"
    return absent, Runner(program, _say, patient)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of a smaller load, under a minute")
    parser.add_argument(
        "--only",
        type=_names(plan.GROUPS),
        default=list(plan.GROUPS),
        metavar="A,B",
        help=f"of {', '.join(plan.GROUPS)}",
    )
    parser.add_argument(
        "--peers", type=_names(PEERS), default=list(PEERS), metavar="A,B", help=f"of {', '.join(PEERS)}"
    )
    parser.add_argument("--rounds", type=int, help="this many rounds of each cell")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results of all rounds")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="report on those, measure nothing")
    parser.add_argument(
        "--rst",
        type=Path,
        metavar="FILE",
        help="write the page there (a full run of all writes docs/benchmarks.rst)",
    )
    return parser.parse_args()


def _names(allowed: Collection[str]) -> Callable[[str], list[str]]:
    """An argparse type: names with commas between."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(allowed)}")
        return names

    return parse


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
