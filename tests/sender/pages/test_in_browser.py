"""The sender's pages in a real browser, with web and worker in processes of their own."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.databases import empty_database
from tests.ports import free_port
from tests.sender.conftest import TOKEN
from tests.sender.pages.moods import failing_first, moods
from tests.sender.processes import serving
from tests.sender.sink import listening

REFUSED_FORM = "Failed to load resource: the server responded with a status of 422"


class Windows:
    """Signed-in windows; `complaints` are the errors that pages reported."""

    def __init__(self, chromium, sender, width=1280, **options):
        self.sender = sender
        self.context = chromium.new_context(viewport={"width": width, "height": 860}, **options)
        self.complaints = []
        self.context.request.get(f"{sender.origin}/sign-in?token={TOKEN}")

    def open(self, path):
        """Open a window that notices when it is loaded again."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.goto(self.sender.origin + path)
        page.evaluate("window.sameLoad = true")
        return page

    def close(self, allowed="^$"):
        self.context.close()
        assert [text for text in self.complaints if not re.search(allowed, text)] == []


@pytest.fixture(scope="module")
def sink():
    with listening() as sink:
        yield sink


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request, tmp_path_factory, sink):
    """A sender on each kind of database."""
    folder = tmp_path_factory.mktemp("sender")
    with (
        empty_database(request.param, request, folder) as url,
        serving(url, folder, SENDER_ALLOWED_TARGETS="127.0.0.1", SENDER_RETRY_SCHEDULE="0.2") as sender,
    ):
        yield sender


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """One kind of database is enough where the browser sees no difference."""
    folder = tmp_path_factory.mktemp("sender")
    url = f"sqlite:///{folder / 'sender.sqlite3'}"
    with serving(url, folder, SENDER_ALLOWED_TARGETS="127.0.0.1", SENDER_READ_TIMEOUT="0.5") as sender:
        yield sender


@pytest.fixture
def windows(chromium, sender):
    windows = Windows(chromium, sender)
    yield windows
    windows.close(REFUSED_FORM)


@pytest.fixture(scope="module")
def moody():
    with moods() as url:
        yield url


def is_same_load(page):
    return page.evaluate("window.sameLoad === true")


def test_deliveries_move_before_the_eye_by_stream_and_by_poll(chromium, either, sink):
    windows = Windows(chromium, either)
    good = either.webhook(sink.url(), name="Good", event_types=["payment_received"])
    either.webhook(sink.url(503), name="Bad", event_types=["site_published"])
    everything, failures = windows.open("/deliveries"), windows.open("/deliveries?state=failed")
    windows.context.route("**/webhooks/stream*", lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}))
    webhooks = windows.open("/webhooks")
    expect(everything.get_by_text("Live", exact=True)).to_be_visible()
    expect(failures.get_by_text("Live", exact=True)).to_be_visible()
    expect(webhooks.get_by_text("Polling", exact=True)).to_be_visible()
    arrived, failed = either.publish("payment_received"), either.publish("site_published")
    one = windows.open(f"/deliveries/{failed}")
    expect(everything.locator(f"#{arrived}")).to_contain_text("Succeeded")
    expect(everything.locator(f"#{failed}")).to_contain_text("Failed")
    expect(failures.locator(f"#{failed}")).to_contain_text("Failed")
    expect(failures.locator(f"#{arrived}")).to_have_count(0)
    expect(one.locator("#delivery-attempts .timeline > li")).to_have_count(2)
    expect(one.locator("#delivery-head")).to_contain_text("Failed")
    expect(webhooks.locator(f"#{good['id']}")).to_contain_text("Delivered: 200")
    assert all(map(is_same_load, (everything, failures, webhooks, one)))
    windows.close("status of 503")


def test_an_attempt_appears_while_an_earlier_one_is_read(chromium, either):
    windows = Windows(chromium, either)
    with failing_first() as (url, go_on):
        either.webhook(url, event_types=["customer_created"])
        page = windows.open(f"/deliveries/{either.publish('customer_created')}")
        attempts = page.locator("#delivery-attempts .timeline > li")
        expect(attempts).to_have_count(1)
        attempts.first.get_by_text("Request as it was sent").click()
        go_on.set()
        expect(attempts).to_have_count(2)
        expect(attempts.last).to_contain_text("Delivered: 200")
        expect(attempts.first.get_by_role("cell", name="application/json")).to_be_visible()  # what is read stays open
    assert is_same_load(page)
    windows.close()


