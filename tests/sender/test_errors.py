"""The sender's errors: a problem document (RFC 9457) for programs, a helpful page for people, and no internals."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy

from sender.models import db
from tests.shared.errors import Errors
from tests.shared.services import BEARER, application


@pytest.fixture
def errors(tmp_path):
    with application("sender", tmp_path, max_payload=1024) as app:
        yield Errors(app)


def test_what_is_not_there(errors):
    for path in ("/api/v1/no-such-thing", "/api/v1/webhooks/whk_none", "/api/v1/deliveries/dlv_none"):
        assert errors.problem("GET", path, status=404)["detail"]
    for path in ("/no-such-page", "/webhooks/whk_none", "/deliveries/dlv_none"):
        page = errors.page("GET", path, status=404)
        assert "mistyped" in page
        assert "check your spelling" not in page  # said once


def test_a_method_that_is_not_taken(errors):
    errors.problem("PUT", "/api/v1/webhooks", status=405)
    assert set(errors.last.headers["Allow"].split(", ")) >= {"GET", "POST"}
    assert "other methods" in errors.page("PUT", "/webhooks", status=405)


def test_a_body_that_is_too_large(errors):
    event = {"type": "payment_received", "payload": {"text": "x" * 2000}}
    assert "1024 bytes" in errors.problem("POST", "/api/v1/events", json=event, status=413)["detail"]
    errors.problem("POST", "/api/v1/events", json={"text": "x" * 1_000_000}, status=413)
    page = errors.page("POST", "/send", data={"type": "payment_received", "payload": "x" * 1_000_000}, status=413)
    assert "Send less at once" in page


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"type": NaN}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 30_000, "application/json", 400),
        (b"type=payment_received", "application/x-www-form-urlencoded", 415),
        (b"<event/>", "application/xml", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
    ],
)
def test_a_body_that_is_no_json(errors, body, kind, status):
    problem = errors.problem("POST", "/api/v1/webhooks", data=body, content_type=kind, status=status)
    assert "JSON" in problem["detail"]


@pytest.mark.parametrize("body", [[], "text", 1, None, True])
def test_json_of_the_wrong_shape(errors, body):
    assert errors.problem("POST", "/api/v1/webhooks", json=body, status=422)["errors"]


def test_bad_input_names_each_field_in_words(errors):
    wrong = {"name": "", "url": "ftp://x.example/", "event_types": ["nothing_of_this_name"]}
    unread = {"name": 1, "colour": "red"}
    for body, fields in ((wrong, list(wrong)), (unread, ["name", "url", "event_types", "colour"])):
        problem = errors.problem("POST", "/api/v1/webhooks", json=body, status=422)
        assert [fault["field"] for fault in problem["errors"]] == fields
        assert all(fault["message"].endswith((".", "?", "!")) for fault in problem["errors"])
    page = errors.page("POST", "/webhooks", data={"name": "", "url": "ftp://x.example/"}, status=422)
    assert "http" in page


@pytest.mark.parametrize(
    ("call", "body", "words"),
    [
        ("POST /api/v1/events", {"type": "payment_received"}, "payload is missing."),
        ("POST /api/v1/events", {"type": "payment_received", "payload": [1]}, "payload must be an object."),
        ("POST /api/v1/events", [], "body must be an object."),
        ("POST /api/v1/events/batch", {"events": [{"type": 1}]}, "events[0].type must be a string."),
        ("POST /api/v1/events/batch", {"events": []}, "events must hold at least 1."),
        ("POST /api/v1/events/batch", {"events": [{}] * 501}, "events must hold at most 500, not 501."),
        ("POST /api/v1/events", {"kind": "x"}, "There is no field kind."),
        ("POST /api/v1/webhooks", {"active": "perhaps"}, "active must be true or false."),
        ("POST /api/v1/webhooks", {"max_in_flight": 1.5}, "max_in_flight must be a whole number."),
        ("POST /api/v1/webhooks", {"event_types": "*"}, "event_types must be an array."),
        ("POST /api/v1/replays", {"rate": 0}, "rate must be at least 1."),
        ("GET /api/v1/webhooks?limit=many", None, "limit must be a whole number."),
        ("GET /api/v1/webhooks?limit=201", None, "limit must be at most 200."),
        ("GET /api/v1/webhooks?state=odd", None, "state must be 'active', 'paused', 'disabled' or 'troubled'."),
    ],
)
def test_bad_input_is_told_in_words_of_json_that_name_the_field(api, call, body, words):
    status, problem = api(*call.split(), body)
    assert status == 422
    assert words in [fault["message"] for fault in problem["errors"]]
    assert words in problem["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=1000000", "state=odd", "since=then"])
def test_a_query_that_makes_no_sense(errors, query):
    errors.problem("GET", f"/api/v1/deliveries?{query}", status=422)


def test_an_error_of_our_own_shows_nothing_of_it_and_is_logged_by_its_id(errors):
    errors.check_internal_errors("/api/v1/webhooks", "/webhooks", table="webhooks")


def test_a_full_disk_is_said_to_be_passing_and_loses_nothing_that_was_accepted(errors):
    """SQLite's own limit on pages stands for the disk."""
    event = {"type": "payment_received", "payload": {"text": "x" * 900}}

    def limit(pages):
        with errors.app.app_context():
            db.engine.dispose()
            setting = f"PRAGMA max_page_count={pages}"
            sqlalchemy.event.listen(db.engine, "connect", lambda raw, _: raw.execute(setting))

    with errors.app.app_context():
        pages = db.session.scalar(sqlalchemy.text("PRAGMA page_count"))
    limit(pages + 8)
    accepted = 0
    while errors.client.post("/api/v1/events", json=event, headers=BEARER).status_code == 202:
        accepted += 1
    problem = errors.problem("POST", "/api/v1/events", json=event, status=503)
    assert "nothing was stored" in problem["detail"]
    assert errors.last.headers["Retry-After"] == "2"
    form = {"type": "payment_received", "payload": json.dumps(event["payload"])}
    assert "Try again in a moment" in errors.page("POST", "/send", data=form, status=503)
    limit(1_000_000)
    assert errors.json("POST", "/api/v1/events", json=event)
    with errors.app.app_context():
        assert db.session.scalar(sqlalchemy.text("SELECT count(*) FROM events")) == accepted + 1 > 1


