"""What pages make of the bytes of a body, and which bodies go with which signature."""

from __future__ import annotations

import pytest

from sender.core.signatures import PRESETS
from sender.views.pages import bodies
from tests.sender.secrets.verifiers import VERIFIERS


def text_of(pairs):
    return "".join(text for _, text in pairs)


def test_json_is_formatted_and_its_numbers_stay_as_they_were():
    shown = bodies.show(b'{"id":12345678901234567890123,"total":1.50}')
    assert text_of(shown.pretty) == '{\n  "id": 12345678901234567890123,\n  "total": 1.50\n}'
    assert shown.text == '{"id":12345678901234567890123,"total":1.50}'


def test_json_that_was_cut_is_formatted_as_far_as_it_came():
    assert text_of(bodies.show(b'{"a":[1,2', cut=True).pretty) == '{\n  "a": [\n    1,\n    2'


def test_what_only_looks_like_json_stays_text():
    assert bodies.show(b"{oops").pretty is None
    assert bodies.show(b"").pretty is None


def test_markup_is_coloured_and_never_changed():
    source = "<h1>Internal Server Error</h1>\n<script>alert(1)</script>\n"
    assert text_of(bodies.show(source.encode()).pretty) == source


def test_bytes_that_are_no_text_are_shown_with_marks():
    assert bodies.show(b"\xff\xfeok").text == "\ufffd\ufffdok"


# Svix's package for JavaScript leaves all to standardwebhooks, which reads JSON; the one for Python tells it not to.
STRICTEST = {**VERIFIERS, "svix": VERIFIERS["standard"]}


@pytest.mark.parametrize("scheme", STRICTEST)
def test_form_fields_are_warned_about_where_a_vendors_package_refuses_them(api, sink, scheme):
    shop = {"shop_domain": "shop.myshopify.com"} if scheme == "shopify" else {}
    hook = api.webhook(sink.url(), signature={"scheme": scheme, **shop}, body_format="form")
    path = f"/api/v1/webhooks/{hook['id']}"
    assert api("POST", f"{path}/test", {})[1]["state"] == "succeeded"
    headers, body = sink.requests[-1]
    try:
        STRICTEST[scheme](hook["secret"], {name.lower(): value for name, value in headers}, body)
    except Exception:  # noqa: BLE001  # each in its own way
        (words,) = hook["warnings"]
        assert "read the body as JSON" in words
        assert api("PATCH", path, {"name": "Another"})[1]["warnings"] == [words]
    else:
        assert hook["warnings"] == []
    assert api("PATCH", path, {"body_format": "flat"})[1]["warnings"] == []


def test_the_packages_that_refuse_form_fields_are_these():
    refused = [scheme for scheme, preset in PRESETS.items() if preset.reads_json]
    assert refused == ["standard", "standard-ed25519", "github", "stripe", "svix"]