def test_every_end_of_a_test_reads_differently_and_nothing_of_it_runs(windows, moody):
    ends = {
        f"{moody}/ok": ("Delivered: 200", "12345678901234567890"),
        f"{moody}/empty": ("Delivered: 200, with an empty body", "Response body: empty."),
        f"{moody}/html": ("Not delivered: the endpoint answered 500", "<h1>Oops</h1>"),
        f"{moody}/silent": ("The endpoint did not answer in time", "sent nothing for 0.5 seconds"),
        f"http://127.0.0.1:{free_port()}/": ("The connection was refused", "The request, which was not sent"),
    }
    for url, (title, detail) in ends.items():
        page = windows.open(f"/webhooks/{windows.sender.webhook(url)['id']}")
        page.get_by_role("button", name="Send Test Event").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text(title, exact=True)).to_be_visible()
        expect(dialog).to_contain_text(detail)
        expect(dialog).to_contain_text(re.compile(r"took [\d,]+ ms"))
        assert page.evaluate("window.pwned") is None
        dialog.get_by_role("link", name="Show the delivery").click()
        expect(page.get_by_role("heading", name=re.compile("^Test of "))).to_be_visible()


def test_a_payload_is_checked_while_it_is_written(windows):
    page = windows.open("/send")
    report = page.locator("#payload-check")
    expect(report).to_contain_text("Fits the schema of payment_received.")
    page.get_by_label("Payload").fill('{"payment_id": "x"}')
    expect(report).to_contain_text("departs from the schema of payment_received")
    expect(report).to_contain_text("must be an integer")
    page.get_by_label("Payload").fill('{"payment_id": 1')
    expect(report).to_contain_text("not valid JSON")
    page.get_by_label("Payload").fill('{"payment_id":1,"big":12345678901234567890}')
    page.get_by_role("button", name="Format").click()
    expect(page.get_by_label("Payload")).to_have_value('{\n  "payment_id": 1,\n  "big": 12345678901234567890\n}')
    assert is_same_load(page)


