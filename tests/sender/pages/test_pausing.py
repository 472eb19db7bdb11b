"""Pausing a webhook and making it active again from its own page, and what is said of events meanwhile."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from shared import clock, moments
from tests.visitor import text_of


def button(page, verb):
    """Return what the button of `verb` on a webhook's page sends, besides its token; None when there is none."""
    (form,) = re.findall(rf'<form method="post" action="[^"]+/{verb}">(.*?)</form>', page, re.DOTALL) or [None]
    return None if form is None else dict(re.findall(r'name="((?!csrf)[^"]+)" value="([^"]*)"', form))


def test_its_own_page_pauses_and_activates_a_webhook_and_stays(visitor, api, hook):
    path = f"/webhooks/{hook['id']}"
    for verb, other, state in (("pause", "activate", "paused"), ("activate", "pause", "active")):
        page = visitor.get(path).text
        assert button(page, other) is None
        answer = visitor.post(f"{path}/{verb}", **button(page, verb))
        assert answer.request.path == path
        assert f"Billing is {state}." in text_of(answer)
        assert api("GET", f"/api/v1/webhooks/{hook['id']}")[1]["state"] == state


def test_the_list_pauses_and_stays_a_list(visitor, hook):
    assert visitor.post(f"/webhooks/{hook['id']}/pause").request.path == "/webhooks"


def test_a_disabled_webhook_has_one_button_that_leads_to_the_replay_of_what_it_missed(visitor, api, sink, deliverer):
    hook = api.webhook(sink.url())["id"]
    api.publish(2)
    deliverer.answer(deliverer.claim(1)[0], 410)
    page = visitor.get(f"/webhooks/{hook}").text
    assert button(page, "pause") is None
    answer = visitor.post(f"/webhooks/{hook}/activate", **button(page, "activate"))
    assert answer.request.path == "/replays/new"
    assert "can be replayed" in text_of(answer)


@pytest.mark.parametrize("paused_for", [timedelta(hours=1), timedelta(days=3)])
def test_what_was_published_meanwhile_can_be_replayed_from_where_it_is_activated(
    visitor, api, hook, deliverer, paused_for
):
    path = f"/webhooks/{hook['id']}"
    said = visitor.post(f"{path}/pause")
    assert "What is published from now on is not kept for it; a replay can send it." in text_of(said)
    paused_at = clock.now() - paused_for
    deliverer.set(hook["id"], updated_at=paused_at)
    api.publish(3)
    page = visitor.post(f"{path}/activate").text
    (url,) = re.findall(r'href="([^"]+)">Replay it</a>', page)
    since = moments.parse(re.search(r"since=([^&]+)", html.unescape(url))[1].replace("%3A", ":"))
    assert since <= paused_at
    _, counted = api(
        "POST", "/api/v1/replays", {"since": moments.rfc3339(since), "webhook_id": hook["id"], "dry_run": True}
    )
    assert counted["count"] == 3
    assert f'value="{hook["id"]}"' in visitor.get(html.unescape(url)).text


def test_nothing_is_said_of_a_pause_that_was_none(visitor, hook):
    assert "Replay it" not in visitor.post(f"/webhooks/{hook['id']}/activate").text


def test_pausing_several_says_what_becomes_of_events(visitor, api, sink):
    ids = [api.webhook(sink.url())["id"] for _ in range(2)]
    for some, them in ((ids[:1], "it"), (ids, "them")):
        said = text_of(visitor.post("/webhooks/bulk", ids=some, verb="pause"))
        assert f"What is published from now on is not kept for {them}; a replay can send it." in said
