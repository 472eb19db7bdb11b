"""Figures for Prometheus: those of the database, the same from every process, and the open streams of this one."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from receiver.models import Bin, db
from receiver.services.context import Context


class BinCollector(Collector):
    """Bins, captures kept and captures ever, and the live streams of this process."""

    def __init__(self, app: Flask, context: Context) -> None:
        self._app = app
        self._context = context

    def describe(self) -> Iterator[Metric]:
        """Return nothing: the registry must not ask the database before it is migrated."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the present figures."""
        query = select(
            func.count(),
            func.coalesce(func.sum(Bin.stored_count), 0),
            func.coalesce(func.sum(Bin.captured_count), 0),
        ).select_from(Bin)
        with self._app.app_context():
            bins, stored, captured = db.session.execute(query).one()
        yield GaugeMetricFamily("hookloop_bins", "Bins.", value=int(bins))
        yield GaugeMetricFamily("hookloop_captures_stored", "Captures that bins hold.", value=int(stored))
        yield CounterMetricFamily(
            "hookloop_captures", "Captures ever, of the bins that there are.", value=int(captured)
        )
        streams = self._context.live.open_streams
        yield GaugeMetricFamily("hookloop_receiver_streams", "Live streams of this process.", value=streams)
