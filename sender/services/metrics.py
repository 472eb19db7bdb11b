"""Figures for Prometheus that come from the database, so that every process reports the same."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, literal_column, select

from sender.models import DELIVERY_STATES, Delivery, Webhook, db
from shared import clock


class DeliveryCollector(Collector):
    """Deliveries by state, how many are due and how late the oldest is, and webhooks by state."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def describe(self) -> Iterator[Metric]:
        """Return nothing: the registry must not ask the database before it is migrated."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the present figures."""
        with self._app.app_context():
            yield self._by_state()
            yield self._finished()
            yield from self._backlog()
            yield self._webhooks()

    def _by_state(self) -> Metric:
        """Count what has not succeeded: there is an index of that alone, so that it stays quick at any size."""
        metric = GaugeMetricFamily(
            "hookloop_deliveries", "Deliveries that have not succeeded, by state.", labels=["state"]
        )
        for state in DELIVERY_STATES:
            if state != "succeeded":
                query = select(func.count()).where(Delivery.state == literal_column(f"'{state}'"))
                metric.add_metric([state], db.session.scalar(query) or 0)
        return metric

    def _finished(self) -> Metric:
        query = select(func.sum(Webhook.succeeded_count), func.sum(Webhook.failed_count))
        succeeded, failed = db.session.execute(query).one()
        metric = CounterMetricFamily(
            "hookloop_deliveries_finished", "Deliveries that have succeeded or failed for good.", labels=["state"]
        )
        metric.add_metric(["succeeded"], float(succeeded or 0))
        metric.add_metric(["failed"], float(failed or 0))
        return metric

    def _backlog(self) -> Iterator[Metric]:
        now = clock.now()
        query = select(func.count(), func.min(Delivery.next_attempt_at)).where(
            Delivery.state == "pending", Delivery.next_attempt_at <= now
        )
        count, oldest = db.session.execute(query).one()
        age = (now - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("hookloop_deliveries_due", "Deliveries that wait for a worker.", value=count)
        yield GaugeMetricFamily("hookloop_deliveries_due_age_seconds", "How late the oldest of them is.", value=age)

    def _webhooks(self) -> Metric:
        query = select(Webhook.active, func.count()).where(Webhook.deleted_at.is_(None)).group_by(Webhook.active)
        counts = dict(db.session.execute(query).all())
        metric = GaugeMetricFamily("hookloop_webhooks", "Registered webhooks.", labels=["state"])
        metric.add_metric(["active"], counts.get(True, 0))
        metric.add_metric(["inactive"], counts.get(False, 0))
        return metric
