"""The secrets of a webhook: which of them sign, rotating them with an overlap, revoking old ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy.orm import Session

from sender.core import signatures
from sender.core.signatures import RANDOM_BYTES, Preset
from sender.models import Webhook, db
from sender.services import operations, queries
from sender.services.context import CHANGES, Context
from sender.services.vault import Vault
from shared import changes, clock, moments
from shared.database import writing
from shared.errors import Conflict, FieldError, InvalidInput

DEFAULT_OVERLAP = 86_400
MAX_OVERLAP = 604_800
MAX_OLD = 5

_log = structlog.get_logger("sender.secrets")


class Holder(Protocol):
    """A webhook's row, or anything else with these of its columns."""

    @property
    def encrypted_secret(self) -> str:
        """The present secret."""

    @property
    def old_secrets(self) -> list[list[str]]:
        """Pairs of an old secret and the time of its end, newest first."""

    @property
    def signature(self) -> Mapping[str, Any]:
        """The scheme and its options."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a webhook is signed with: its secret as the receiver has it, and the public key of ed25519."""

    secret: str
    public_key: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change did to a webhook's secrets: whether one was made, and how many old ones signed until then."""

    is_fresh: bool = False
    ended: int = 0


def live(vault: Vault, webhook: Holder, now: datetime) -> tuple[str, ...]:
    """Return the secrets in clear that sign at `now`, the present one first; none when that one cannot be read."""
    present = vault.unlock(webhook.encrypted_secret)
    if present is None:
        return ()
    if not webhook.old_secrets:
        return (present,)
    old = [vault.unlock(locked) for locked, end in webhook.old_secrets if _moment(end) > now]
    return (present, *[secret for secret in old if secret is not None])


def ends(webhook: Holder, now: datetime) -> list[datetime]:
    """Return when each old secret that still signs at `now` will end, newest secret first."""
    return [moment for _, end in webhook.old_secrets if (moment := _moment(end)) > now]


def reveal(context: Context, webhook: Holder) -> Secrets:
    """Return the present secret as its receiver needs it; a private key stays here. Raise Conflict."""
    present = context.vault.unlock(webhook.encrypted_secret)
    if present is None:
        raise Conflict(
            "This webhook's secret was encrypted with another key and cannot be read: give that key back, or rotate "
            "the secret, which makes another."
        )
    return Secrets(preset_of(webhook).secret.shared(present), webhook.signature.get("public_key"))


def rotate(context: Context, webhook_id: str, secret: str | None, overlap: int = DEFAULT_OVERLAP) -> Webhook:
    """Give a webhook another secret, a fresh one when `secret` is None, and return the webhook.

    For `overlap` seconds the present secret goes on signing beside it, if the scheme carries several signatures;
    otherwise it ends at once. The present secret again changes nothing. One that cannot be read ends: nothing is signed
    with it anyway. Raise NotFound or InvalidInput.
    """
    if not 0 <= overlap <= MAX_OVERLAP:
        raise InvalidInput.of(FieldError("overlap_seconds", f"Overlap by 0 to {MAX_OVERLAP:,} seconds."))
    with writing(db.session) as session:
        (webhook,) = queries.lock_webhooks(session, [webhook_id])
        now = clock.now()
        format_ = preset_of(webhook).secret
        if secret is not None and (message := format_.check(secret)):
            raise InvalidInput.of(FieldError("secret", message))
        present = context.vault.unlock(webhook.encrypted_secret)
        if secret is None or present is None or secret not in (present, format_.shared(present)):
            put(context.vault, webhook, secret, now, overlap=overlap)
            tell(session, webhook, now)
            changes.announce(session, CHANGES)
    return webhook


def revoke_old(webhook_id: str) -> None:
    """Have only the present secret sign from now on; raise NotFound."""
    with writing(db.session) as session:
        (webhook,) = queries.lock_webhooks(session, [webhook_id])
        if webhook.old_secrets:
            webhook.old_secrets = []
            webhook.updated_at = clock.now()
            changes.announce(session, CHANGES)
            _log.info("old secrets revoked", webhook_id=webhook_id)


