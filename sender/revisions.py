"""Which settings of their webhooks the claims of a worker were made with, and whether these are still the newest.

A claim holds the secrets, the URL and the headers that its webhook had when it was made, and may wait for seconds
before a thread begins with it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Engine

from sender.services.deliveries import Claimed, Revision, revisions_of


class Revisions:
    """The newest known revision of each webhook that the worker has claims of; any thread may ask.

    `are_old` when something may have changed since they were looked at. That is done in a turn, which learns most of
    them anyway, and not at each change: two workers on one file, which change it a hundred times a second, were slower
    by a twelfth.
    """

    def __init__(self) -> None:
        self.are_old = False
        self._lock = threading.Lock()
        self._newest: dict[str, Revision] = {}

    def learn(self, newest: Mapping[str, Revision]) -> None:
        """Know these, read in a transaction that is still open: what changes later is noticed."""
        with self._lock:
            self._newest |= newest

    def keep(self, claims: Iterable[Claimed]) -> None:
        """Know no webhooks but those of `claims`, which are all that the worker holds."""
        wanted = {claim.webhook_id for claim in claims}
        with self._lock:
            self._newest = {key: revision for key, revision in self._newest.items() if key in wanted}

    def look(self, engine: Engine, learned: Collection[str] = ()) -> None:
        """Ask the database for the newest ones, but those just `learned`."""
        with self._lock:
            known = [key for key in self._newest if key not in learned]
        if not known:
            return
        with engine.connect() as connection:
            found = revisions_of(connection, known)
        with self._lock:
            self._newest |= {key: revision for key, revision in found.items() if key in self._newest}

    def fit(self, claim: Claimed) -> bool:
        """Return whether no change of its webhook since `claim` was made is known."""
        return self._newest.get(claim.webhook_id, claim.revision) == claim.revision
