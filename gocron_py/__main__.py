"""``python -m gocron_py``."""

from __future__ import annotations

import argparse
import sys

from gocron_py.demo import command


def main() -> int:
    """Do what the command line says.

    :return: the exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m gocron_py", description="gocron_py, a job scheduler.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    about = "several processes share one SQLite file; kill and freeze them, and see each tick start once"
    demo = commands.add_parser("demo", help=about, description=about.capitalize() + ".")
    command.add_arguments(demo)
    demo.set_defaults(run=command.run)
    options = parser.parse_args()
    code: int = options.run(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
