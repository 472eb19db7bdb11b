"""The least that sends with `requests`, to compare with: `HTTPAdapter.send` on 32 threads.

`python -m tests.bench.bare URL COUNT` is one process of it; nothing is claimed, signed, checked or recorded.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from tests.bench import door, sink

THREADS = 32  # a worker has 64, of which endpoints that answer at once keep one or two at work


def measure(processes: int, requests: int) -> float:
    """Return requests per second from the first arrival until the last process has all its answers."""
    with sink.listening() as endpoint:
        command = [sys.executable, "-m", "tests.bench.bare", endpoint.url(), str(requests // processes)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        spans = [tuple(map(float, process.communicate()[0].split())) for process in running]
        assert endpoint.report()["count"] == requests // processes * processes, "each request arrives"
    return requests / (max(end for _, end in spans) - min(start for start, _ in spans))


def _loop(url: str, count: int) -> None:
    send = door.bare(url)
    numbers = iter(range(count))

    def work() -> None:
        for _ in numbers:
            send()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(start, time.monotonic())


if __name__ == "__main__":
    _loop(sys.argv[1], int(sys.argv[2]))
