"""Numbers of a payload are sent as they were spelled, whichever way it came."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from tests.sender.conftest import TOKEN
from tests.sender.publishing.test_hard_input import post

NUMBERS = '{"id":123456789012345678901234567890,"amount":49.90,"rates":[1e-7,-0,{"eth":0.123456789012345678}],"a":"é"}'


def assert_sent(sink, count=1):
    sink.wait_for(count)
    _, body = sink.requests[-1]
    assert body.endswith(f'"data":{NUMBERS}}}'.encode())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/events", '{"type": "payment_received", "payload": %s}'),
        ("/api/v1/events/batch", '{"events": [{"type": "payment_received", "payload": %s}]}'),
    ],
)
def test_numbers_are_sent_as_they_are_spelled(app, sink, hook, worker, path, body):
    assert post(app, path, (body % NUMBERS.replace(",", ", ")).encode()).status_code == 202
    assert_sent(sink)


def test_numbers_are_sent_as_a_page_spells_them(sink, hook, worker, visitor):
    visitor.post("/send", type="payment_received", payload=NUMBERS)
    assert_sent(sink)


def test_numbers_are_sent_as_an_example_spells_them(app, api, sink, hook, worker):
    kind = f'{{"slug": "own.type", "name": "Own", "example": {NUMBERS}}}'
    assert post(app, "/api/v1/event-types", kind.encode()).status_code == 201
    assert api("POST", f"/api/v1/webhooks/{hook['id']}/test", {"event_type": "own.type"})[0] == 200
    assert_sent(sink)


def test_numbers_are_sent_as_an_edited_payload_spells_them(app, api, sink, hook, worker, visitor):
    api.publish()
    (delivery,) = api.finished(1)
    path = f"/api/v1/deliveries/{delivery['id']}/resend"
    assert post(app, path, f'{{"payload": {NUMBERS}}}'.encode()).status_code == 202
    assert_sent(sink, 2)
    assert '"amount": 49.90,' in visitor.read(f"/deliveries/{api.finished(2)[0]['id']}/edit")


def test_the_api_shows_numbers_as_they_were_spelled(app, api):
    kind = f'{{"slug": "own.type", "name": "Own", "example": {NUMBERS}}}'
    made = post(app, "/api/v1/event-types", kind.encode())
    event = post(app, "/api/v1/events", f'{{"type": "own.type", "payload": {NUMBERS}}}'.encode()).get_json()
    assert f'"example":{NUMBERS}' in made.text
    client = app.test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path, name in [("/event-types/own.type", "example"), ("/event-types", "example"), ("/events", "payload")]:
        assert f'"{name}":{NUMBERS}' in client.get(f"/api/v1{path}", headers=headers).text
    assert f'"payload":{NUMBERS}' in client.get(f"/api/v1/events/{event['id']}", headers=headers).text


def test_numbers_are_sent_as_they_are_spelled_in_a_form(app, api, sink, worker):
    api.webhook(sink.url(), body_format="form", signature={"scheme": "none"})
    payload = b'{"type": "payment_received", "payload": {"a": [1.50, 1e-7, true, 12, -0]}}'
    assert post(app, "/api/v1/events", payload).status_code == 202
    sink.wait_for(1)
    assert parse_qsl(sink.requests[0][1].decode())[2:] == [
        ("data[a][0]", "1.50"),
        ("data[a][1]", "1e-7"),
        ("data[a][2]", "1"),
        ("data[a][3]", "12"),
        ("data[a][4]", "-0"),
    ]
