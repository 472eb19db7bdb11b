"""What a disabled webhook missed: exactly that is offered when it is switched on again, whichever way that is done."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from sender.models import Replay
from sender.services import replays
from sender.services.deliveries import Rules
from sender.services.replays import counting
from shared import moments
from tests.visitor import text_of

WAYS_OFF = ("a 410 with a backlog", "a 410 and another URL", "failing for too long", "a 410 to a test")
WAYS_ON = ("button", "edit page", "bulk", "API")


pytestmark = pytest.mark.usefixtures("one_time")


def publish(api, deliverer, count=1, seconds=10.0):
    for number in range(count):
        assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"number": number}})[0] == 202
        deliverer.wait(seconds=seconds)


def shown(api, hook):
    return api("GET", f"/api/v1/webhooks/{hook}")[1]


def disabled(api, sink, deliverer, way="a 410 with a backlog"):
    """A webhook that was disabled in one of the ways; return its id and how many events it missed."""
    hook = api.webhook(sink.url(410))["id"]
    given, deliverer.rules = deliverer.rules, Rules(schedule=())
    publish(api, deliverer, 2)
    first, second = deliverer.claim()
    deliverer.record((first, 500), (second, 200))  # an earlier failure, which a success has ended
    deliverer.rules = given
    if way == "failing for too long":
        deliverer.rules = Rules(schedule=(60.0,) * 3, disable_after=timedelta(hours=5))
        publish(api, deliverer, 3)
        while deliverer.webhook(hook).active:
            publish(api, deliverer)
            deliverer.sweep()
            for claimed in deliverer.claim():
                deliverer.answer(claimed, 500)
            deliverer.wait(minutes=15)
        assert {row.state for row in deliverer.deliveries(hook)[2:]} == {"failed", "cancelled"}
    elif way == "a 410 to a test":
        publish(api, deliverer, 4)
        assert api("POST", f"/api/v1/webhooks/{hook}/test", {})[0] == 200
        deliverer.wait(seconds=10)
    else:
        publish(api, deliverer, 5)
        deliverer.answer(deliverer.claim(1)[0], 410)
        deliverer.wait(seconds=10)
        assert [row.state for row in deliverer.deliveries(hook)[2:]] == ["failed"] + ["cancelled"] * 4
    missed = sum(1 for row in deliverer.deliveries(hook)[2:] if not row.test)
    if way == "a 410 and another URL":
        deliverer.wait(days=1)
        assert api("PATCH", f"/api/v1/webhooks/{hook}", {"url": sink.url(204)})[0] == 200
    publish(api, deliverer, 3)  # of which no delivery is made
    assert shown(api, hook)["state"] == "disabled"
    return hook, missed + 3


def switch_on(api, visitor, hook, way):
    """Switch a webhook on in one of the ways, and return the page that follows; the API's is the webhook's own."""
    if way == "button":
        return visitor.post(f"/webhooks/{hook}/activate")
    if way == "bulk":
        return visitor.post("/webhooks/bulk", ids=hook, verb="activate")
    if way == "edit page":
        fields = {"name": "Billing", "url": shown(api, hook)["url"], "event_types": "payment_received", "active": "1"}
        fields |= {"body_format": "standard", "scheme": "standard", "integration": "manual", "max_in_flight": "10"}
        return visitor.post(f"/webhooks/{hook}", **fields)
    assert api("PATCH", f"/api/v1/webhooks/{hook}", {"active": True})[0] == 200
    return visitor.get(f"/webhooks/{hook}")


def offered_form(visitor, page):
    """The values of the replay form that a page offers or is."""
    if "/replays/new" not in page.request.path:
        page = visitor.get(html.unescape(re.search(r'href="(/replays/new[^"]+)"', page.text)[1]))
    hook = re.search(r'name="webhook_id" value="([^"]+)"', page.text)[1]
    since = re.search(r'name="since"[^>]* value="([^"]*)"', page.text)[1]
    return {"state": "", "webhook_id": hook, "event_type": "", "since": since, "until": "", "rate": "50"}


def replay_of(api, hook, **fields):
    return api("POST", "/api/v1/replays", {"webhook_id": hook, "since": shown(api, hook)["missed_since"], **fields})


@pytest.mark.parametrize("off", WAYS_OFF)
def test_what_was_missed_is_counted_exactly_on_the_page_and_by_the_api(api, visitor, sink, deliverer, off):
    hook, missed = disabled(api, sink, deliverer, off)
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed, "to know before it is switched on"
    form = offered_form(visitor, switch_on(api, visitor, hook, "button"))
    publish(api, deliverer)  # this one is owed
    assert f"{missed} deliveries would be made" in text_of(visitor.post("/replays/new", **form))
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed


@pytest.mark.parametrize("on", WAYS_ON)
def test_it_is_offered_whichever_way_the_webhook_is_switched_on(api, visitor, sink, deliverer, on):
    hook, missed = disabled(api, sink, deliverer)
    form = offered_form(visitor, switch_on(api, visitor, hook, on))
    assert form["webhook_id"] == hook
    assert f"{missed} deliveries would be made" in text_of(visitor.post("/replays/new", **form))
    assert shown(api, hook)["state"] == "active"


def test_the_offer_stands_on_the_pages_until_what_it_is_about_is_replayed(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    still_off = moments.rfc3339(deliverer.now)
    deliverer.wait(seconds=1)
    form = offered_form(visitor, switch_on(api, visitor, hook, "API"))
    offer = "This webhook missed events"
    assert offer in text_of(visitor.get(f"/webhooks/{hook}"))
    assert offered_form(visitor, visitor.get("/webhooks")) == form
    publish(api, deliverer)
    too_little = ({"event_type": "payment_*"}, {"state": "missing"}, {"until": still_off})
    too_late = {"since": moments.rfc3339(deliverer.now - timedelta(seconds=15))}
    for fields in (*too_little, too_late):
        deliverer.wait(seconds=1)
        status, replay = replay_of(api, hook, **fields)
        assert status == 202
        api("POST", f"/api/v1/replays/{replay['id']}/stop")
        assert offer in text_of(visitor.get(f"/webhooks/{hook}")), fields
    assert f"of {missed}" in text_of(visitor.post("/replays/new", confirmed="1", **form))
    assert shown(api, hook)["missed_since"] is None
    assert offer not in text_of(visitor.get(f"/webhooks/{hook}"))


def test_what_was_counted_makes_up_for_all_while_the_webhook_stayed_active(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    switch_on(api, visitor, hook, "API")
    counted = replay_of(api, hook, dry_run=True)[1]
    publish(api, deliverer, 2)
    for claimed in deliverer.claim():
        deliverer.answer(claimed, 500)
    assert replay_of(api, hook, until=counted["until"])[1]["total"] == counted["count"] == missed
    assert shown(api, hook)["missed_since"] is None


def test_what_was_counted_before_it_was_off_once_more_does_not_make_up_for_all(api, visitor, sink, deliverer):
    hook, _ = disabled(api, sink, deliverer)
    switch_on(api, visitor, hook, "API")
    until = replay_of(api, hook, dry_run=True)[1]["until"]
    publish(api, deliverer)
    deliverer.answer(deliverer.claim()[0], 410)
    publish(api, deliverer)
    since = shown(api, hook)["missed_since"]
    switch_on(api, visitor, hook, "API")
    assert api("POST", "/api/v1/replays", {"webhook_id": hook, "since": since, "until": until})[0] == 202
    assert shown(api, hook)["missed_since"] == since


@pytest.mark.parametrize("on", ["bulk", "API"])
def test_what_was_counted_while_the_activation_waited_for_its_turn_does_not_make_up_for_all(
    api, visitor, sink, deliverer, before_its_turn, on
):
    hook, _ = disabled(api, sink, deliverer)
    counted = []

    def count_and_miss_more():
        deliverer.wait(seconds=1)
        counted.append(replay_of(api, hook, dry_run=True)[1]["until"])
        publish(api, deliverer)

    before_its_turn(count_and_miss_more)
    switch_on(api, visitor, hook, on)
    since = shown(api, hook)["missed_since"]
    assert replay_of(api, hook, until=counted[0])[0] == 202
    assert shown(api, hook)["missed_since"] == since


def test_a_replay_to_all_active_webhooks_takes_up_the_offers_of_these(api, visitor, sink, deliverer):
    hooks = [disabled(api, sink, deliverer)[0] for _ in range(2)]
    since = min(shown(api, hook)["missed_since"] for hook in hooks)
    switch_on(api, visitor, hooks[0], "API")
    assert api("POST", "/api/v1/replays", {"since": since})[0] == 202
    assert [shown(api, hook)["missed_since"] is None for hook in hooks] == [True, False]


def test_the_offer_can_be_dismissed_on_the_page_and_by_the_api(api, visitor, sink, deliverer):
    hook, _ = disabled(api, sink, deliverer)
    switch_on(api, visitor, hook, "API")
    assert "is not offered any more" in text_of(visitor.post(f"/webhooks/{hook}/dismiss-missed"))
    assert shown(api, hook)["missed_since"] is None
    publish(api, deliverer)
    deliverer.answer(deliverer.claim()[0], 410)
    assert shown(api, hook)["missed_since"]
    deliverer.wait(seconds=1)
    assert api("DELETE", f"/api/v1/webhooks/{hook}/missed")[0] == 204
    assert shown(api, hook)["missed_since"] == moments.rfc3339(deliverer.now), "it still misses what is published"
    deliverer.wait(seconds=1)
    publish(api, deliverer, 2)
    assert replay_of(api, hook, dry_run=True)[1]["count"] == 2
    assert api("DELETE", "/api/v1/webhooks/whk_none/missed")[0] == 404


def test_several_at_once_are_offered_in_one_line(api, visitor, sink, deliverer):
    hooks = [disabled(api, sink, deliverer)[0] for _ in range(2)]
    well = api.webhook(sink.url(), name="Never off")["id"]
    page = visitor.post("/webhooks/bulk", ids=[*hooks, well], verb="activate")
    (line,) = re.findall(r'<div class="notice-body"><div>(What [^/]*missed.*?)</div>', page.text)
    assert re.findall(r"webhook_id=(\w+)", line) == hooks
    assert "can be replayed" in line


def test_pausing_a_disabled_webhook_changes_nothing(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    other = api.webhook(sink.url())["id"]
    before = shown(api, hook)
    said = text_of(visitor.post("/webhooks/bulk", ids=[hook, other], verb="pause"))
    assert "1 webhook is paused" in said
    assert "1 stays disabled" in said
    assert "Billing is disabled" in text_of(visitor.post(f"/webhooks/{hook}/pause"))
    assert shown(api, hook) == before
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed


def test_a_pause_by_a_person_is_no_reason_to_offer_anything(api, visitor, sink, deliverer):
    hook = api.webhook(sink.url())["id"]
    publish(api, deliverer, 2)
    for active in (False, True):
        api("PATCH", f"/api/v1/webhooks/{hook}", {"active": active})
        publish(api, deliverer)
    assert shown(api, hook)["missed_since"] is None
    deliverer.sweep()
    assert len(deliverer.claim()) == 3, "what was owed is sent by itself"


def test_disabled_again_before_the_replay_it_has_still_missed_the_first_part(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    since = shown(api, hook)["missed_since"]
    switch_on(api, visitor, hook, "API")
    publish(api, deliverer)
    deliverer.answer(deliverer.claim()[0], 410)
    assert shown(api, hook)["missed_since"] == since
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed + 1


def test_disabled_again_during_the_replay_it_has_missed_what_was_not_made(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    switch_on(api, visitor, hook, "API")
    assert replay_of(api, hook, rate=10)[0] == 202
    replays.step(deliverer.engine, deliverer.now)
    for claimed in deliverer.claim():
        deliverer.answer(claimed, 200)
    deliverer.wait(seconds=10)
    publish(api, deliverer)
    deliverer.answer(deliverer.claim()[0], 410)
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed - 2 + 1


def test_what_a_replay_skips_because_its_webhook_is_paused_is_offered_again(api, visitor, sink, deliverer):
    hook, missed = disabled(api, sink, deliverer)
    other, _ = disabled(api, sink, deliverer)
    for one in (hook, other):
        api("PATCH", f"/api/v1/webhooks/{one}", {"active": True})
    since = shown(api, hook)["missed_since"]
    replay = api("POST", "/api/v1/replays", {"since": since, "rate": 10})[1]["id"]
    api("PATCH", f"/api/v1/webhooks/{hook}", {"active": False})
    while replays.step(deliverer.engine, deliverer.now):
        for claimed in deliverer.claim():
            deliverer.answer(claimed, 200)
        deliverer.wait(seconds=10)
    ended = api("GET", f"/api/v1/replays/{replay}")[1]
    assert (ended["state"], ended["done"] + ended["skipped"]) == ("finished", ended["total"])
    form = offered_form(visitor, switch_on(api, visitor, hook, "button"))
    assert f"{ended['skipped']} deliveries would be made" in text_of(visitor.post("/replays/new", **form))
    assert ended["skipped"] >= missed
    assert shown(api, other)["missed_since"] is None


def test_a_webhook_that_is_activated_while_a_replay_is_counted_keeps_its_offer(api, sink, deliverer, monkeypatch):
    hook, _ = disabled(api, sink, deliverer)
    active = api.webhook(sink.url())["id"]
    real = counting.count

    def activate_meanwhile(*given):
        total = real(*given)
        assert api("PATCH", f"/api/v1/webhooks/{hook}", {"active": True})[0] == 200
        return total

    monkeypatch.setattr(counting, "count", activate_meanwhile)
    since = moments.rfc3339(deliverer.now - timedelta(days=30))
    assert api("POST", "/api/v1/replays", {"since": since})[0] == 202
    with deliverer.engine.connect() as connection:
        assert connection.scalar(select(Replay.webhook_ids)) == [active]
    assert shown(api, hook)["missed_since"] is not None


@pytest.mark.parametrize("how", ["stopped by hand", "paused meanwhile"])
@pytest.mark.parametrize("steps", [0, 1])
def test_a_replay_that_is_stopped_leaves_the_offer_of_the_rest(api, sink, deliverer, how, steps):
    hook, missed = disabled(api, sink, deliverer)
    never_off = api.webhook(sink.url())["id"]
    path = f"/api/v1/webhooks/{hook}"
    api("PATCH", path, {"active": True})
    since = shown(api, hook)["missed_since"]
    replay = api("POST", "/api/v1/replays", {"since": since, "rate": 10})[1]["id"]
    assert shown(api, hook)["missed_since"] is None
    for _ in range(steps):
        replays.step(deliverer.engine, deliverer.now)
        for claimed in deliverer.claim():
            deliverer.answer(claimed, 200)
        deliverer.wait(seconds=10)
    if how == "stopped by hand":
        assert api("POST", f"/api/v1/replays/{replay}/stop")[1]["state"] == "stopped"
    else:
        for one in (hook, never_off):
            api("PATCH", f"/api/v1/webhooks/{one}", {"active": False})
        replays.step(deliverer.engine, deliverer.now)
        assert api("GET", f"/api/v1/replays/{replay}")[1]["state"] == "stopped"
        api("PATCH", path, {"active": True})
    assert replay_of(api, hook, dry_run=True)[1]["count"] == missed - 2 * steps
    assert shown(api, never_off)["missed_since"] is None
