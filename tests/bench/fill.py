"""A database as it is after a month: finished deliveries with their events and attempts, made by SQL alone.

Half of the deliveries are for one webhook, which never failed; the rest is spread over 49, of which the last never
failed either. 3 % have failed; one event type comes once in 10,000 events; 30 in a million are tests. A replay has made
nine tenths of them, and there are two pages of replays.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert

from sender.models import Replay, db
from shared import clock, ids
from shared.moments import microseconds
from tests.bench.product import PAYLOAD, Product

WEBHOOKS = 50
REPLAYS = 60
SPAN = timedelta(days=29)
TYPES = ("payment_received", "customer_created", "membership_expired", "site_published")
RARE_TYPE = "domain_deleted"

_MICROSECOND = timedelta(microseconds=1)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_REQUEST_HEADERS = (
    '[["content-type","application/json"],["user-agent","Hookloop"],'
    '["webhook-id","evt_00000000000000000000000000"],["webhook-timestamp","1750000000"],'
    '["webhook-signature","v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]]'
)
_RESPONSE_HEADERS = '[["Content-Type","application/json"],["Content-Length","11"]]'


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the databases say differently: numbers from 0, 16 characters of the alphabet of our ids, bytes of a text."""

    numbers: str
    random: str
    blob: str


SQLITE = Dialect(
    "(WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {count}) "
    "SELECT n FROM counted)",
    "lower(hex(randomblob(8)))",
    "CAST('{}' AS BLOB)",
)
POSTGRESQL = Dialect(
    "generate_series(0::bigint, {count} - 1) AS counted(n)",
    "substr(md5(random()::text), 1, 16)",
    "convert_to('{}', 'UTF8')",
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What the lists are asked for: the ids of the webhooks, the busiest first, and of the replay."""

    webhook_ids: list[str]
    replay_id: str


def fill(sender: Product, count: int) -> Filled:
    """Put `count` finished deliveries into an empty database, and wait until they are on the disk."""
    webhook_ids = sorted(sender.webhooks([f"http://127.0.0.1:1/{number}" for number in range(WEBHOOKS)]))
    replay_id = _replays(sender, count)
    sender.close()
    if sender.is_sqlite:
        _fill_sqlite(sender, _statements(SQLITE, count, replay_id))
    else:
        _fill_postgresql(sender, _statements(POSTGRESQL, count, replay_id))
    return Filled(webhook_ids, replay_id)


def _fill_sqlite(sender: Product, statements: list[str]) -> None:
    with contextlib.closing(sqlite3.connect(sender.path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144"):  # for this connection alone
            connection.execute(f"PRAGMA {pragma}")
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode=WAL")
    with sender.path.open("rb") as file:
        os.fsync(file.fileno())  # or the first deliveries would wait until all of this is on the disk


def _fill_postgresql(sender: Product, statements: list[str]) -> None:
    with sender.app.app_context(), db.engine.connect() as connection:
        driver = connection.execution_options(isolation_level="AUTOCOMMIT").connection.driver_connection
        driver.execute("SET session_replication_role = replica")  # foreign keys are right; to check them takes minutes
        for statement in statements:
            driver.execute(statement)
        driver.execute("VACUUM (ANALYZE)")  # as the server has done by itself after a month
        driver.execute("CHECKPOINT")
    sender.close()


def _replays(sender: Product, count: int) -> str:
    """Add finished replays; return the id of the newest, which made most of the deliveries."""
    now = clock.now()
    rows = [
        {
            "id": ids.new("rpl", now + timedelta(milliseconds=number)),
            "state": "finished",
            "delivery_state": "succeeded",
            "since": now - SPAN,
            "until": now,
            "rate": 100,
            "total": count * 9 // 10,
            "done": count * 9 // 10,
            "skipped": 0,
            "webhook_ids": [],
            "created_at": now,
            "next_step_at": now,
            "finished_at": now,
        }
        for number in range(REPLAYS)
    ]
    with sender.app.app_context(), db.engine.begin() as connection:
        connection.execute(insert(Replay), rows)
    return rows[-1]["id"]


def _time_part(moment: str) -> str:
    """Return SQL for the ten characters of an id that say when (microseconds since 1970) it was made."""
    digit = f"substr('{_ALPHABET}', CAST(({moment} / 1000 >> %d) & 31 AS INTEGER) + 1, 1)"
    return "||".join(digit % shift for shift in range(45, -1, -5))


def _statements(dialect: Dialect, count: int, replay_id: str) -> list[str]:
    """Return what fills the tables, without parameters: the texts are ours, and have no quotes."""
    start = microseconds(clock.now()) - SPAN // _MICROSECOND
    step = (SPAN - timedelta(hours=1)) // _MICROSECOND // count
    types = " ".join(f"WHEN {n} THEN '{slug}'" for n, slug in enumerate(TYPES))
    events = f"""
    INSERT INTO events (id, type, payload, test, created_at, digest)
    SELECT 'evt_' || {_time_part("at")} || {dialect.random}, type, '{PAYLOAD}', test, at, '{"0" * 64}' FROM (
        SELECT {start} + n * {step} AS at, n % 33333 = 78 AS test,
            CASE WHEN n % 10000 = 77 THEN '{RARE_TYPE}' ELSE CASE n / 2 % 4 {types} END END AS type
        FROM {dialect.numbers.format(count=count)}) AS made"""
    deliveries = f"""
    INSERT INTO deliveries (id, event_id, webhook_id, event_type, state, reason, test, created_at, finished_at,
        attempt_count, replay_id)
    SELECT 'dlv_' || substr(id, 5, 10) || {dialect.random}, id, webhook, type,
        CASE WHEN failed THEN 'failed' ELSE 'succeeded' END, CASE WHEN failed THEN 'No attempt succeeded.' END,
        test, created_at, created_at + 40000, 1, CASE WHEN place % 10 > 0 THEN '{replay_id}' END
    FROM (
        SELECT events.*, webhooks.id AS webhook, webhooks.number > 0 AND webhooks.number < {WEBHOOKS - 1}
            AND place % 17 = 0 AS failed
        FROM (SELECT id, type, test, created_at, row_number() OVER (ORDER BY id) AS place FROM events) AS events
        JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM webhooks) AS webhooks
            ON webhooks.number = CASE WHEN place % 2 = 0 THEN 0 ELSE 1 + place / 2 % {WEBHOOKS - 1} END) AS paired
    ORDER BY created_at"""
    attempts = f"""
    INSERT INTO attempts (id, delivery_id, number, started_at, duration_ms, outcome, detail, method, url,
        request_headers, request_body, status, response_headers, response_body, response_truncated)
    SELECT 'att_' || substr(id, 5, 10) || {dialect.random}, id, 1, created_at + 5000, 30,
        CASE state WHEN 'failed' THEN 'http_status' ELSE 'succeeded' END, '', 'POST',
        'https://endpoint.example/webhooks/in', '{_REQUEST_HEADERS}', {dialect.blob.format(PAYLOAD)},
        CASE state WHEN 'failed' THEN 500 ELSE 200 END, '{_RESPONSE_HEADERS}', {dialect.blob.format('{"ok":true}')},
        false
    FROM deliveries ORDER BY id"""
    return [events, deliveries, attempts]
