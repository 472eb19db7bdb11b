"""What waits while the clock is stepped: for a retry, for the end of a rest, and for the next step of a replay."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from shared import clock, moments
from tests.faults.ground import Sender, await_
from tests.faults.verdict import Verdict
from tests.shared.endpoints import OK, Endpoint, Peer, listening

SECONDS = 5  # that the retry and the rest wait
SCHEDULE = ",".join([str(SECONDS)] * 20)

_REFUSALS = {
    "/retry": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    "/rest": f"HTTP/1.1 503 Later\r\nRetry-After: {SECONDS}\r\nContent-Length: 0\r\n\r\n".encode(),
}


class Waiting:
    """Events for an endpoint that refuses the first request on each path but the replay's, and takes all later ones."""

    def __init__(self, sender: Sender, endpoint: Endpoint) -> None:
        self._sender, self._endpoint = sender, endpoint
        self._retry, self._rest, self._replay = sender.webhooks(
            [endpoint.url(path) for path in ("/retry", "/rest", "/replay")], max_in_flight=1
        )
        self._since = clock.now()
        self._owed = [*sender.owe([self._retry], 1), *sender.owe([self._rest], 2)]
        self._until = clock.now()

    def begin(self) -> None:
        """Wait until both were refused, then replay all to the third webhook, and wait until that is under way."""
        await_(lambda: len(self._endpoint.requests) >= 2)
        headers = {"Authorization": "Bearer bench-token"}
        span = {"since": moments.rfc3339(self._since), "until": moments.rfc3339(self._until)}
        body = {**span, "webhook_id": self._replay, "state": "missing", "rate": 1}
        answer = self._sender.app.test_client().post("/api/v1/replays", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        await_(lambda: len(self._endpoint.requests) >= 3)

    def wait(self) -> bool:
        """Whether each of the three is still waited for."""
        held = f"SELECT count(*) FROM deliveries WHERE state = 'pending' AND webhook_id = '{self._retry}'"
        rests = f"SELECT count(*) FROM webhooks WHERE blocked_until IS NOT NULL AND id = '{self._rest}'"
        runs = "SELECT count(*) FROM replays WHERE state = 'running'"
        return all(self._sender.scalar(query) for query in (held, rests, runs))

    def is_done(self) -> bool:
        """Whether all has arrived."""
        return not self._sender.scalar("SELECT count(*) FROM replays WHERE state = 'running'")

    def judge(self, verdict: Verdict) -> None:
        """Add to a verdict what arrived: each event once more than it was refused, and once by the replay."""
        arrived = Counter(_path_and_id(request) for request in self._endpoint.requests)
        retried, *rested = self._owed
        expected = Counter({("/replay", one): 1 for one in self._owed} | {("/rest", one): 1 for one in rested})
        expected[("/retry", retried)] = 2
        refused = next(id_ for path, id_ in map(_path_and_id, self._endpoint.requests) if path == "/rest")
        expected[("/rest", refused)] += 1
        verdict.events += len(self._owed)
        verdict.lost += (expected - arrived).total()
        verdict.duplicates += (arrived - expected).total()


@contextlib.contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Run the endpoint while the block lasts."""
    refused: set[str] = set()

    def behave(peer: Peer) -> None:
        while True:
            path, _ = _path_and_id(peer.read())
            refuse = path in _REFUSALS and path not in refused
            refused.add(path)
            peer.send(_REFUSALS[path] if refuse else OK)

    with listening(behave) as running:
        yield running


def _path_and_id(request: bytes) -> tuple[str, str]:
    line, *fields = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    given = dict(field.split(": ", 1) for field in fields)
    return line.split(" ")[1], next(value for name, value in given.items() if name.lower() == "webhook-id")
