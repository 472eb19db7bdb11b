"""The claims that a worker holds, and how many of them tie up its threads for long."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sender.services.deliveries import Claimed


class UnderWay:
    """Claims by delivery and claim: one that lapsed may be claimed anew while its attempt still goes on."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Claimed] = {}
        self._payload_size = 0

    def __len__(self) -> int:
        return len(self._held)

    def add(self, claims: Iterable[Claimed]) -> None:
        """Hold what was claimed just now."""
        for claim in claims:
            self._held[claim.key] = claim
            self._payload_size += len(claim.message.payload)

    def remove(self, claims: Iterable[Claimed]) -> None:
        """Hold these no longer."""
        for claim in claims:
            if self._held.pop(claim.key, None):
                self._payload_size -= len(claim.message.payload)

    @property
    def payload_size(self) -> int:
        """How many characters the payloads of what is held have, each as often as it is held."""
        return self._payload_size

    @property
    def claim_ids(self) -> set[str]:
        """The ids of the claims by which all this is held."""
        return {claim_id for _, claim_id in self._held}

    def slow(self, hanging: Collection[Claimed]) -> int:
        """Return how many were slow when they were claimed, or are among those that are `hanging` by now.

        Without the second, endpoints that begin to hang would get half of the threads once more on top of those
        that they already hold: all of them, when they had been given half while nobody knew.
        """
        keys = {claim.key for claim in hanging}
        return sum(claim.slow or key in keys for key, claim in self._held.items())

    def claims(self) -> list[Claimed]:
        """Return what is held."""
        return list(self._held.values())
