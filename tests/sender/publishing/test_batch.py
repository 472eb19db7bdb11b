"""Publishing many events at once: all or nothing, once per key and id, and errors that name their event."""

from __future__ import annotations

import threading
from urllib.parse import quote

import pytest
from sqlalchemy import delete, func, select

from sender.models import Delivery, Event, db
from shared.database import writing_connection
from tests.sender.past import Past


def event(number=0, **fields):
    return {"type": "payment_received", "payload": {"number": number}} | fields


def post(api, *events, **headers):
    return api("POST", "/api/v1/events/batch", {"events": list(events)}, **headers)


def count(app, model):
    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model))


def test_every_event_reaches_each_webhook_that_wants_it_and_answers_keep_the_order(api, sink, worker):
    wanting = api.webhook(sink.url(), event_types=["payment_*"])["id"]
    both = api.webhook(sink.url(), event_types=["*"])["id"]
    events = [event(0), event(1, type="site_published", id="own-id"), event(2)]
    status, answer = post(api, *events)
    assert status == 202
    owed = [{row["webhook_id"] for row in item["deliveries"]} for item in answer["items"]]
    assert owed == [{wanting, both}, {both}, {wanting, both}]
    assert answer["items"][1]["id"] == "own-id"
    for item, sent in zip(answer["items"], events, strict=True):
        stored = api("GET", f"/api/v1/events/{item['id']}")[1]
        assert (stored["type"], stored["payload"]) == (sent["type"], sent["payload"])
        assert {row["id"] for row in stored["deliveries"]} == {row["id"] for row in item["deliveries"]}
    sink.wait_for(5)


def test_one_wrong_event_and_nothing_is_stored_and_all_wrong_ones_are_named(api, app):
    status, problem = post(api, event(), event(type="no_such"), event(id="a.b"), event(type="no_such"))
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["events[1].type", "events[2].id", "events[3].type"]
    assert "no_such" in problem["errors"][0]["message"]
    assert count(app, Event) == 0


def test_an_event_of_the_wrong_form_is_named_by_its_place(api):
    status, problem = post(api, event(), {"type": "payment_received"}, event(other=1))
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["events[1].payload", "events[2].other"]


def test_only_hookloop_publishes_its_own_events(api):
    status, problem = post(api, event(type="webhook.failing"))
    assert (status, problem["errors"][0]["field"]) == (422, "events[0].type")


def test_there_must_be_one_to_500_events(api, app):
    assert post(api)[0] == 422
    assert post(api, *[event(n) for n in range(501)])[0] == 422
    assert post(api, *[event(n) for n in range(500)])[0] == 202
    assert count(app, Event) == 500


def test_the_same_key_again_gives_the_same_answer_and_sends_nothing(api, app, sink):
    api.webhook(sink.url())
    events = [event(n) for n in range(20)]
    first = post(api, *events, Idempotency_Key="k")
    assert post(api, *events, Idempotency_Key="k") == first
    assert len({item["id"] for item in first[1]["items"]}) == 20
    assert (count(app, Event), count(app, Delivery)) == (20, 20)
    assert post(api, *events, Idempotency_Key="other")[1] != first[1]


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch"])
def test_another_header_that_is_called_key_is_no_idempotency_key(api, app, path):
    for number in range(2):
        body = {"events": [event(number)]} if path.endswith("batch") else event(number)
        assert api("POST", path, body, Key="k")[0] == 202
    assert count(app, Event) == 2


def test_the_same_key_with_other_events_is_refused_be_they_more_fewer_or_changed(api, app):
    events = [event(n) for n in range(3)]
    post(api, *events, Idempotency_Key="k")
    for other in ([*events, event(3)], events[:2], [event(9), *events[1:]], events[::-1]):
        assert post(api, *other, Idempotency_Key="k")[0] == 409
    assert count(app, Event) == 3
    assert post(api, event(), Idempotency_Key="")[0] == 422


def test_an_id_published_before_sends_nothing_again(api, app, sink):
    api.webhook(sink.url())
    _, single = api("POST", "/api/v1/events", event(1, id="one"))
    status, answer = post(api, event(0), event(1, id="one"))
    assert status == 202
    assert (answer["items"][1]["id"], answer["items"][1]["deliveries"]) == ("one", single["deliveries"])
    assert count(app, Delivery) == 2


def test_an_id_with_another_content_refuses_the_whole_batch(api, app):
    api("POST", "/api/v1/events", event(1, id="one"))
    status, problem = post(api, event(0), event(2, id="one"))
    assert (status, problem["errors"][0]["field"]) == (409, "events[1].id")
    assert count(app, Event) == 1


