"""The operator's story over the API of the running compose demo: `python3 tests/compose/story.py first|again`.

`first` makes a bin and a webhook, sends a test event and publishes 50 events. `again`, after `down` and `up`, finds
all of it still there and publishes 50 more. Needs nothing but Python, and ends with a non-zero exit at the first lie.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request

SENDER, RECEIVER = "http://localhost:8000", "http://localhost:8001"
TOKEN = os.environ.get("HOOKLOOP_ADMIN_TOKEN", "hookloop-demo-token")
SLUG, EVENTS = "compose-story", 50


def ask(method, url, body=None):
    """Return the JSON of an answer; an error status raises."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)


def everything(url):
    """Return all items of a list, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"{url}?limit=100&cursor={cursor}")
        items += page["items"]
        cursor = page["next_cursor"]
    return items


def await_captures(bin_, count):
    """Return the bin's captures once there are `count`."""
    deadline = time.monotonic() + 60
    while len(found := everything(f"{RECEIVER}/api/v1/bins/{bin_['id']}/requests")) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} captures after 60 s"
        time.sleep(0.2)
    return found


def publish(start):
    """Publish EVENTS events and return their ids."""
    events = [{"type": "payment_received", "payload": {"payment_id": start + n}} for n in range(EVENTS)]
    return [ask("POST", f"{SENDER}/api/v1/events", event)["id"] for event in events]


def ids_in(captures):
    """Return the webhook ids that captures carry."""
    return {value for capture in captures for name, value in capture["headers"] if name.lower() == "webhook-id"}


def first():
    """Live the story once, from nothing."""
    bin_ = ask("PUT", f"{RECEIVER}/api/v1/bins/{SLUG}", {"name": "Compose"})
    webhook = {"name": "Compose", "url": bin_["url"], "event_types": ["payment_received"]}
    webhook = ask("POST", f"{SENDER}/api/v1/webhooks", webhook)
    test = ask("POST", f"{SENDER}/api/v1/webhooks/{webhook['id']}/test", {})
    assert test["state"] == "succeeded", test["reason"]
    ids = publish(0)
    assert set(ids) <= ids_in(await_captures(bin_, 1 + EVENTS))
    print(f"first: 1 test and {EVENTS} events published, all captured")


def again():
    """Find what was left, and go on."""
    bin_ = ask("GET", f"{RECEIVER}/api/v1/bins/{SLUG}")
    assert len(everything(f"{RECEIVER}/api/v1/bins/{bin_['id']}/requests")) == 1 + EVENTS
    deliveries = everything(f"{SENDER}/api/v1/deliveries")
    assert [delivery["state"] for delivery in deliveries] == ["succeeded"] * (1 + EVENTS)
    ids = publish(EVENTS)
    assert set(ids) <= ids_in(await_captures(bin_, 1 + 2 * EVENTS))
    print(f"again: nothing lost, {EVENTS} more events published and captured")


if __name__ == "__main__":
    {"first": first, "again": again}[sys.argv[1]]()
