"""Headers of a webhook's own: encrypted at rest as its secrets are, because most of them are credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sender.services.vault import Vault


def unlock(vault: Vault, webhook: Any) -> dict[str, str] | None:
    """Return the headers that a webhook (its row) has of its own, None when they cannot be read.

    Then they were encrypted with another key, or are none as this release writes them.
    """
    if webhook.encrypted_headers is None:
        return {}
    text = vault.unlock(webhook.encrypted_headers)
    return None if text is None else _read(text)


def put(vault: Vault, webhook: Any, headers: Mapping[str, str]) -> None:
    """Set the headers of a webhook; those that it has already stay as they are stored."""
    if unlock(vault, webhook) != headers:
        webhook.encrypted_headers = vault.lock(json.dumps(headers)) if headers else None


def _read(text: str) -> dict[str, str] | None:
    try:
        headers = json.loads(text)
    except ValueError:
        return None
    is_ours = isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())
    return headers if is_ours else None
