"""``gocron-py demo``."""

from __future__ import annotations

from pathlib import Path

import click

from gocron_py.demo import command as demo


@click.command("demo")
@click.option("--seconds", type=float, help="Run for so long (default: until q is pressed; not a terminal: 25).")
@click.option("--processes", type=int, default=3, help="Schedulers to begin with (default: 3).")
@click.option("--seed", type=int, help="Of the random kills and freezes, where no keys are pressed.")
@click.option("--directory", type=click.Path(path_type=Path), help="For the SQLite file and the logs; it is kept.")
@click.option("--no-live", is_flag=True, help="Random kills and freezes, one line each.")
def command(seconds: float | None, processes: int, seed: int | None, directory: Path | None, no_live: bool) -> int:
    """Several processes share one SQLite file: kill and freeze them, and see each tick start once.

    The exit code is 1 if a tick was started twice or missed.
    """
    options = demo.Options(seconds, processes, seed, directory, no_live)
    return demo.run(options)
