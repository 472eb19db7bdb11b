"""A database as it is after a month: finished deliveries with their events and attempts, made by SQL alone (SQLite).

Half of the deliveries are for one webhook, which never failed; the rest is spread over 49, of which the last never
failed either. 3 % have failed; one event type comes once in 10,000 events.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import timedelta

from shared import clock
from shared.database import microseconds
from tests.bench.product import PAYLOAD, Product

WEBHOOKS = 50
SPAN = timedelta(days=29)
TYPES = ("payment_received", "customer_created", "membership_expired", "site_published")
RARE_TYPE = "domain_deleted"

_MICROSECOND = timedelta(microseconds=1)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ATTEMPT = {
    "url": "https://endpoint.example/webhooks/in",
    "request_headers": '[["content-type","application/json"],["user-agent","Hookloop"],'
    '["webhook-id","evt_00000000000000000000000000"],["webhook-timestamp","1750000000"],'
    '["webhook-signature","v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]]',
    "response_headers": '[["Content-Type","application/json"],["Content-Length","11"]]',
}


def _time_part(moment: str) -> str:
    """Return SQL for the ten characters of an id that say when (microseconds since 1970) it was made."""
    digit = f"substr('{_ALPHABET}', (({moment} / 1000 >> %d) & 31) + 1, 1)"
    return "||".join(digit % shift for shift in range(45, -1, -5))


_RANDOM = "lower(hex(randomblob(8)))"  # 16 characters of the alphabet of our ids

_EVENTS = f"""
INSERT INTO events (id, type, payload, test, created_at, digest)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)
SELECT 'evt_' || {_time_part("at")} || {_RANDOM}, type, :payload, 0, at, :digest FROM (
    SELECT :start + n * :step AS at,
        CASE WHEN n % 10000 = 77 THEN '{RARE_TYPE}'
        ELSE CASE n / 2 % 4 {" ".join(f"WHEN {n} THEN '{slug}'" for n, slug in enumerate(TYPES))} END END AS type
    FROM numbers)
"""

_DELIVERIES = f"""
INSERT INTO deliveries (id, event_id, webhook_id, event_type, state, reason, test, created_at, finished_at,
    attempt_count)
SELECT 'dlv_' || substr(id, 5, 10) || {_RANDOM}, id, webhook, type,
    CASE WHEN failed THEN 'failed' ELSE 'succeeded' END, CASE WHEN failed THEN 'No attempt succeeded.' END,
    0, created_at, created_at + 40000, 1
FROM (
    SELECT events.*, webhooks.id AS webhook, webhooks.number > 0 AND webhooks.number < {WEBHOOKS - 1}
        AND place % 17 = 0 AS failed
    FROM (SELECT id, type, created_at, row_number() OVER (ORDER BY id) AS place FROM events) AS events
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM webhooks) AS webhooks
        ON webhooks.number = CASE WHEN place % 2 = 0 THEN 0 ELSE 1 + place / 2 % {WEBHOOKS - 1} END)
ORDER BY created_at
"""

_ATTEMPTS = f"""
INSERT INTO attempts (id, delivery_id, number, started_at, duration_ms, outcome, detail, method, url, request_headers,
    request_body, status, response_headers, response_body, response_truncated)
SELECT 'att_' || substr(id, 5, 10) || {_RANDOM}, id, 1, created_at + 5000, 30,
    CASE state WHEN 'failed' THEN 'http_status' ELSE 'succeeded' END, '', 'POST', :url, :request_headers,
    CAST(:payload AS BLOB), CASE state WHEN 'failed' THEN 500 ELSE 200 END, :response_headers,
    CAST('{{"ok":true}}' AS BLOB), 0
FROM deliveries ORDER BY id
"""


def fill(sender: Product, count: int) -> list[str]:
    """Put `count` finished deliveries into an empty database; return the ids of the webhooks, the busiest first."""
    webhook_ids = sorted(sender.webhooks([f"http://127.0.0.1:1/{number}" for number in range(WEBHOOKS)]))
    now = microseconds(clock.now())
    values = {
        "count": count,
        "start": now - SPAN // _MICROSECOND,
        "step": (SPAN - timedelta(hours=1)) // _MICROSECOND // count,
        "payload": PAYLOAD,
        "digest": "0" * 64,
        **_ATTEMPT,
    }
    sender.close()
    with contextlib.closing(sqlite3.connect(sender.path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):  # for this connection alone
            connection.execute(f"PRAGMA {pragma}")
        for statement in (_EVENTS, _DELIVERIES, _ATTEMPTS):
            connection.execute(statement, values)
        connection.execute("PRAGMA journal_mode=WAL")
    with sender.path.open("rb") as file:
        os.fsync(file.fileno())  # or the first deliveries would wait until all of this is on the disk
    return webhook_ids
