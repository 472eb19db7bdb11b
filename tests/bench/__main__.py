"""Runs the benches one after another and prints one Markdown report: `python -m tests.bench [NAME…] [--quick]`."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
import time
import traceback

from tests.bench import machine

BENCHES = ("throughput", "latency", "publish", "growth", "idle", "rivals")


def main() -> int:
    """Print the report; return 1 when a bench failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size; the figures say little")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    print(f"# Benches\n\n{machine.describe()}\n", flush=True)
    if options.quick:
        print("A quick run, a tenth of the size: these figures say little.\n", flush=True)
    failed = False
    for name in options.names or BENCHES:
        start = time.monotonic()
        print(f"## {name.capitalize()}\n", flush=True)
        try:
            print(importlib.import_module(f"tests.bench.{name}").run(options.quick), flush=True)
        except Exception as error:  # noqa: BLE001  # the other benches can still be run
            failed = True
            traceback.print_exc()
            print(f"Failed: {type(error).__name__}: {error}", flush=True)
        print(f"\n{time.monotonic() - start:.0f} s\n", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
