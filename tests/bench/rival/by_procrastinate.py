"""Procrastinate on PostgreSQL: `main("enqueue")`, then `main("work")`, from another main module, as it asks for."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from posting import COUNT, post
from procrastinate import App, PsycopgConnector

# By default a plain function would run on as few threads as asyncio has: 6 on two cores.
THREADS = int(os.environ.get("RIVAL_CONCURRENCY", "32"))

app = App(connector=PsycopgConnector(conninfo=os.environ["RIVAL_DATABASE"]))


@app.task
def deliver(number: int) -> None:
    """Make the request of one event."""
    post(number)


def main(verb: str) -> None:
    """Create the tables and enqueue, or work until stopped."""
    asyncio.run(_main(verb))


async def _main(verb: str) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with app.open_async():
        if verb == "work":
            await app.run_worker_async(concurrency=THREADS)
            return
        await app.schema_manager.apply_schema_async()
        for start in range(0, COUNT, 1000):
            await deliver.batch_defer_async(*({"number": one} for one in range(start, min(COUNT, start + 1000))))
