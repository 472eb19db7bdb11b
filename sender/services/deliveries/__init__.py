"""Deliveries: claimed in batches with a lease, recorded behind a fence, and what a person may do with one."""

from sender.services.deliveries.claim import Claimed, claim_due, next_due, release
from sender.services.deliveries.record import Result, record
from sender.services.deliveries.verbs import cancel, resend, send_test

__all__ = ["Claimed", "Result", "cancel", "claim_due", "next_due", "record", "release", "resend", "send_test"]
