"""Runs the benches one after another and prints one Markdown report; ends with status 1 when one of them fails."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
import time
import traceback
from collections.abc import Sequence

from tests.bench import machine, size

BENCHES = ("throughput", "latency", "publish", "growth", "idle", "rivals")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; return 1 when a bench failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}; default: all")
    smaller = parser.add_mutually_exclusive_group()
    smaller.add_argument("--quick", action="store_true", help="a tenth of the size; the figures say little")
    smaller.add_argument("--tiny", action="store_true", help="a hundredth, to see that it works; they say nothing")
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; choose some of {', '.join(BENCHES)}")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    print(f"# Benches\n\n{machine.describe()}\n", flush=True)
    chosen = size.QUICK if options.quick else size.TINY if options.tiny else size.WHOLE
    if chosen.part > 1:
        print(f"A run of 1/{chosen.part} of the size: these figures say little.\n", flush=True)
    succeeded = [_run(name, chosen) for name in options.names or BENCHES]
    return int(not all(succeeded))


def _run(name: str, chosen: size.Size) -> bool:
    """Print what a bench says; return whether it came to its end.

    Each is a module with `run(size)`, which yields paragraphs of Markdown as they are known, and raises when what it
    measured is not what its title says.
    """
    start = time.monotonic()
    print(f"## {name.capitalize()}\n", flush=True)
    succeeded = False
    try:
        for paragraph in importlib.import_module(f"tests.bench.{name}").run(chosen):
            print(f"{paragraph}\n", flush=True)
        succeeded = True
    except Exception as error:  # noqa: BLE001  # the other benches can still be run
        traceback.print_exc()
        print(f"Failed: {type(error).__name__}: {error}\n", flush=True)
    print(f"{time.monotonic() - start:.0f} s\n", flush=True)
    return succeeded


if __name__ == "__main__":
    sys.exit(main())
