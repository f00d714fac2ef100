"""A candidate in a process of its own: ``python -m tests.distributed.candidate MAKER FIGURES PAUSE ARGUMENT...``.

It says for each line whether it leads.
"""

from __future__ import annotations

import json
import sys

import gocron_py as gocron
from gocron_py.context import background
from gocron_py.demo.instance import named
from gocron_py.distributed import elector as rules


def main() -> None:
    """Answer until the input ends; resign then."""
    maker, figures, pause, *arguments = sys.argv[1:]
    for name, figure in json.loads(figures).items():
        setattr(rules, name, figure)
    elector = named(maker)(*arguments)
    if pause:
        elector._pause = lambda: float(pause)
    for _ in sys.stdin:
        try:
            elector.is_leader(background())
        except gocron.NotLeader:
            print("follows", flush=True)
        else:
            print("leads", flush=True)
    elector.close()


if __name__ == "__main__":
    main()
