"""The pages of replays: counted first, then confirmed, with progress and a way to stop."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from sender.models import Webhook
from sender.services import replays
from shared import clock
from shared.database import writing_connection
from tests.sender.conftest import TOKEN
from tests.visitor import text_of


def form(past, **fields):
    since = past.ago(9).strftime("%Y-%m-%dT%H:%M")
    return {"state": "", "webhook_id": "", "event_type": "", "since": since, "until": "", "rate": "50"} | fields


def inputs(page):
    """The names and values of what a page's fields hold."""
    return dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))


def test_the_first_press_counts_and_the_second_starts(visitor, api, past, hook):
    for _ in range(12):
        past.event(5)
    assert "No replays yet" in visitor.get("/replays").text
    asked = visitor.post("/replays/new", **form(past, webhook_id=hook))
    assert "12 deliveries would be made" in text_of(asked)
    assert api("GET", "/api/v1/replays")[1]["items"] == []
    confirming = asked.text.split('name="confirmed"')[1].split("</form>")[0]
    page = visitor.post("/replays/new", confirmed="1", **inputs(confirming))
    assert "0 of 12" in text_of(page)
    assert "<span>Stop</span>" in page.text
    replays.step(past.engine, clock.now())
    assert "<title>Replay of what did not arrive" in page.text
    path = page.request.path
    assert "10 of 12" in text_of(visitor.get(path))
    listed = text_of(visitor.get("/replays"))
    assert "What did not arrive" in listed
    assert "10 of 12" in listed
    stopped = text_of(visitor.post(f"{path}/stop"))
    assert "The replay is stopped" in stopped
    assert "2 not made" in stopped
    assert "Deliveries made 10" in stopped
    assert "What it had made is still delivered" in stopped
    for made in api("GET", "/api/v1/deliveries?state=pending")[1]["items"]:
        api("POST", f"/api/v1/deliveries/{made['id']}/cancel")
    assert "is still delivered" not in text_of(visitor.get(path))


def test_a_count_has_an_address_that_can_be_gone_back_to(visitor, past, hook):
    past.event(5)
    asked = visitor.post("/replays/new", follow=False, **form(past, webhook_id=hook))
    assert asked.status_code == 303
    again = visitor.get(asked.location)
    assert "1 delivery would be made" in text_of(again)
    assert inputs(again.text)["webhook_id"] == hook


@pytest.mark.parametrize("until", ["", "2100-01-01T00:00:00"])
def test_what_is_started_is_what_was_counted_however_long_the_person_thinks(visitor, api, past, hook, until):
    counted = past.event(5)
    past.delivery(counted, hook, "succeeded", 5)
    asked = visitor.post("/replays/new", **form(past, state="succeeded", until=until))
    assert "1 delivery would be made" in text_of(asked)
    assert inputs(asked.text.split('action="/replays/new"')[2])["until"] == until, "to be counted anew"
    past.delivery(past.event(0, created_at=clock.now()), hook, "succeeded", 0)
    confirming = asked.text.split('name="confirmed"')[1].split("</form>")[0]
    page = visitor.post("/replays/new", confirmed="1", **inputs(confirming))
    assert "0 of 1" in text_of(page)
    assert [row["total"] for row in api("GET", "/api/v1/replays")[1]["items"]] == [1]


def test_what_was_skipped_and_why_it_stopped_are_told(visitor, api, past, hook, sink):
    other = api.webhook(sink.url(), name="O'Neil \\ Sons")["id"]
    with writing_connection(past.engine) as connection:
        connection.execute(update(Webhook).values(created_at=past.ago(100)))
    for _ in range(3):
        past.event(5)
    replay = api("POST", "/api/v1/replays", {"since": past.ago(9).isoformat()})[1]["id"]
    api("PATCH", f"/api/v1/webhooks/{other}", {"active": False})
    replays.step(past.engine, clock.now())
    for path in (f"/replays/{replay}", "/replays"):
        assert "3 of 6 3 skipped" in text_of(visitor.get(path))
    assert "3 deliveries were skipped" in text_of(visitor.get(f"/replays/{replay}"))
    body = {"since": past.ago(9).isoformat(), "webhook_id": other, "state": "missing"}
    api("PATCH", f"/api/v1/webhooks/{other}", {"active": True})
    replay = api("POST", "/api/v1/replays", body)[1]["id"]
    api("PATCH", f"/api/v1/webhooks/{other}", {"active": False})
    replays.step(past.engine, clock.now())
    page = text_of(visitor.get(f"/replays/{replay}"))
    assert "0 of 3" in page
    assert "O'Neil \\ Sons was paused." in page
    assert "3 skipped" in page


