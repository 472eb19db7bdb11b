"""Webhook secrets at rest: encrypted with a key that is not in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, select

from sender.models import Webhook
from shared.settings import SettingsError


class WrongKey(SettingsError):
    """The encryption key fits nothing that is stored; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "the encryption key does not fit the stored webhook secrets; give back the key they were made with, or, if "
            "it is lost, run `python -m sender.cli new-secrets`"
        )


class Vault:
    """Encrypts and decrypts secrets (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: str) -> None:
        self._remembered = lru_cache(maxsize=4096)(self._unlock)
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise SettingsError(
                "SENDER_ENCRYPTION_KEY: not a Fernet key (32 bytes in URL-safe base64, 44 characters)"
            ) from None

    def lock(self, secret: str) -> str:
        """Return `secret` encrypted, as text for a column."""
        return self._fernet.encrypt(secret.encode()).decode()

    def unlock(self, locked: str) -> str | None:
        """Return the secret in clear, None when it was encrypted with another key, or is nothing that any key made.

        Remembered, because decrypting takes 50 µs, a tenth of what a delivery may cost.
        """
        return self._remembered(locked)

    def _unlock(self, locked: str) -> str | None:
        try:
            return self._fernet.decrypt(locked).decode()
        except (InvalidToken, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The ids of webhooks whose secret cannot be read, and of those whose own headers cannot.

    `fits` when the key fits some secret or headers: then it is the right one, or has been used since the old was lost.
    """

    secrets: list[str]
    headers: list[str]
    fits: bool


def unreadable(connection: Connection, vault: Vault) -> Unreadable:
    """Return what the key of `vault` does not fit; deleted webhooks do not count."""
    columns = Webhook.id, Webhook.encrypted_secret, Webhook.encrypted_headers
    rows = connection.execute(select(*columns).where(Webhook.deleted_at.is_(None)).order_by(Webhook.id)).all()
    secrets = {row.id: vault.unlock(row.encrypted_secret) for row in rows}
    headers = {row.id: vault.unlock(row.encrypted_headers) for row in rows if row.encrypted_headers is not None}
    found = [*secrets.values(), *headers.values()]
    return Unreadable(_lost(secrets), _lost(headers), any(one is not None for one in found))


def _lost(found: Mapping[str, str | None]) -> list[str]:
    return [key for key, value in found.items() if value is None]
