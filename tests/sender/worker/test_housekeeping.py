"""What a worker does beside delivering leaves the database to the deliveries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sender import housekeeping
from sender.housekeeping import Housekeeping
from sender.models import db
from shared import clock


@pytest.mark.parametrize("batch", [0.02, 0.5, 30.0])
@pytest.mark.parametrize("replay_every", [None, 0.01])
def test_deleting_takes_a_tenth_of_the_time_also_beside_a_replay(app, monkeypatch, batch, replay_every):
    with app.app_context():
        house = Housekeeping(db.engine, app.extensions["hookloop_sender"])
    time, spent = [0.0], [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: time[0])

    def prune(*_):
        time[0] += batch
        spent[0] += batch
        return 200

    monkeypatch.setattr(housekeeping.retention, "prune", prune)
    step = replay_every and timedelta(seconds=replay_every)
    monkeypatch.setattr(housekeeping.replays, "step", lambda _, now: step and now + step)
    for _ in range(2000):
        time[0] += max(0.001, min(1.0, house._keep_house()))
    assert spent[0] > 0
    assert (spent[0] - batch) / time[0] <= 0.1  # the last one's pause is still to come


def test_a_chore_that_fails_keeps_no_other_from_being_done(app, monkeypatch):
    with app.app_context():
        house = Housekeeping(db.engine, app.extensions["hookloop_sender"])
    pruned = []
    monkeypatch.setattr(housekeeping.replays, "step", lambda *_: 1 / 0)
    monkeypatch.setattr(housekeeping.retention, "prune", lambda *_: pruned.append(1))
    assert house._keep_house() > 0
    assert pruned == [1]
