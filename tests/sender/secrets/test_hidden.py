"""No page, list, stream, export or figure of the sender holds a secret, whatever has been done with it.

Whatever can be got with GET is got; secrets are shown only where a person asks for one, which is named here.
"""

from __future__ import annotations

import base64
import json
import re

import pytest
from sqlalchemy import select

from sender.core.signatures import PRESETS, SCHEMES
from sender.models import Webhook, db
from tests.sender.secrets.known_secrets import register_all, secret_of, traces
from tests.sender.visitor import TOKEN

# All that is meant for showing a webhook's secret, and shows the present one only.
SHOWS_BY_GET = "api_webhooks.get_secret"
SHOWS_BY_POST = "pages.reveal_secret"  # the page, which opens as a dialog where scripts run
FILES = {"static", "ui.static"}  # as they stand in the source
NEEDS = {"api_hooks.sample": "?event=payment_received"}


@pytest.fixture
def hooks(api, sink, worker):
    """A webhook of each scheme with an old secret and a present one, and deliveries that succeeded and that failed."""
    sink.answer = lambda sent: ({"X-Echo": json.dumps(dict(sent))}, json.dumps(dict(sent)).encode())
    api.webhook(sink.url(), name="Watcher", event_types=["webhook.*", "delivery.*", "secret.*"])
    hooks = register_all(api, sink.url())
    count = len(SCHEMES)
    publish(api)
    api.finished(2 * count)  # the watcher was told of each rotation
    for hook in hooks.values():
        assert api("PATCH", f"/api/v1/webhooks/{hook}", {"url": sink.url(500)})[0] == 200
    publish(api)
    api.finished(4 * count)  # and of each failure
    body = {"since": "2020-01-01T00:00:00Z", "webhook_id": hooks["basic"]}
    assert api("POST", "/api/v1/replays", body)[0] == 202
    api.finished(4 * count + 2)
    return hooks


def publish(api):
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {"payment_id": 1}})[0] == 202


def paths(app, api):
    """Yield endpoint and path of every route that answers GET, once for each thing that there is of its kind."""
    ids = {
        kind: [item[key] for item in api("GET", f"/api/v1/{kind}?limit=200")[1]["items"]]
        for kind, key in (("webhooks", "id"), ("events", "id"), ("deliveries", "id"), ("replays", "id"))
    }
    kind = {"slug": "own.kind", "name": "Own", "example": {}}  # those of the product cannot be edited
    assert api("POST", "/api/v1/event-types", kind)[0] == 201
    ids["event-types"] = ["own.kind"]
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in FILES:
            continue
        if not rule.arguments:
            yield rule.endpoint, rule.rule + NEEDS.get(rule.endpoint, "")
            continue
        (name,) = rule.arguments
        for value in ids[rule.rule.removeprefix("/api/v1").split("/")[1]]:
            yield rule.endpoint, rule.rule.replace(f"<{name}>", value)


def got(client, path):
    """What is answered, of a stream its beginning; what it holds in base64 also in clear."""
    answer = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code < 400, path
    if answer.mimetype == "text/event-stream":
        chunks = iter(answer.response)
        said = b"".join(next(chunks) for _ in range(2))
        assert b"\ndata: " in said, path
        answer.close()
    else:
        said = answer.data
    head = str(answer.headers).encode()
    decoded = [base64.b64decode(text) for text in re.findall(rb'_base64": ?"([^"]+)"', said)]
    return b"\n".join([head, said, *decoded])


def test_nothing_that_can_be_got_holds_a_secret(app, api, visitor, hooks):
    with app.app_context():
        rows = db.session.execute(select(Webhook.encrypted_secret, Webhook.old_secrets)).all()
    assert sum(len(row.old_secrets) for row in rows) == sum(preset.several for preset in PRESETS.values())
    stored = [row.encrypted_secret for row in rows] + [locked for row in rows for locked, _ in row.old_secrets]
    hidden = {text.encode() for text in stored}
    for scheme in SCHEMES:
        for which in ("old", "present"):
            hidden.update(traces(secret_of(scheme, which)))
    walked = [(endpoint, path) for endpoint, path in paths(app, api) if endpoint != SHOWS_BY_GET]
    assert len({endpoint for endpoint, _ in walked}) >= 40, "these can't be all"
    search = re.compile(b"|".join(map(re.escape, sorted(hidden, key=len, reverse=True))))
    shown = {path: found[0] for _, path in walked if (found := search.search(got(visitor.client, path)))}
    app.extensions["hookloop_sender"].live.stop()
    assert shown == {}


def test_where_a_secret_is_asked_for_the_present_one_is_shown_and_no_other(app, api, sink, visitor):
    assert {SHOWS_BY_GET, SHOWS_BY_POST} <= app.view_functions.keys()
    for scheme, hook in register_all(api, sink.url()).items():
        present, _, private = secret_of(scheme, "present").partition(" ")
        shown = got(visitor.client, f"/api/v1/webhooks/{hook}/secret"), visitor.post(f"/webhooks/{hook}/secret").data
        assert all(present.encode() in answer for answer in shown), scheme
        others = {*traces(secret_of(scheme, "old")), *(traces(private) if private else ())}
        assert not [trace for trace in others for answer in shown if trace in answer], scheme
