"""``python -m gocron_py`` and ``gocron-py``."""

from __future__ import annotations

import sys


def main() -> int:
    """Do what the command line says.

    :return: the exit code: 1 for a failure, 2 for a command line that is wrong or cannot be carried out here.
    """
    try:
        import click
        import rich
    except ImportError:
        print("gocron-py: the command line needs two packages more: pip install 'gocron_py[cli]'", file=sys.stderr)
        return 2
    del click, rich
    from gocron_py.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
