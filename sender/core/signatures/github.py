"""GitHub's `X-Hub-Signature-256`, with the headers by which GitHub's receivers tell events and deliveries."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Preset, Signable
from sender.core.signatures.secret_formats import TEXT
from sender.core.signatures.vendor_ids import guid, number


def sign(secret: str, body: bytes) -> str:
    """Return `sha256=` and the hex HMAC-SHA256 of `body`; the key is the secret's text."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _sign(secrets: Sequence[str], what: Signable, _options: Mapping[str, str]) -> Headers:
    return (
        ("X-GitHub-Event", what.event_type),
        ("X-GitHub-Delivery", guid(what.message_id, what.webhook_id)),
        ("X-GitHub-Hook-ID", number(what.webhook_id)),
        ("X-Hub-Signature-256", sign(secrets[0], what.body)),
    )


GITHUB = Preset(
    scheme="github",
    title="GitHub",
    summary="X-Hub-Signature-256 over the body, X-GitHub-Event and X-GitHub-Delivery.",
    verify=(
        "HMAC-SHA256 over the raw body with the secret's text as the key; X-Hub-Signature-256 must be 'sha256=' "
        "followed by the lower-case hex of this MAC. X-GitHub-Delivery stays the same when a delivery is tried "
        "again."
    ),
    secret=TEXT,
    sign=_sign,
    sends=("X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID", "X-Hub-Signature-256"),
    reads_json=True,
)