def test_only_rfc_3339_date_times_are_moments(api):
    texts = ["2026", "20261128", "2026-11-28", "2026-11-28T00:00:00", "2026-11-28 00:00:00Z", "2026-W48-6T00:00:00Z"]
    for given in [*texts, "2026-11-28T00:00Z", "2026-02-30T00:00:00Z", 2026, 20261128, 1.5, True, ""]:
        status, problem = api("POST", "/api/v1/replays", {"since": given, "dry_run": True})
        assert (status, [fault["field"] for fault in problem["errors"]]) == (422, ["since"])
        assert "RFC 3339" in problem["errors"][0]["message"]
        for path in ("deliveries", "events"):
            assert api("GET", f"/api/v1/{path}?since={given}")[0] == 422
    for given in ("2026-11-28T00:00:00Z", "2026-11-28t00:00:00.5z", "2026-11-28T00:00:00.123456789+01:00"):
        assert api("GET", f"/api/v1/events?since={quote(given)}")[0] == 200


def test_limits_and_rates_are_whole_numbers(api):
    hook = {"name": "Billing", "url": "https://example.com/", "event_types": ["*"]}
    replay = {"since": "2026-01-01T00:00:00Z", "dry_run": True}
    for given in (True, "5", 2.5):
        for path, body, field in (
            ("webhooks", hook, "max_in_flight"),
            ("webhooks", hook, "rate_limit"),
            ("replays", replay, "rate"),
        ):
            status, problem = api("POST", f"/api/v1/{path}", body | {field: given})
            assert (status, [fault["field"] for fault in problem["errors"]]) == (422, [field])


def test_a_turn_at_writing_that_cannot_be_had_is_told_as_a_moment_to_wait(errors):
    with errors.app.app_context():
        lock = Path(f"{db.engine.url.database}.turn")
    lock.unlink(missing_ok=True)
    lock.mkdir()  # opening it fails, as where too many files are open
    event = {"type": "payment_received", "payload": {}}
    problem = errors.problem("POST", "/api/v1/events", json=event, status=503)
    assert "nothing was stored" in problem["detail"]
    lock.rmdir()
    assert errors.client.post("/api/v1/events", json=event, headers=BEARER).status_code == 202
