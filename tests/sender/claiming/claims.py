"""Claims taken and results written as a worker does it, each in a transaction of its own, and the rows after it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from sender.models import Attempt, Delivery, Webhook
from sender.services.deliveries import Capacity, Result, Rules, claim_due, record
from shared import clock
from shared.database import writing_connection
from shared.exchange import Exchange, Request, Response
from shared.outcome import Outcome

LEASE = 60.0
RULES = Rules(schedule=(5.0,))


def take(connection, vault, limit=100, later=0.0):
    now = clock.now() + timedelta(seconds=later)
    return claim_due(connection, vault, now, Capacity(limit, limit), lease_seconds=LEASE).taken


def cap(engine, webhook, count):
    with writing_connection(engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == webhook["id"]).values(max_in_flight=count))


def answered(claimed, status=200, kind="succeeded"):
    """The result of an attempt that was answered with `status`."""
    request = Request("POST", claimed.destination.url, (), b"{}")
    exchange = Exchange(request, Response(status, (), b"", False), Outcome(kind, "told"), clock.now(), 1.0)
    return Result.of(claimed, exchange)


def write(engine, *results):
    with writing_connection(engine) as connection:
        record(connection, results, RULES, clock.now())


def row(engine, claimed):
    """A delivery as it stands in the database."""
    with engine.connect() as connection:
        return connection.execute(select(Delivery.__table__).where(Delivery.id == claimed.delivery_id)).one()


def attempts(engine, claimed):
    with engine.connect() as connection:
        query = select(Attempt.number, Attempt.status).where(Attempt.delivery_id == claimed.delivery_id)
        return [tuple(found) for found in connection.execute(query.order_by(Attempt.number))]


def keys(claims):
    return [claimed.delivery_id for claimed in claims]
