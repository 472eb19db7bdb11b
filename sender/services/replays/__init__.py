"""Replays: old events sent again, counted first, made step by step by whichever worker is at hand."""

from sender.services.replays.outcome_counts import outcomes
from sender.services.replays.steps import step
from sender.services.replays.verbs import Counted, count, create, get, list_replays, stop, webhooks_of

__all__ = ["Counted", "count", "create", "get", "list_replays", "outcomes", "step", "stop", "webhooks_of"]