def test_an_id_twice_in_a_batch_is_one_event_or_a_conflict(api, app, sink):
    api.webhook(sink.url())
    for _ in range(2):
        status, answer = post(api, event(1, id="one"), event(1, id="one"), Idempotency_Key="k")
        assert status == 202
        assert answer["items"][0] == answer["items"][1]
        assert (count(app, Event), count(app, Delivery)) == (1, 1)
    status, problem = post(api, event(1, id="two"), event(2, id="two"))
    assert (status, problem["errors"][0]["field"]) == (409, "events[1].id")
    assert count(app, Event) == 1


def test_an_event_without_an_id_is_none_of_the_one_whose_id_is_none(api, app):
    """`None` is what a program in Python writes for an id that it lacks."""
    for payload in (1, 2):  # the same as that of the other, and another
        status, answer = post(api, event(1, id="None"), event(payload))
        assert status == 202
        assert [item["id"] == "None" for item in answer["items"]] == [True, False]
    assert count(app, Event) == 3


def test_warnings_are_those_of_each_event(api):
    _, answer = post(api, event(), {"type": "payment_received", "payload": {"payment_id": "no number"}})
    for item in answer["items"]:
        single = api("POST", "/api/v1/events", event())[1]
        assert item["warnings"]
        assert set(item["warnings"][0]) == set(single["warnings"][0])
    assert answer["items"][0]["warnings"] != answer["items"][1]["warnings"]


def test_too_large_a_payload_is_named_and_too_large_a_batch_refused(api, app):
    half = {"text": "x" * 600_000}
    status, problem = post(api, event(), event(payload={"text": "x" * 1_048_577}))
    assert (status, problem["errors"][0]["field"]) == (413, "events[1].payload")
    assert post(api, *[event(payload=half) for _ in range(4)])[0] == 413
    assert count(app, Event) == 0
    assert post(api, *[event(payload=half) for _ in range(3)])[0] == 202


def test_many_at_once_with_the_same_key_and_ids_store_each_event_once(api, app, sink):
    api.webhook(sink.url())
    events = [event(n, id=f"id-{n}") for n in range(50)]
    answers = []

    def publish(order, key):
        answers.append(post(api, *events[::order], **({"Idempotency_Key": key} if key else {})))

    calls = [(1, "k"), (1, "k"), (-1, None), (1, None), (-1, "other"), (1, "other again")]
    threads = [threading.Thread(target=publish, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [202] * len(calls)
    assert {frozenset(item["id"] for item in answer["items"]) for _, answer in answers} == {
        frozenset(one["id"] for one in events)
    }
    assert (count(app, Event), count(app, Delivery)) == (50, 50)


def test_events_are_listed_newest_first_a_page_at_a_time(api):
    _, answer = post(api, *[event(n) for n in range(5)])
    expected = {item["id"] for item in answer["items"]}
    seen, cursor = [], ""
    for _ in range(3):
        _, page = api("GET", f"/api/v1/events?limit=2{cursor}")
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert (len(seen), set(seen)) == (5, expected)


@pytest.mark.parametrize("event_type", ["", "&event_type=site_published"])
def test_a_list_of_events_goes_on_when_retention_has_deleted_the_end_of_the_page_before(api, app, event_type):
    with app.app_context():
        past = Past(db.engine)
        expected = [past.event(days, "site_published", id=name) for days, name in ((1, "z"), (2, "own-id_7"), (3, "a"))]
        twin = past.event(2, "site_published", id="own-id_8")  # of the same moment
        _, page = api("GET", f"/api/v1/events?limit=3{event_type}")
        assert [one["id"] for one in page["items"]] == [expected[0], twin, expected[1]]
        with writing_connection(db.engine) as connection:
            connection.execute(delete(Event).where(Event.id == expected[1]))
    _, rest = api("GET", f"/api/v1/events?limit=3&cursor={page['next_cursor']}{event_type}")
    assert [one["id"] for one in rest["items"]] == [expected[2]]


@pytest.mark.parametrize(
    "cursor", ["x", ".", "1.", ".evt_1", "-1.evt_1", "²3.evt_1", "1.a.b", "1.a\n", "1." + "a" * 65, "9" * 19 + ".a"]
)
def test_a_cursor_of_events_that_was_not_given_out_is_refused(api, cursor):
    status, problem = api("GET", f"/api/v1/events?cursor={quote(cursor)}")
    assert (status, problem["errors"][0]["message"]) == (422, "This cursor is not one that was given out.")
    assert api("GET", f"/api/v1/events?cursor={'9' * 18}.a") == (200, {"items": [], "next_cursor": None})
