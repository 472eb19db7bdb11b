"""Publishing many events at once, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sender.core import drafts, schemas
from sender.services import event_types, events
from sender.services.context import Context
from sender.services.event_types import EventType
from sender.services.events import EventDraft, Published
from sender.services.outbox import Departure, Item, store
from shared.errors import Conflict, FieldError, InvalidInput, TooLarge

MAX_EVENTS = 500


def publish_batch(context: Context, batch: Sequence[EventDraft], key: str | None = None) -> list[Published]:
    """Store up to 500 events in one transaction, each as `publish` would, and return one Published for each.

    The same key again with the same events, or an event's own id, returns what was stored before and sends nothing;
    so does an id that comes twice in the batch. Errors name their event, as `events[3].type`: InvalidInput, TooLarge
    for too long a payload, Conflict when an id or the key was used before for another content.
    """
    events.check_key(key)
    if not 1 <= len(batch) <= MAX_EVENTS:
        raise InvalidInput.of(FieldError("events", f"Send 1 to {MAX_EVENTS} events at once."))
    kinds = _check(batch)
    texts = _write(context, batch)
    stem = hashlib.sha256(key.encode()).hexdigest() if key is not None else None
    items = [
        Item(draft.type, text, events.digest(draft.type, text), draft.id, _key(stem, index))
        for index, (draft, text) in enumerate(zip(batch, texts, strict=True))
    ]
    after = _key(stem, len(batch))
    try:
        stored = store(items, [after] if after else [])
    except Departure as error:
        raise _conflict(batch, error.index) from None
    return [
        Published(one.id, one.fresh, one.deliveries, schemas.validate(draft.payload, kinds[draft.type].schema))
        for one, draft in zip(stored, batch, strict=True)
    ]


def _check(batch: Sequence[EventDraft]) -> dict[str, EventType]:
    """Return the event types of a batch by slug; raise InvalidInput with all that is wrong."""
    kinds: dict[str, EventType] = {}
    wrong: dict[str, str] = {}
    faults: list[FieldError] = []
    for index, draft in enumerate(batch):
        if draft.type not in kinds and draft.type not in wrong:
            try:
                kinds[draft.type] = event_types.publishable(draft.type)
            except InvalidInput as error:
                wrong[draft.type] = error.detail
        if draft.type in wrong:
            faults.append(FieldError(f"events[{index}].type", wrong[draft.type]))
        if draft.id is not None:
            faults.extend(FieldError(f"events[{index}].id", one.message) for one in drafts.check_event_id(draft.id))
    if faults:
        raise InvalidInput.of(*faults)
    return kinds


def _write(context: Context, batch: Sequence[EventDraft]) -> list[str]:
    texts: list[str] = []
    for index, draft in enumerate(batch):
        try:
            texts.append(events.write_payload(context, draft.payload))
        except TooLarge as error:
            raise TooLarge(error.detail, [FieldError(f"events[{index}].payload", error.detail)]) from None
    return texts


def _key(stem: str | None, index: int) -> str | None:
    """Return the idempotency key of one event of a batch: those of all of them are unique."""
    return None if stem is None else f"batch/{stem}/{index}"


def _conflict(batch: Sequence[EventDraft], index: int) -> Conflict:
    if index < len(batch) and batch[index].id is not None:
        text = f"An event with the id {batch[index].id} was published before, with another content."
        return Conflict(text, [FieldError(f"events[{index}].id", text)])
    return Conflict("A batch with this idempotency key was published before, with other events.")