def settle(
    context: Context, session: Session, webhook: Webhook, before: Preset, given: str | None, now: datetime
) -> Settled:
    """Make a changed webhook's secret be `given`, or fit its scheme, which was `before`; return what became of them.

    The present one stays if nothing else is given and it fits, and with it those old ones that fit too. There is no
    overlap: what is replaced ends at once, and the old ones with it. One that cannot be read stays as long as nothing
    else is given and the scheme is the same: its key may come back.
    """
    preset = preset_of(webhook)
    vault = context.vault
    secrets = live(vault, webhook, now)
    present = next(iter(secrets), None)
    shared = None if present is None else before.secret.shared(present)
    if preset is before and given in (None, present, shared):
        return Settled()
    keeps = given is None and shared is not None and preset.secret.check(shared) is None
    carried = _carried(vault, webhook, before, now) if keeps and preset.several else []
    put(vault, webhook, shared if keeps else given, now)
    webhook.old_secrets = carried
    if not keeps:
        tell(session, webhook, now)
    signing = set(map(preset.secret.shared, live(vault, webhook, now)))
    return Settled(given is None and not keeps, len(set(map(before.secret.shared, secrets[1:])) - signing))


def put(vault: Vault, webhook: Webhook, secret: str | None, now: datetime, *, overlap: int = 0) -> None:
    """Set a webhook's secret, a fresh one when `secret` is None; the present one signs on for `overlap` seconds.

    Without an overlap all old secrets end too.
    """
    preset = preset_of(webhook)
    random = os.urandom(RANDOM_BYTES)
    fresh = preset.secret.complete(secret, random) if secret else preset.secret.make(random)
    webhook.old_secrets = _outgoing(vault, webhook, fresh, now, overlap) if overlap and preset.several else []
    webhook.encrypted_secret = vault.lock(fresh)
    webhook.updated_at = now
    _show_key(webhook, fresh)


def tell(session: Session, webhook: Webhook, now: datetime) -> None:
    """Publish that a webhook has another secret, in the open writing transaction; no secret is in it."""
    end = moments.rfc3339(ends(webhook, now)[0]) if webhook.old_secrets else None
    operations.emit(session, "secret.rotated", {"old_secret_expires_at": end}, about=webhook, now=now)
    _log.info("secret rotated", webhook_id=webhook.id, old_secret_expires_at=end)


def preset_of(webhook: Holder) -> Preset:
    """Return the preset that a webhook is signed with."""
    return signatures.PRESETS[webhook.signature["scheme"]]


def _outgoing(vault: Vault, webhook: Webhook, fresh: str, now: datetime, overlap: int) -> list[list[str]]:
    """The present secret and the old ones that have not ended and can be read, without the one that comes back; the
    newest few."""
    end = moments.rfc3339(now + timedelta(seconds=overlap))
    old = [[locked, until] for locked, until in webhook.old_secrets if _moment(until) > now]
    kept = [pair for pair in [[webhook.encrypted_secret, end], *old] if vault.unlock(pair[0]) not in (None, fresh)]
    return kept[:MAX_OLD]


def _carried(vault: Vault, webhook: Webhook, before: Preset, now: datetime) -> list[list[str]]:
    """The old secrets that sign on now that the scheme is no longer `before`, in the form that it keeps them in."""
    format_ = preset_of(webhook).secret
    known = set(map(before.secret.shared, live(vault, webhook, now)[:1]))
    carried = []
    for locked, end in webhook.old_secrets:
        secret = vault.unlock(locked)
        shared = "" if secret is None else before.secret.shared(secret)
        if shared and _moment(end) > now and shared not in known and format_.check(shared) is None:
            known.add(shared)
            carried.append([vault.lock(format_.complete(shared, os.urandom(RANDOM_BYTES))), end])
    return carried


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _show_key(webhook: Webhook, secret: str) -> None:
    """Keep the public key of a secret in the open, beside the scheme."""
    if public_key := preset_of(webhook).public_key:
        webhook.signature = {**webhook.signature, "public_key": public_key(secret)}
