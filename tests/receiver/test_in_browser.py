"""The inspector in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.receiver.conftest import Served, opened, serving
from tests.receiver.factories import add_bin
from tests.receiver.raw_requests import post

EVIL = "<img src=x onerror=\"window.pwned='{0}'\"><script>window.pwned='{0}'</script>"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    """One kind of database is enough here: the browser sees no difference."""
    folder = tmp_path_factory.mktemp("receiver")
    url = f"sqlite:///{folder / 'receiver.sqlite3'}"
    with serving(url, folder) as server, opened(url) as engine:
        yield server, engine


class Site:
    """A receiver with windows on it; `complaints` are errors that pages reported and dialogs that they showed."""

    def __init__(self, chromium, served):
        self.chromium = chromium
        self.served = served
        self.bin = f"/bins/{served.slug}"
        self.contexts = []
        self.complaints = []

    def open(self, path, context=None):
        """Open a signed-in window, with a browser of its own unless one is given."""
        if context is None:
            context = self.chromium.new_context()
            self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        if len(context.pages) == 1:
            page.goto(f"{self.served.server.origin}/sign-in?token=test-token")
        page.goto(self.served.server.origin + path)
        return page


@contextmanager
def visiting(chromium, served, allowed="^$"):
    """Give windows on a receiver; at the end no page may have complained, but of what is `allowed`."""
    site = Site(chromium, served)
    yield site
    for context in site.contexts:
        context.close()
    assert [text for text in site.complaints if not re.search(allowed, text)] == []


@pytest.fixture
def here(chromium, served):
    """Windows on the receiver that all tests share."""
    with visiting(chromium, served) as site:
        yield site


def capture(served, body=b"", headers="", **parts):
    answer = served.server.send(post(served, body, headers, **parts))
    assert answer.status < 500
    return json.loads(answer.body)["id"]


def test_the_page_of_an_empty_bin_switches_by_itself(here):
    page = here.open("/bins")
    page.get_by_role("button", name="Create bin").click()
    page.wait_for_url("**/bins/*-*-*")
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()
    url = page.get_by_role("textbox", name="capture URL").input_value()
    expect(page.get_by_text("Live")).to_be_visible()
    request = urllib.request.Request(url, b'{"big": 12345678901234567890}', {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    expect(page.get_by_role("article")).to_contain_text('"big": 12345678901234567890')
    expect(page.get_by_text("Waiting for the first request")).not_to_be_visible()


def test_send_one_for_me(here):
    page = here.open(here.bin)
    page.get_by_role("button", name="Send one for me").click()
    expect(page.get_by_role("article")).to_contain_text("9007199254740993")


def test_captures_appear_in_every_window_and_nothing_jumps(here):
    first = capture(here.served, b"the first body")
    one = here.open(here.bin)
    two = here.open(f"{here.bin}/{first}")
    three = here.open(here.bin, one.context)
    for page in (one, two, three):
        expect(page.locator(".live")).to_have_attribute("data-state", "live")
        page.evaluate("window.stayed = true")
    second = capture(here.served, b"the second body", below="/second")
    for page in (one, two, three):
        expect(page.locator("#captures > .item").first).to_have_id(second)
        expect(page.locator("#captures > .item")).to_have_count(2)
        expect(page.locator("[data-live-count=stored]")).to_have_text("2")
        expect(page.get_by_role("article")).to_contain_text("the first body")
        assert page.evaluate("window.stayed") is True  # without a reload


def test_without_a_free_stream_the_page_polls(chromium, tmp_path):
    url = f"sqlite:///{tmp_path / 'receiver.sqlite3'}"
    with serving(url, tmp_path, RECEIVER_MAX_STREAMS="0") as server, opened(url) as engine:
        add_bin(engine)
        poll_a_while(chromium, Served(server, engine, "orders"))


def poll_a_while(chromium, served):
    with visiting(chromium, served, r"503 \(SERVICE UNAVAILABLE\)") as here:
        capture(here.served)
        page = here.open(here.bin)
        expect(page.locator(".live")).to_have_attribute("data-state", "polling")
        newest = capture(here.served)
        expect(page.locator("#captures > .item").first).to_have_id(newest)


def test_the_keyboard_walks_and_opens(here):
    ids = [capture(here.served, b"body %d" % number, below=f"/{number}") for number in range(3)]
    page = here.open(here.bin)
    page.evaluate("window.stayed = true")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("body 1")
    assert page.url.endswith(ids[1])
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("body 0")
    page.go_back()
    expect(page.get_by_role("article")).to_contain_text("body 1")
    assert page.evaluate("window.stayed") is True


def test_a_body_is_shown_pretty_raw_and_in_hex(here):
    capture(here.served, b'{"a":[1]}', "Content-Type: application/json\r\n")
    page = here.open(here.bin)
    shown = page.locator("#capture-body")
    expect(shown.locator("pre:visible")).to_have_text(re.compile(r'\{\s+"a": \[\s+1\s+\]\s+\}'))
    page.get_by_role("tab", name="Raw").click()
    expect(shown.locator("pre:visible")).to_have_text('{"a":[1]}')
    page.get_by_role("tab", name="Hex").click()
    expect(shown.locator("pre:visible")).to_contain_text("7b 22 61 22 3a 5b 31 5d  7d")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_method_stands_beside_a_long_path_and_not_under_it(here, width):
    capture(here.served, method="PATCH", below="/" + "deep/" * 60)
    page = here.open(here.bin)
    page.set_viewport_size({"width": width, "height": 860})
    page.locator("#captures > .item").first.click()
    page.wait_for_url(f"**{here.bin}/*")  # the bin's own page shows the newest capture too
    method, path = page.locator(".capture-title > span").all()
    expect(method).to_have_text("PATCH")
    assert method.evaluate("one => one.scrollWidth <= one.clientWidth")
    end = method.bounding_box()
    assert end["x"] + end["width"] <= path.bounding_box()["x"]


def test_deleting_is_asked_for_and_seen_in_the_other_window(here):
    capture(here.served, below="/stays")
    gone = capture(here.served, below="/gone")
    watching = here.open(here.bin)
    expect(watching.locator(".live")).to_have_attribute("data-state", "live")
    page = here.open(f"{here.bin}/{gone}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The capture is deleted")).to_be_visible()
    expect(watching.locator("#captures > .item")).to_have_count(1)
    expect(watching.locator("[data-live-count=stored]")).to_have_text("1")


def test_what_is_deleted_before_a_page_begins_to_listen_goes(here):
    stays, gone = capture(here.served, below="/stays"), capture(here.served, below="/gone")
    context = here.chromium.new_context()
    here.contexts.append(context)
    held = []
    context.route("**/stream*", lambda route: held.append(route))  # noqa: PLW0108  # a builtin is no handler
    with context.expect_event("request", lambda request: "/stream" in request.url):
        page = here.open(here.bin, context)
    other = here.open(f"{here.bin}/{gone}")
    other.get_by_role("button", name="Delete").click()
    other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(other.get_by_text("The capture is deleted")).to_be_visible()
    held[0].continue_()
    expect(page.locator(f"#{gone}")).to_have_count(0)
    expect(page.locator(f"#{stays}")).to_be_visible()


def test_a_capture_that_comes_while_the_list_is_renewed_stays(here):
    stays, gone = capture(here.served, below="/stays"), capture(here.served, below="/gone")
    page = here.open(here.bin)
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    asked = []
    page.route(page.url, lambda route: asked.append(route))  # noqa: PLW0108  # a builtin is no handler
    other = here.open(f"{here.bin}/{gone}")
    other.get_by_role("button", name="Delete").click()
    with page.expect_request(page.url):
        other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    answer = page.context.request.get(page.url)
    new = capture(here.served, below="/new")
    expect(page.locator("#captures > .item").first).to_have_id(new)
    asked[0].fulfill(response=answer)
    expect(page.locator(f"#{gone}")).to_have_count(0)
    assert [row.get_attribute("id") for row in page.locator("#captures > .item").all()] == [new, stays]


def evil_request(served, kind):
    evil = EVIL.format(kind)
    multipart = (
        f'--X\r\nContent-Disposition: form-data; name="{evil}"\r\n\r\n{evil}\r\n--X\r\nContent-Disposition: form-data; '
        f'name="f"; filename="{evil}"\r\nContent-Type: {evil}\r\n\r\n{evil}\r\n--X--'
    )
    types = {
        "json": ("application/json", json.dumps({evil: evil})),
        "html": ("text/html", f"<html>{evil}"),
        "svg": ("image/svg+xml", f"<svg onload=\"window.pwned='svg'\">{evil}</svg>"),
        "form": ("application/x-www-form-urlencoded", f"{evil}={evil}"),
        "multipart": ("multipart/form-data; boundary=X", multipart),
        "text": (f"text/{evil}", evil),
    }
    content_type, body = types[kind]
    headers = f"Content-Type: {content_type}\r\nX-Evil: {evil}\r\nX-GitHub-Event: {evil}\r\n"
    target = "/" + re.sub(r"\s", "+", evil) + "?" + re.sub(r"\s", "+", evil) + "=" + re.sub(r"\s", "+", evil)
    return capture(served, body.encode(), headers, below=target, method="X'|`!")


KINDS = ("json", "html", "svg", "form", "multipart", "text")


def test_hostile_captures_stay_inert(here):
    add_bin(here.served.engine, "evil", name=EVIL.format("name"))
    capture(here.served, b"harmless")
    watching = here.open(here.bin)
    expect(watching.locator(".live")).to_have_attribute("data-state", "live")
    ids = [evil_request(here.served, kind) for kind in KINDS]
    expect(watching.locator("#captures > .item")).to_have_count(1 + len(KINDS))  # came live, as markup
    page = here.open(here.bin)
    for capture_id in ids:
        page.goto(f"{here.served.server.origin}{here.bin}/{capture_id}")
        for tab in page.get_by_role("tab").all():
            if tab.is_visible():
                tab.click()
        assert page.evaluate("window.pwned") is None
    for path in ("/bins", "/bins/evil", "/bins/evil/settings", here.bin + "?q=" + "%3Cscript%3E"):
        page.goto(here.served.server.origin + path)
        assert page.evaluate("window.pwned") is None
    assert watching.evaluate("window.pwned") is None
    assert page.locator("script:not([src])").count() == 0


def test_what_a_bin_answers_cannot_run_on_our_origin(served, chromium):
    rule = {
        "headers": {"Content-Type": "text/html"},
        "body": "<p id=p>shown</p><script>p.textContent='ran'</script>",
    }
    request = urllib.request.Request(
        f"{served.server.origin}/api/v1/bins/{served.slug}/response",
        json.dumps(rule).encode(),
        {"Authorization": "Bearer test-token", "Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request).close()
    page = chromium.new_context().new_page()
    page.goto(f"{served.server.origin}/b/{served.slug}")
    expect(page.locator("#p")).to_have_text("shown")
    assert page.evaluate("window.origin") == "null"
    page.context.close()
