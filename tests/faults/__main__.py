"""Runs the fault matrix and prints it as Markdown; ends with status 1 when an event was lost or a row failed."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence

import structlog

from tests import postgresql
from tests.faults.ground import Ground
from tests.faults.rows import POSTGRESQL, ROWS, SQLITE, Row
from tests.faults.verdict import Verdict, table
from tests.faults.ward import ward


class Matrix:
    """Prints each row as soon as it is known and remembers whether all held."""

    def __init__(self) -> None:
        self.holds, self.events, self.lost = True, 0, 0
        print(table([]), flush=True)

    def add(self, row: Row, database: str, run: Callable[[], Verdict]) -> None:
        """Run a row and print what came of it; one that breaks down has failed."""
        try:
            verdict = run()
        except Exception as error:  # noqa: BLE001  # the other rows can still be run
            traceback.print_exc()
            verdict = Verdict(0, 0, 0, None, failures=[f"{type(error).__name__}: {error}"])
        self.holds &= verdict.holds
        self.events += verdict.events
        self.lost += verdict.lost
        print(f"| {' | '.join(verdict.cells(row.title, database))} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the matrix; return 1 when anything was lost or a row's expectation failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="some rows; default: all")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(f"{row.name:22}{row.title} ({', '.join(row.databases)})" for row in ROWS.values()))
        return 0
    if unknown := set(options.names) - ROWS.keys():
        parser.error(f"there is no row {', '.join(sorted(unknown))}; --list names them")
    return _run([row for row in ROWS.values() if row.name in options.names or not options.names])


def _run(rows: Sequence[Row]) -> int:
    start, load = time.monotonic(), " ".join(f"{value:.2f}" for value in os.getloadavg())
    matrix, words = Matrix(), []
    with _grounds({database for row in rows for database in row.databases}) as grounds:
        for row in rows:
            if row.run:
                for database in row.databases:
                    matrix.add(row, database, lambda row=row, on=grounds[database]: row.run(on, row.events))
        if hostile := [row for row in rows if row.hostile]:
            words += [_in_ward(matrix, hostile, ground) for ground in grounds.values()]
    words.append(
        f"{matrix.events:,} events, {matrix.lost} lost; {time.monotonic() - start:.0f} s; load before: {load}."
    )
    print("\n" + "\n\n".join(words), flush=True)
    return int(not matrix.holds or any("FAILED" in word for word in words))


def _in_ward(matrix: Matrix, rows: Sequence[Row], ground: Ground) -> str:
    """Run the rows about endpoints beside one worker; return what is to be said about its memory.

    They run twice, and the first round only warms up: what is kept once is kept after it, and what the second adds
    would be added by each that follows.
    """
    with ward(ground) as running:
        for row in rows:
            running.run(running.endpoints[row.name], row.events)
        running.mark()
        for row in rows:
            hostile = running.endpoints[row.name]
            matrix.add(row, ground.database, lambda row=row, hostile=hostile: running.run(hostile, row.events))
        return f"{ground.database}. {running.memory()}"


@contextlib.contextmanager
def _grounds(databases: set[str]) -> Iterator[dict[str, Ground]]:
    """Give the ground for each of these databases."""
    with contextlib.ExitStack() as stack:
        grounds = {SQLITE: Ground()}
        if POSTGRESQL in databases:
            grounds[POSTGRESQL] = Ground(stack.enter_context(postgresql.server()))
        yield grounds


if __name__ == "__main__":
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.exit(main())
