"""One server, for a person."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from importlib import import_module

from .process import Server
from .system import ServerFailed, ServerMissing

# Their modules need clients of the servers, each only its own.
SERVERS = {
    "redis": ("redis", "RedisServer"),
    "etcd": ("etcd", "EtcdServer"),
    "newest-etcd": ("etcd", "NewestEtcdServer"),
    "postgres": ("postgres", "PostgresServer"),
    "mariadb": ("mariadb", "MariaDBServer"),
    "kubernetes": ("kube", "KubeServer"),
}


def main() -> int:
    """Keep one up until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description="Start a real server for a while.")
    parser.add_argument("server", choices=list(SERVERS))
    module, kind = SERVERS[parser.parse_args().server]
    server: Server = getattr(import_module(f".{module}", __package__), kind)()
    for number in (signal.SIGINT, signal.SIGTERM):  # the first is ignored in the background of a script
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    try:
        with server:
            print(f"{server.how_to_connect()}\nup after {time.monotonic() - began:.1f} s; Ctrl-C ends it", flush=True)
            while True:  # signal.pause() would miss one that comes just before it
                time.sleep(0.2)
    except KeyboardInterrupt:
        return 0
    except (ServerMissing, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