def test_the_moments_of_the_form_are_utc(visitor, past, hook):
    moment = past.ago(5).replace(second=0, microsecond=0)
    past.event(5, created_at=moment)
    at = moment.strftime("%Y-%m-%dT%H:%M")
    found = [
        text_of(visitor.post("/replays/new", **form(past, **fields)))
        for fields in ({"since": at}, {"until": at}, {"since": at + ":01"}, {"until": at + ":01"})
    ]
    assert ["1 delivery would be made" in page for page in found] == [True, False, False, True]
    assert "Nothing to send again" in found[1]


def test_the_form_says_what_its_choices_count(visitor, api, past, sink):
    api.webhook(sink.url())
    past.event(5)  # from before the webhook was registered
    said = text_of(visitor.get("/replays/new"))
    assert "only when Missing is chosen by itself" in said
    assert "Nothing to send again" in text_of(visitor.post("/replays/new", **form(past)))
    assert "1 delivery would be made" in text_of(visitor.post("/replays/new", **form(past, state="missing")))


def test_the_query_fills_in_the_form(visitor, past, hook):
    page = visitor.get(
        f"/replays/new?webhook_id={hook}&since=2026-01-02T05:04:05%2B02:00&until=2026-01-03&event_type=pay*&rate=7"
    ).text
    assert 'value="2026-01-02T03:04:05"' in page
    assert 'value="2026-01-03T00:00:00"' in page
    assert inputs(page)["webhook_id"] == hook
    assert inputs(page)["event_type"] == "pay*"
    assert inputs(page)["rate"] == "7"
    assert re.search(r'name="since"[^>]* value="\d{4}-', visitor.get("/replays/new?since=nonsense").text)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"since": ""}, "since"),
        ({"webhook": "nobody"}, "webhook_id"),
        ({"since": "soon"}, "since"),
        ({"since": "2100-01-01T00:00"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"since": "1969-12-31T23:59"}, "since"),
        ({"until": "x"}, "until"),
        ({"until": "9999-12-31T23:59-14:00"}, "until"),
        ({"rate": "many"}, "rate"),
        ({"rate": "0"}, "rate"),
        ({"rate": "9" * 5000}, "rate"),
        ({"rate": "²"}, "rate"),
        ({"webhook_id": "whk_none"}, "webhook_id"),
        ({"event_type": "no_such"}, "event_type"),
        ({"state": "pending"}, "state"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field(visitor, past, fields, field):
    for confirmed in ({}, {"confirmed": "1"}):
        answer = visitor.post("/replays/new", **form(past, **fields), **confirmed)
        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in answer.text


def test_a_paused_webhook_is_counted_but_not_sent_to(visitor, api, past, hook):
    past.event(5)
    api("PATCH", f"/api/v1/webhooks/{hook}", {"active": False})
    answer = visitor.post("/replays/new", **form(past, webhook_id=hook))
    assert "1 delivery would be made" in text_of(answer)
    assert "activate it first" in text_of(answer)
    assert 'name="confirmed"' not in answer.text
    assert "Billing is paused; activate it first." in text_of(
        visitor.post("/replays/new", **form(past, webhook_id=hook), confirmed="1")
    )
    refused = visitor.post("/replays/new", **form(past, webhook_id=hook, until="2026-01-02T03:04:05.5Z"), confirmed="1")
    assert inputs(refused.text)["until"] == "2026-01-02T03:04:05.500"


def test_an_ended_replay_can_be_asked_for_again(visitor, api, past, hook):
    body = {"since": past.ago(9).isoformat(), "state": "missing", "event_type": "payment_*", "webhook_id": hook}
    _, replay = api("POST", "/api/v1/replays", body)
    page = visitor.get(f"/replays/{replay['id']}").text
    again = visitor.get(re.search(r'href="(/replays/new[^"]+)"', page)[1].replace("&amp;", "&")).text
    assert '<option value="missing" selected>' in again
    assert inputs(again)["event_type"] == "payment_*"
    assert visitor.get("/replays/rpl_none").status_code == 404


def test_a_deleted_webhook_keeps_its_replays(visitor, api, past, hook):
    _, replay = api("POST", "/api/v1/replays", {"since": past.ago(9).isoformat(), "webhook_id": hook})
    api("DELETE", f"/api/v1/webhooks/{hook}")
    assert "(deleted)" in visitor.get(f"/replays/{replay['id']}").text
    assert "Billing" in visitor.get("/replays").text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_progress_moves_in_an_open_window(site, past, hook, chromium):
    for _ in range(12):
        past.event(5)
    complaints = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.goto(f"{site}/sign-in?token={TOKEN}")
        page.goto(f"{site}/replays/new")
        page.get_by_label("Published since").fill(past.ago(9).strftime("%Y-%m-%dT%H:%M:%S"))
        page.get_by_role("button", name="Count").click()
        page.get_by_role("button", name="Start the replay").click()
        expect(page.get_by_text("0 of 12")).to_be_visible()
        page.evaluate("window.stayed = true")
        now = clock.now()
        due = replays.step(past.engine, now)
        expect(page.get_by_text("10 of 12")).to_be_visible()
        replays.step(past.engine, max(now, due))
        expect(page.get_by_text("Finished")).to_be_visible()
        expect(page.locator("#replay-ended time")).to_be_visible()
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        assert page.evaluate("window.stayed") is True
    assert complaints == []


def test_what_became_of_its_deliveries_is_told_alike_and_each_figure_leads_to_them(visitor, api, past, hook):
    for _ in range(3):
        past.event(5)
    path = f"/replays/{api('POST', '/api/v1/replays', {'since': past.ago(9).isoformat()})[1]['id']}"
    replays.step(past.engine, clock.now())
    (first, *_) = api("GET", "/api/v1/deliveries")[1]["items"]
    api("POST", f"/api/v1/deliveries/{first['id']}/cancel")
    past.delivery(past.event(1), hook, "failed", 1)
    told = api("GET", f"/api/v1{path}")[1]["deliveries"]
    assert told == {"pending": 2, "sending": 0, "succeeded": 0, "failed": 0, "cancelled": 1}
    assert api("GET", f"/api/v1/webhooks/{hook}")[1]["owed"] == 2
    page = visitor.get(path).text
    figures = re.findall(r'<a class="stat" href="([^"]+)"><span[^>]*>([^<]+)</span><span[^>]*>([^<]+)<', page)
    assert {label.lower(): int(number) for _, label, number in figures} == {"deliveries made": 3} | told
    for address, _, number in figures:
        listed = visitor.get(address.replace("&amp;", "&")).text
        assert listed.count('<tr id="dlv_') == int(number)
        assert "replay rpl_" in text_of(visitor.get(address.replace("&amp;", "&")))


def test_a_replay_that_no_worker_makes_says_so(visitor, api, past, hook):
    past.event(5)
    replay = api("POST", "/api/v1/replays", {"since": past.ago(9).isoformat()})[1]["id"]
    assert "No delivery worker is running" in text_of(visitor.get(f"/replays/{replay}"))
    api("POST", f"/api/v1/replays/{replay}/stop")
    assert "No delivery worker is running" not in text_of(visitor.get(f"/replays/{replay}"))


def test_the_form_takes_a_glob_of_event_types(visitor, past, hook):
    past.event(5)
    past.event(5, "customer_updated")
    assert "1 delivery would be made" in text_of(visitor.post("/replays/new", **form(past, event_type="payment_*")))
    assert '<option value="payment_received">' in visitor.get("/replays/new").text
