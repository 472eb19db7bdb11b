"""The least that sends with `requests`, to compare with: `HTTPAdapter.send` on some threads over kept connections.

`python -m tests.bench.bare URL COUNT THREADS` is one process of it; nothing is claimed, signed, checked or recorded.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from tests.bench import door, sink

THREADS = (1, 2, 4, 8, 32)  # to choose from
WARM_UP = 20  # requests of each thread before the clock starts


def best(processes: int, requests: int) -> int:
    """Return with how many threads in each process the loop is fastest."""
    return max(THREADS, key=lambda threads: measure(processes, requests, threads))


def measure(processes: int, requests: int, threads: int) -> float:
    """Return requests per second, from when all processes have warm connections until the last has all its answers."""
    with sink.listening() as endpoint:
        share = max(1, requests // processes)
        command = [sys.executable, "-m", "tests.bench.bare", endpoint.url(), str(share), str(threads)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        running = [subprocess.Popen(command, **pipes) for _ in range(processes)]
        for process in running:
            process.stdout.readline()  # it is warm
        start = time.monotonic()
        for process in running:
            process.stdin.write("\n")
            process.stdin.flush()
        ends = [float(process.communicate()[0]) for process in running]
        assert endpoint.count() == processes * (share + threads * WARM_UP), "each request arrives"
    return share * processes / (max(ends) - start)


def _loop(url: str, count: int, threads: int) -> None:
    send = door.bare(url)
    numbers = iter(range(count))
    warm, go = threading.Barrier(threads + 1), threading.Event()

    def work() -> None:
        for _ in range(WARM_UP):
            send()
        warm.wait()
        go.wait()
        for _ in numbers:
            send()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    warm.wait()
    print("warm", flush=True)
    sys.stdin.readline()
    go.set()
    for worker in workers:
        worker.join()
    print(time.monotonic())


if __name__ == "__main__":
    _loop(sys.argv[1], *map(int, sys.argv[2:]))
