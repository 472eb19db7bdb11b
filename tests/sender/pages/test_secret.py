"""Signature, pace and secret of a webhook on its page, as a person without scripts sets them."""

from __future__ import annotations

import html
import re

import pytest

from tests.sender.pages.webhook_forms import settings, stored
from tests.visitor import text_of

DAY = 86_400


def secret_of(api, hook):
    return api("GET", f"/api/v1/webhooks/{hook['id']}/secret")[1]["secret"]


def test_every_preset_can_be_chosen_with_its_options_and_is_shown_again(visitor, api, hook, sink):
    path = f"/webhooks/{hook['id']}"
    page = html.unescape(visitor.get(path).text)
    for title in ("Standard Webhooks, ed25519", "GitHub", "Stripe", "Shopify", "Slack", "Svix", "HTTP Basic"):
        assert f'<span class="option-title">{title}</span>' in page
    form = settings(sink.url(), scheme="token", header="X-Key", shop_domain="ignored for a token")
    visitor.post(path, **form, max_in_flight="3", rate_limit="120", rate_period="minute")
    now = stored(api, hook)
    assert now["signature"] == {"scheme": "token", "header": "X-Key"}
    assert (now["max_in_flight"], now["rate_limit"], now["rate_period"]) == (3, 120, "minute")
    page = visitor.get(path).text
    assert re.search(r'value="token" checked', page)
    for value in ("X-Key", "3", "120"):
        assert f'value="{value}"' in page
    assert '<option value="minute" selected>' in page
    visitor.post(path, **settings(sink.url(), scheme="standard"), max_in_flight="3", rate_limit="")
    assert stored(api, hook)["rate_limit"] is None


def test_a_change_of_the_signature_keeps_old_secrets_or_says_that_they_ended(visitor, api, hook, sink):
    api("POST", f"/api/v1/webhooks/{hook['id']}/secret/rotate", {})
    page = text_of(visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), scheme="svix")))
    assert "An old secret still signs" in page
    page = text_of(visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), scheme="github")))
    assert "1 old secret ended with this change" in page
    assert "An old secret still signs" not in page


def test_what_is_not_signed_offers_no_secret_to_verify_with(visitor, api, hook, sink):
    page = text_of(visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), scheme="none")))
    assert "There is nothing to verify" in page
    assert "Reveal secret" not in page
    assert "Rotate the secret" not in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheme": "token", "header": "Host"}, "header"),
        ({"scheme": "shopify", "shop_domain": "no domain"}, "shop_domain"),
        ({"scheme": "basic", "secret": "no colon here"}, "secret"),
        ({"max_in_flight": "many"}, "max_in_flight"),
        ({"max_in_flight": "0"}, "max_in_flight"),
        ({"rate_limit": "-1"}, "rate_limit"),
        ({"rate_limit": "10001"}, "rate_limit"),
        ({"rate_period": "hour"}, "rate_period"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_kept(visitor, api, hook, sink, changes, field):
    answer = visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), **changes))
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert f'href="#f-{field}"' in answer.text
    assert stored(api, hook)["name"] == "Billing"


def test_a_secret_that_was_typed_is_not_sent_back(visitor, hook, sink):
    """The refused form keeps all else; the summary names the field as its label does."""
    typed = "typed-secret-without-a-colon"
    answers = (
        visitor.post(f"/webhooks/{hook['id']}", **settings(sink.url(), scheme="basic", secret=typed)),
        visitor.post(f"/webhooks/{hook['id']}/secret/rotate", secret=typed, overlap_seconds="3600"),
    )
    for answer in answers:
        assert answer.status_code == 422
        assert typed not in answer.text
    assert '<a href="#f-secret">New signing secret</a>' in answers[0].text
    assert 'value="basic" checked' in answers[0].text
    assert '<option value="3600" selected>' in answers[1].text


