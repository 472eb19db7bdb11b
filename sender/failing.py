"""Which webhooks call for a rest since a worker has taken their deliveries: known here before it is recorded."""

from __future__ import annotations

from sender.core import health, retry
from shared import clock
from shared.exchange import Exchange


class Failing:
    """How many attempts at each webhook have failed in a row, and when the last did; any thread may use it.

    A count that is lost between two threads does no harm: the next failure makes up for it.
    """

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}

    def count(self, webhook_id: str, exchange: Exchange) -> None:
        """Take in how an attempt has ended."""
        if exchange.outcome.kind == "succeeded":
            self._failures.pop(webhook_id, None)
            return
        answer = exchange.response
        asks = answer and retry.read_retry_after(answer.status, answer.headers, clock.now())
        failures, _ = self._failures.get(webhook_id, (0, 0.0))
        self._failures[webhook_id] = failures + (health.BREAKER_AFTER if asks else 1), clock.monotonic()

    def calls_for_rest(self, webhook_id: str, since: float) -> bool:
        """Whether it failed as often in a row as opens a breaker, or asked to be left alone, later than `since`.

        A single failure is not enough: to give all back for one in twenty made a long queue seven times as slow.
        """
        failures, failed_at = self._failures.get(webhook_id, (0, 0.0))
        return failures >= health.BREAKER_AFTER and failed_at > since

    def forget(self, before: float) -> None:
        """Forget those whose last failure was `before` this moment (monotonic): no claim is as old."""
        for webhook_id, (_, failed_at) in self._failures.copy().items():
            if failed_at < before:
                self._failures.pop(webhook_id, None)
