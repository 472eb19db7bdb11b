"""Deliveries: claimed in batches with a lease, recorded behind a fence, and what a person may do with one."""

from sender.services.deliveries.claim import MOST_PAYLOAD, Capacity, Claim, Claimed, claim_due, release
from sender.services.deliveries.due import is_due, next_due
from sender.services.deliveries.edited import Resent, refuse_edit, resend_edited
from sender.services.deliveries.hold import release_held
from sender.services.deliveries.lanes import HANGING_AFTER, Revision, revisions_of
from sender.services.deliveries.owed import Settling
from sender.services.deliveries.paced import give_back
from sender.services.deliveries.record import Result, Rules, record, rules_of
from sender.services.deliveries.verbs import cancel, resend, retry, retry_all, send_test

__all__ = [
    "HANGING_AFTER",
    "MOST_PAYLOAD",
    "Capacity",
    "Claim",
    "Claimed",
    "Resent",
    "Result",
    "Revision",
    "Rules",
    "Settling",
    "cancel",
    "claim_due",
    "give_back",
    "is_due",
    "next_due",
    "record",
    "refuse_edit",
    "release",
    "release_held",
    "resend",
    "resend_edited",
    "retry",
    "retry_all",
    "revisions_of",
    "rules_of",
    "send_test",
]