def test_a_payload_that_is_mended_is_checked_as_well(windows, moody):
    hook = windows.sender.webhook(f"{moody}/ok", event_types=["payment_received"])
    sent = windows.sender("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    page = windows.open(f"/deliveries/{sent['id']}/edit")
    page.get_by_label("Payload of payment_received").fill('{"payment_id": "x"}')
    expect(page.locator("#payload-check")).to_contain_text("departs from the schema of payment_received")
    assert is_same_load(page)


def test_another_type_brings_its_example_and_never_takes_what_was_written(windows):
    page = windows.open("/send")
    examples = {slug: windows.sender("GET", f"/api/v1/event-types/{slug}")["example"] for slug in ("site_published",)}
    payload, kind = page.get_by_label("Payload"), page.get_by_label("Event type")
    kind.select_option("site_published")
    expect(page.locator("#payload-check")).to_contain_text("Fits the schema of site_published.")
    assert json.loads(payload.input_value()) == examples["site_published"]
    payload.fill('{"mine": true}')
    kind.select_option("payment_received")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#payload-check")).to_contain_text("departs from the schema of payment_received")
    assert payload.input_value() == '{"mine": true}'
    page.get_by_role("button", name="Use its example").click()
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(page.locator("#payload-check")).to_contain_text("Fits the schema of payment_received.")
    assert is_same_load(page)


def test_a_form_with_a_fault_begins_there_and_keeps_the_rest(windows):
    page = windows.open("/webhooks")
    page.get_by_label("Name", exact=True).fill("Kept")
    page.get_by_label("URL", exact=True).fill("ftp://x")
    page.get_by_role("button", name="Add New Webhook").click()
    expect(page.get_by_label("URL", exact=True)).to_be_focused()
    expect(page.get_by_label("URL", exact=True)).to_have_accessible_description(re.compile("must start with http"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Kept")
    page.get_by_label("URL", exact=True).fill("https://shop.example/hook")
    page.get_by_role("button", name="Add New Webhook").click()
    expect(page.get_by_role("row").filter(has_text="Kept")).to_be_visible()
    expect(page.get_by_text("Press Send Test Event")).to_be_visible()


def test_an_unknown_event_type_is_told_beside_its_field_with_the_nearest_name(windows, moody):
    page = windows.open(f"/webhooks/{windows.sender.webhook(f'{moody}/ok')['id']}")
    page.get_by_label("And all that fit").fill("payment_recieved")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("And all that fit")).to_be_focused()
    expect(page.get_by_label("And all that fit")).to_have_accessible_description(
        re.compile(r"no event type payment_recieved\. Did you mean payment_received\?")
    )


def test_the_secret_is_revealed_and_copied(windows, moody):
    windows.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = windows.open(f"/webhooks/{windows.sender.webhook(f'{moody}/ok')['id']}")
    page.get_by_role("button", name="Reveal secret").click()
    dialog = page.get_by_role("dialog")
    secret = dialog.get_by_label("Signing secret", exact=True).locator("code").inner_text()
    assert secret.startswith("whsec_")
    dialog.get_by_role("button", name="Copy").first.click()
    expect(dialog.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_the_whole_secret_can_be_read(chromium, sender, moody, width):
    windows = Windows(chromium, sender, width, java_script_enabled=False)
    hook = sender.webhook(f"{moody}/ok", signature={"scheme": "standard-ed25519"})
    page = windows.open(f"/webhooks/{hook['id']}")
    page.get_by_role("button", name="Reveal secret").click()
    shown = page.get_by_label("Signing secret", exact=True).locator("code")
    assert shown.inner_text() == hook["secret"]
    assert shown.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    windows.close()


UNNAMED = """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, a[href]")]
  .filter((one) => one.checkVisibility() && !(one.labels?.length || one.getAttribute("aria-label")
    || one.textContent.trim() || one.title)).map((one) => one.outerHTML)"""


@pytest.mark.parametrize("width", [390, 768, 1000, 1280])
def test_every_page_fits_and_names_its_controls(windows, moody, width):
    long_name = {"name": "A webhook whose name is a good deal longer than most are", "integration": "zapier"}
    types = ["customer_*", "membership_*", "payment_received", "checkout_*"]
    hook = windows.sender.webhook(f"{moody}/ok?{'x' * 300}", **long_name, event_types=types)
    sent = windows.sender("POST", f"/api/v1/webhooks/{hook['id']}/test", {})
    page = windows.open("/webhooks")
    page.set_viewport_size({"width": width, "height": 860})
    for path in (
        "/webhooks",
        f"/webhooks/{hook['id']}",
        "/send",
        "/deliveries",
        f"/deliveries/{sent['id']}",
        "/event-types",
        "/event-types/new",
        "/replays/new",
    ):
        page.goto(windows.sender.origin + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate(UNNAMED) == [], path
        cut = "[...document.querySelectorAll('.table-wrap')].some((one) => one.scrollWidth > one.clientWidth)"
        assert not page.evaluate(cut), path


@pytest.mark.parametrize("width", [390, 1280])
def test_the_longest_url_pushes_nothing_out_of_sight(windows, moody, width):
    hook = windows.sender.webhook(f"{moody}/ok?{'x' * 1900}", name="Long")
    page = windows.open("/webhooks")
    page.set_viewport_size({"width": width, "height": 860})
    assert page.locator(f"#{hook['id']}").bounding_box()["height"] < 400
    page.goto(f"{windows.sender.origin}/webhooks/{hook['id']}")
    expect(page.get_by_role("button", name="Send Test Event")).to_be_in_viewport()
    expect(page.locator("#webhook-health")).to_be_in_viewport()


def test_the_focus_goes_back_to_a_row_that_its_own_test_has_changed(windows, moody):
    webhook = windows.sender.webhook(f"{moody}/ok")
    row = windows.open("/webhooks").locator(f"#{webhook['id']}")
    row.get_by_role("button", name="Send Test Event").press("Enter")
    expect(row).to_contain_text("Delivered: 200")  # while the dialog is open
    row.page.keyboard.press("Escape")
    expect(row.get_by_role("button", name="Send Test Event")).to_be_focused()


def test_what_was_done_is_said_where_the_address_leads(windows, moody):
    page = windows.open(f"/webhooks/{windows.sender.webhook(f'{moody}/ok')['id']}")
    page.get_by_text("Rotate the secret").click()
    page.get_by_role("button", name="Rotate secret").click()
    expect(page.get_by_text("Revoke now").first).to_be_in_viewport()
    expect(page.get_by_text("The secret is rotated.")).to_be_in_viewport()
