"""Replays as the API takes and gives them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, StrictInt

from sender.core.replays import DEFAULT_RATE, MAX_RATE, NO_END, ReplayDraft
from sender.models import Replay
from sender.views.api.schemas.base import State, When
from shared.web.schemas import Moment, Strict

ReplayedState = Literal["succeeded", "failed", "cancelled", "missing"]


class ReplayIn(Strict):
    """Which events to send again, to whom."""

    webhook_id: str | None = Field(None, description="Only to this webhook; else to every active one.")
    event_type: str | None = Field(
        None, description="Only events of this type, or of the types that a glob matches.", examples=["payment_*"]
    )
    state: ReplayedState | None = Field(
        None,
        description="How the event stands with the webhook: `succeeded`, `failed`, `cancelled`, or `missing` when no "
        "delivery was ever made, be it because the webhook was paused or did not exist yet. Without it: all that "
        "failed, was cancelled or is missing, but nothing from before the webhook was registered.",
    )
    since: When = Field(description="Events published at or after this moment (RFC 3339).")
    until: When | None = Field(
        None,
        description="Events published before this moment; now when absent. To start what `dry_run` has counted, give "
        "the `until` of its answer.",
    )
    rate: StrictInt = Field(DEFAULT_RATE, ge=1, le=MAX_RATE, description="Deliveries made per second.")
    dry_run: bool = Field(False, description="Only count.")

    def draft(self) -> ReplayDraft:
        """Return what the service takes."""
        return ReplayDraft(self.since, self.until or NO_END, self.webhook_id, self.event_type, self.state, self.rate)


class ReplayCount(BaseModel):
    """How many deliveries a replay would make."""

    count: int
    until: Moment = Field(
        description="Up to when it was counted: the `until` that was given, now at the latest. A replay that is asked "
        "for with it sends nothing that was published since."
    )


class ReplayFilters(BaseModel):
    """Which events a replay sends again, to whom."""

    webhook_id: str | None
    event_type: str | None
    state: ReplayedState | None
    since: Moment
    until: Moment


class ReplayOut(BaseModel):
    """A replay and how far it is."""

    id: str
    state: Literal["running", "stopped", "finished"]
    total: int = Field(description="Deliveries to make, counted when the replay was asked for.")
    done: int = Field(description="How many of them are made, or no longer needed.")
    skipped: int = Field(
        description="How many of them are still needed but were not made, because their webhook was paused, disabled "
        "or deleted when it was their turn."
    )
    reason: str | None = Field(description="Why it was stopped; null for one that was not.")
    rate: int
    created_at: Moment
    finished_at: Moment | None
    filters: ReplayFilters

    @classmethod
    def of(cls, replay: Replay) -> ReplayOut:
        """Return the view of a replay."""
        return cls.model_validate(
            {
                **{name: getattr(replay, name) for name in cls.model_fields if name != "filters"},
                "filters": {
                    "webhook_id": replay.webhook_id,
                    "event_type": replay.event_type,
                    "state": replay.delivery_state,
                    "since": replay.since,
                    "until": replay.until,
                },
            }
        )


class ReplayDetail(ReplayOut):
    """A replay, how far it is, and what became of what it made."""

    deliveries: dict[State, int] = Field(
        description="How many of the deliveries that it made are in each state now, of more than 10,000 a few seconds "
        "ago; `GET /api/v1/deliveries` with its `replay_id` lists them."
    )

    @classmethod
    def counted(cls, replay: Replay, deliveries: dict[str, int]) -> ReplayDetail:
        """Return the view of a replay with `deliveries`, by state."""
        return cls.model_validate(dict(ReplayOut.of(replay)) | {"deliveries": deliveries})


class ReplayPage(BaseModel):
    """A page of replays."""

    items: list[ReplayOut]
    next_cursor: str | None
