"""The sender's tables."""

from sender.models.base import Base, db
from sender.models.chores import REPLAY_STATES, WORKER_SILENT_AFTER, Mail, Replay, WorkerProcess
from sender.models.deliveries import DELIVERY_STATES, FINISHED_STATES, OWED_STATES, Attempt, Delivery, Event
from sender.models.event_types import CustomEventType, RetiredEventType
from sender.models.webhooks import Webhook, has_ended

__all__ = [
    "DELIVERY_STATES",
    "FINISHED_STATES",
    "OWED_STATES",
    "REPLAY_STATES",
    "WORKER_SILENT_AFTER",
    "Attempt",
    "Base",
    "CustomEventType",
    "Delivery",
    "Event",
    "Mail",
    "Replay",
    "RetiredEventType",
    "Webhook",
    "WorkerProcess",
    "db",
    "has_ended",
]
