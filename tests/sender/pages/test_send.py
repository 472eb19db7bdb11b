"""The page that composes events, as a browser without scripts uses it."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.visitor import text_of


def written(answer):
    """The text in the field of the payload."""
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.DOTALL)[1])


def report(answer):
    """What is said beside the payload."""
    part = re.search(r'<div id="payload-check".*?</form>', answer.text, re.DOTALL)[0]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)))


def test_an_event_is_sent_and_its_webhooks_are_named(visitor, hook):
    page = visitor.post("/send", type="payment_received", payload='{"payment_id": 1}')
    answer = text_of(page)
    assert "1 matching webhook" in answer
    assert "<bdi>Billing</bdi>: <a" in page.text
    assert "departs from the schema" in answer


@pytest.mark.parametrize("payload", ["{", "[1]", '{"a": NaN}', "[" * 100_000])
def test_a_payload_that_is_no_object_is_refused_beside_its_field(visitor, payload):
    answer = visitor.post("/send", type="payment_received", payload=payload)
    assert answer.status_code == 422
    assert 'id="f-payload-error"' in answer.text


def test_sending_answers_with_a_page_that_can_be_reloaded(visitor, api, hook):
    answer = visitor.post("/send", follow=False, type="payment_received", payload='{"payment_id": 1}')
    assert answer.status_code == 303
    for _ in range(2):
        assert "1 matching webhook" in visitor.get(answer.headers["Location"]).text
    assert len(api("GET", "/api/v1/events")[1]["items"]) == 1


def test_an_event_that_nobody_wants_is_told(visitor, api, sink):
    api.webhook(sink.url(), active=False)
    answer = text_of(visitor.post("/send", type="payment_received", payload="{}"))
    assert "0 matching webhooks" in answer
    assert "no active webhook wanted payment_received" in answer


def test_the_page_to_send_starts_from_the_example(visitor, api):
    example = api("GET", "/api/v1/event-types/site_published")[1]["example"]
    page = visitor.get("/send?type=site_published").text
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1]
    assert json.loads(html.unescape(shown)) == example


def test_an_untouched_example_fits_its_schema(visitor, api):
    for kind in api("GET", "/api/v1/event-types")[1]["items"]:
        page = visitor.get(f"/send?type={kind['slug']}")
        assert f"Fits the schema of {kind['slug']}." in report(page), kind["slug"]
        assert "data-draft-example" in page.text


def test_a_draft_is_checked_without_being_sent(visitor, api):
    text = '{"payment_id": "x"}'
    answer = visitor.post("/send/draft", type="payment_received", payload=text, verb="check")
    assert (answer.status_code, written(answer)) == (200, text)
    assert "departs from the schema of payment_received" in report(answer)
    assert "payment_id must be an integer, not a string" in re.sub(r" +", " ", report(answer))
    assert re.search(r"payment_status , payment_reference_code .* are missing", report(answer))
    assert "data-draft-example" not in answer.text
    assert api("GET", "/api/v1/events")[1]["items"] == []


def test_a_draft_that_is_no_json_is_told_where(visitor):
    for verb in ("check", "tidy"):
        answer = visitor.post("/send/draft", type="payment_received", payload='{"a": 1', verb=verb)
        assert (answer.status_code, written(answer)) == (200, '{"a": 1')
        assert "not valid JSON: Expecting" in report(answer)


def test_a_draft_is_formatted_and_its_numbers_stay_as_they_were(visitor):
    text = '{"id":12345678901234567890123,"total":1.50}'
    answer = visitor.post("/send/draft", type="payment_received", payload=text, verb="tidy")
    assert written(answer) == '{\n  "id": 12345678901234567890123,\n  "total": 1.50\n}'


def test_a_draft_is_replaced_by_the_example_of_the_chosen_type(visitor, api):
    answer = visitor.post("/send/draft", type="site_published", payload="{}", verb="example")
    assert json.loads(written(answer)) == api("GET", "/api/v1/event-types/site_published")[1]["example"]
    assert '<option value="site_published" selected>' in answer.text
    assert visitor.post("/send/draft", type="no_such", payload="{}").status_code == 404