def test_a_secret_that_is_right_is_asked_for_again_when_something_else_was_wrong(visitor, api, hook, sink):
    """Else it would be missing from the form that is sent next, which keeps the old one and says that it is saved."""
    path = f"/webhooks/{hook['id']}"
    answer = visitor.post(path, **settings(sink.url(), scheme="github", secret="right-and-long", rate_limit="-1"))
    assert "right-and-long" not in answer.text
    assert "Type it once more" in answer.text
    assert '<a href="#f-secret">New signing secret</a>' in answer.text
    assert secret_of(api, hook) == hook["secret"]
    answer = visitor.post(path, **settings(sink.url(), scheme="github", rate_limit="-1"))
    assert "Type it once more" not in answer.text


def test_a_fresh_secret_is_told_when_the_new_signature_needs_one(visitor, api, hook, sink):
    path = f"/webhooks/{hook['id']}"
    before = secret_of(api, hook)
    assert "another was made" not in visitor.post(path, **settings(sink.url(), scheme="github")).text
    assert secret_of(api, hook) == before
    assert "another was made" in visitor.post(path, **settings(sink.url(), scheme="basic")).text
    assert secret_of(api, hook) != before


def test_a_secret_is_rotated_its_end_shown_and_the_old_one_revoked(visitor, api, hook):
    path = f"/webhooks/{hook['id']}"
    answer = visitor.post(f"{path}/secret/rotate", overlap_seconds=str(DAY))
    assert "Both secrets sign until the old one ends." in answer.text
    assert "An old secret still signs" in answer.text
    (old,) = stored(api, hook)["old_secrets"]
    assert f'datetime="{old["expires_at"][:16]}' in answer.text
    assert not re.search(r"whsec_\w{8}", answer.text)
    asked = visitor.post(f"{path}/secret/revoke")
    assert "Revoke the old secrets of Billing?" in asked.text
    assert len(stored(api, hook)["old_secrets"]) == 1
    done = visitor.post(f"{path}/secret/revoke", confirmed="1")
    assert "still signs" not in done.text
    assert stored(api, hook)["old_secrets"] == []


def test_who_rotates_is_told_which_secrets_sign(visitor, hook):
    path = f"/webhooks/{hook['id']}/secret/rotate"
    said = [text_of(visitor.post(path, secret="", overlap_seconds=str(span))) for span in (DAY, DAY, 0)]
    assert "Both secrets sign until the old one ends" in said[0]
    assert "It ends in 1 d" in said[0]
    assert "It signs beside 2 old ones until these end" in said[1]
    assert "The last one ends in 1 d" in said[1]
    assert "Only the new one signs from now on" in said[2]


def test_a_rotation_that_cannot_be_is_told_beside_its_field(visitor, api, hook):
    path = f"/webhooks/{hook['id']}/secret/rotate"
    answer = visitor.post(path, secret="short", overlap_seconds="3600")
    assert answer.status_code == 422
    assert 'id="f-next-secret-error"' in answer.text
    assert '<option value="3600" selected>' in answer.text
    for overlap in ("soon", "-1", "604801"):
        assert visitor.post(path, overlap_seconds=overlap).status_code == 422
    assert secret_of(api, hook) == hook["secret"]


def test_a_signature_that_carries_one_secret_says_so_and_offers_no_overlap(visitor, api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "github"})
    page = visitor.get(f"/webhooks/{hook['id']}")
    assert "the new one is used at once" in text_of(page)
    assert 'name="overlap_seconds"' not in page.text
    assert "Only the new one signs from now on." in visitor.post(f"/webhooks/{hook['id']}/secret/rotate").text
    assert secret_of(api, hook) != hook["secret"]


def test_the_page_says_how_to_verify_and_shows_the_public_key_alone(visitor, api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "standard-ed25519"})
    page = html.unescape(visitor.get(f"/webhooks/{hook['id']}").text)
    assert "Ed25519 over webhook-id" in page
    assert f"<code>{hook['signature']['public_key']}</code>" in page
    revealed = html.unescape(visitor.post(f"/webhooks/{hook['id']}/secret").text)
    assert f"<code>{hook['secret']}</code>" in revealed
    assert f"<code>{hook['signature']['public_key']}</code>" in revealed
    assert not re.search(r"whsk_\w{8}", page + revealed)
