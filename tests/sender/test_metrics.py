"""Figures for Prometheus that come from the database."""

from __future__ import annotations

from sqlalchemy import update

from sender.models import Webhook, db
from tests.sender.past import Past
from tests.sender.visitor import TOKEN


def figures(app):
    """The deliveries' figures, by name and labels as they are written."""
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    pairs = [line.rsplit(" ", 1) for line in answer.text.splitlines() if line.startswith("hookloop_deliveries")]
    return {name: float(value) for name, value in pairs}


def test_what_has_not_succeeded_is_counted_by_state_and_what_has_ended_by_its_outcome(app, api):
    hook = api.webhook("https://example.com/hook", active=False)
    with app.app_context():
        past = Past(db.engine)
    for state, count in {"pending": 1, "sending": 2, "failed": 3, "cancelled": 4, "succeeded": 5}.items():
        for _ in range(count):
            past.delivery(past.event(1), hook["id"], state, 1)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(update(Webhook).values(succeeded_count=50, failed_count=30))
    found = figures(app)
    states = {"pending": 1, "sending": 2, "failed": 3, "cancelled": 4}
    assert {name: found[name] for name in found if "hookloop_deliveries{" in name} == {
        f'hookloop_deliveries{{state="{state}"}}': count for state, count in states.items()
    }
    assert found['hookloop_deliveries_finished_total{state="succeeded"}'] == 50
    assert found['hookloop_deliveries_finished_total{state="failed"}'] == 30
