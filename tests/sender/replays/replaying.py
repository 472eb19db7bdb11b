"""Replays as a program asks for them and as a worker makes them, a step at a time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from sender.models import Delivery, Webhook
from sender.services import replays
from shared import clock
from shared.database import writing_connection

DAY = timedelta(days=1)


def registered(api, past, days, **fields):
    """A webhook that was registered so many days ago."""
    webhook_id = api.webhook("https://example.com", **fields)["id"]
    change(past, webhook_id, created_at=past.ago(days))
    return webhook_id


def change(past, webhook_id, **values):
    with writing_connection(past.engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == webhook_id).values(**values))


def ask(api, past, days=10, **fields):
    """Ask for a replay of the last days and return it."""
    body = {"since": past.ago(days).isoformat(), **fields}
    status, count = api("POST", "/api/v1/replays", body | {"dry_run": True})
    assert status == 200, count
    status, replay = api("POST", "/api/v1/replays", body)
    assert status == 202, replay
    assert replay["total"] == count["count"]
    return replay


def run(past, steps=1000):
    """Take steps as a worker does until nothing runs or there were enough; return how many were taken."""
    now = clock.now()
    for taken in range(steps):
        due = replays.step(past.engine, now)
        if due is None:
            return taken
        now = max(now, due)
    return steps


def made(past, replay):
    """The deliveries that a replay made."""
    with past.engine.connect() as connection:
        query = select(Delivery.__table__).where(Delivery.replay_id == replay["id"]).order_by(Delivery.id)
        return connection.execute(query).all()


def pairs(past, replay):
    return Counter((row.event_id, row.webhook_id) for row in made(past, replay))


def shown(api, replay):
    return api("GET", f"/api/v1/replays/{replay['id']}")[1]
