"""Which settings of their webhooks the claims of a worker were made with, and whether these are still the newest.

A claim holds the secrets, the URL and the headers that its webhook had when it was made, and may wait for seconds
before a thread begins with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sqlalchemy import Engine

from sender.services.deliveries import Claimed, Revision, revisions_of


class Revisions:
    """The newest known revision of each webhook that the worker has claims of; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, Revision] = {}

    def learn(self, claims: Iterable[Claimed]) -> None:
        """Know the webhooks of `claims`, made in a transaction that is still open: what changes later is noticed."""
        with self._lock:
            self._newest |= {claim.webhook_id: claim.revision for claim in claims}

    def keep(self, claims: Iterable[Claimed]) -> None:
        """Know no webhooks but those of `claims`, which are all that the worker holds."""
        wanted = {claim.webhook_id for claim in claims}
        with self._lock:
            self._newest = {key: revision for key, revision in self._newest.items() if key in wanted}

    def look(self, engine: Engine) -> None:
        """Ask the database for the newest ones.

        What another thread has learned meanwhile may be overwritten by what was read before. That makes claims lapse
        for nothing at worst: the change in between is announced too, and then looked at.
        """
        with self._lock:
            known = list(self._newest)
        if not known:
            return
        with engine.connect() as connection:
            found = revisions_of(connection, known)
        with self._lock:
            self._newest |= {key: revision for key, revision in found.items() if key in self._newest}

    def fit(self, claim: Claimed) -> bool:
        """Return whether no change of its webhook since `claim` was made is known."""
        return self._newest.get(claim.webhook_id, claim.revision) == claim.revision
