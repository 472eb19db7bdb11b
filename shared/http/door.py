"""The door: makes attempts, each to a judged address, within its deadlines, and tells what came of it."""

from __future__ import annotations

import structlog

from shared import clock
from shared.exchange import Exchange, Limits, Request, Response
from shared.http import body
from shared.http.attempt import Attempt, Phase, running
from shared.http.connections import Adapter
from shared.http.failures import Failed, classify, is_out_of_descriptors, is_stale
from shared.http.watchdog import Watchdog
from shared.http.wire import Unsendable, Wired, place_of, wire
from shared.netguard import AllowedTargets, ResolutionFailed, TargetRefused, resolve
from shared.outcome import Outcome, of_status

_log = structlog.get_logger(__name__)


class Door:
    """Sends requests to public or allowed targets; any number of threads may use it at once.

    `connections` is how many idle ones are kept for each target. `ca_file` (PEM) names authorities that are trusted
    besides the public ones.
    """

    def __init__(
        self, allowed: AllowedTargets, limits: Limits, *, connections: int = 64, ca_file: str | None = None
    ) -> None:
        self._allowed = allowed
        self._limits = limits
        self._adapter = Adapter(connections, ca_file)
        self._watchdog = Watchdog(self._adapter.idle.sweep)

    def start(self) -> None:
        """Have the thread without which nothing is sent, before others take the last that the system has.

        Without, it is made for the first attempt. Raise RuntimeError when it cannot be.
        """
        self._watchdog.start()

    def send(self, request: Request) -> Exchange:
        """Make one attempt; whatever fails is an outcome, never an exception.

        An answer counts by its status once it is complete or longer than the limit; until then it is no answer. A
        redirect is an answer, and not followed.

        The endpoint may see the request twice: when it closed a kept connection in the meantime, or what it left there
        is no answer, the request is sent again on a new one, although it might have been read. Webhooks are delivered
        at least once anyway.
        """
        started_at, begun = clock.now(), clock.monotonic()
        response: Response | None = None
        try:
            place = place_of(request.url)
            wired, fields = wire(request, place)
            request = Request(request.method, request.url, fields, request.body)
            response = self._exchange(wired, begun)
            outcome = of_status(response.status, _location(response))
        except TargetRefused as error:
            outcome = Outcome("blocked", str(error))
        except ResolutionFailed as error:
            outcome = Outcome("dns", str(error))
        except Unsendable as error:
            outcome = Outcome("internal", str(error))
        except Failed as failed:
            outcome = failed.outcome
        except Exception as error:  # noqa: BLE001  # a bug here must not stop a worker
            _log.exception("an attempt failed inside", error=type(error).__name__)
            outcome = Outcome("internal", f"The attempt failed inside Hookloop ({type(error).__name__}).")
        return Exchange(request, response, outcome, started_at, (clock.monotonic() - begun) * 1000)

    def close(self) -> None:
        """Close idle connections, and end the thread that watches deadlines and sweeps them."""
        self._adapter.close()
        self._watchdog.close()

    def _exchange(self, wired: Wired, begun: float) -> Response:
        attempt = Attempt(self._limits, begun, self._watchdog.lock)
        wait = min(self._limits.connect, attempt.left())
        addresses = resolve(wired.place.host, wired.place.port, self._allowed, wait)
        running.attempt = attempt
        self._watchdog.watch(attempt)
        try:
            return self._send_to_first(addresses, wired, attempt)
        finally:
            attempt.let_go()
            self._watchdog.forget(attempt)

    def _send_to_first(self, addresses: list[str], wired: Wired, attempt: Attempt) -> Response:
        """Return the answer of the first address that takes a connection."""
        for address in addresses[:-1]:
            try:
                return self._send(wired, address, attempt)
            except Failed:
                if attempt.phase is not Phase.CONNECTING or attempt.expired:
                    raise
        return self._send(wired, addresses[-1], attempt)

    def _send(self, wired: Wired, address: str, attempt: Attempt) -> Response:
        made_room = False
        while True:
            try:
                return self._send_once(wired, address, attempt)
            except Exception as error:  # noqa: BLE001  # classified, or raised again
                if is_stale(error, attempt):
                    attempt.fresh = True
                elif not made_room and is_out_of_descriptors(error, attempt) and self._adapter.idle.close():
                    made_room = True
                else:
                    raise classify(error, attempt) or error from None

    def _send_once(self, wired: Wired, address: str, attempt: Attempt) -> Response:
        limit = self._limits.response_bytes
        answer = self._adapter.fetch(wired, address)
        attempt.phase = Phase.READING
        try:
            content, is_cut = answer.take(limit)
        finally:
            answer.finish()
        if attempt.expired:
            raise TimeoutError  # what looks like the body's end was the deadline
        content, is_longer = body.decode(content, attempt.headers, limit)
        return Response(attempt.status, attempt.headers, content, is_cut or is_longer)


def _location(response: Response) -> str | None:
    return next((value for name, value in response.headers if name.lower() == "location"), None)
