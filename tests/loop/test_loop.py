"""Both services together, over HTTP only: what the sender recorded is what the bin holds."""

from __future__ import annotations

import base64
import json
import urllib.request

from standardwebhooks import Webhook

from receiver.app import create_app as create_receiver
from receiver.models import db as receiver_db
from receiver.settings import ReceiverSettings
from sender.app import create_app
from sender.catalogue import BUILT_IN
from sender.models import db
from sender.settings import SenderSettings
from shared import migrations
from tests.receiver.gunicorn import running

TOKEN = "test-token-of-the-loop"


def ask(server, method, path, body=None):
    """Return the body of the receiver's answer."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.origin + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def test_all_event_types_arrive_byte_for_byte_and_verify_from_the_capture_alone(tmp_path):
    receiver = create_receiver(ReceiverSettings.load(data=tmp_path, admin_token=TOKEN))
    migrations.upgrade(receiver, receiver_db)
    receiver.extensions["hookloop_receiver"].close()
    with receiver.app_context():
        receiver_db.engine.dispose()
    with running(tmp_path, HOOKLOOP_ADMIN_TOKEN=TOKEN) as server:
        bin_ = json.loads(ask(server, "POST", "/api/v1/bins", {}))
        sender = create_app(
            SenderSettings(data=tmp_path, admin_token=TOKEN, allowed_targets_text=f"127.0.0.1:{server.port}")
        )
        migrations.upgrade(sender, db)
        client = sender.test_client()
        given = {"Authorization": f"Bearer {TOKEN}"}
        body = {"name": "Loop", "url": bin_["url"], "event_types": ["*"]}
        webhook = client.post("/api/v1/webhooks", json=body, headers=given).get_json()
        for slug in BUILT_IN:
            path = f"/api/v1/webhooks/{webhook['id']}/test"
            delivery = client.post(path, json={"event_type": slug}, headers=given).get_json()
            sent = delivery["attempts"][0]["request"]
            listed = json.loads(ask(server, "GET", f"/api/v1/bins/{bin_['id']}/requests?limit=1"))["items"][0]
            captured = ask(server, "GET", f"/api/v1/bins/{bin_['id']}/requests/{listed['id']}/body")
            assert listed["header_fidelity"] == "exact"
            assert listed["headers"] == sent["headers"]
            assert captured == base64.b64decode(sent["body_base64"])
            Webhook(webhook["secret"]).verify(captured, {name.lower(): value for name, value in listed["headers"]})
        with sender.app_context():
            db.engine.dispose()
