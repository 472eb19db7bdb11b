"""What the operator sees of an endpoint in trouble, and of what is sent again after it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, update

from sender.models import Webhook
from tests.run.product import make_run


@pytest.fixture
def product(tmp_path):
    with make_run(tmp_path, SENDER_RETRY_SCHEDULE="1,3600") as product:
        product.wait_until_ready()
        yield product


@pytest.fixture
def inbox(product, operator):
    """A bin by the name of its webhook, Accounting, which the sender's window shows."""
    page = operator.page
    page.goto(product.sign_in_links[0])
    page.goto(f"{product.receiver}/bins")
    page.get_by_label("New bin").fill("accounting")
    operator.press("Create bin")
    expect(page.get_by_text("Waiting").first).to_be_visible()
    operator.open(f"{product.sender}/webhooks")
    operator.page.get_by_label("Name", exact=True).fill("Accounting")
    operator.page.get_by_label("URL", exact=True).fill(f"{product.receiver}/b/accounting")
    operator.press("Add New Webhook")
    operator.follow("Accounting")
    return page


def publish(product, operator, count):
    """Publish so many events as an application does, through the API."""
    token = (product.folder / "data" / "admin-token").read_text().strip()
    events = [{"type": "payment_received", "payload": {"payment_id": number}} for number in range(count)]
    answer = operator.context.request.post(
        f"{product.sender}/api/v1/events/batch",
        data={"events": events},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 202


def answer_with(inbox, kind, **fields):
    """Set on the bin's page what it answers from now on."""
    inbox.goto(f"{inbox.url.partition('/bins')[0]}/bins/accounting/response")
    inbox.get_by_text(kind, exact=True).first.click()
    for label, value in fields.items():
        inbox.get_by_label(label, exact=True).fill(value)
    inbox.get_by_role("button", name="Save").click()
    inbox.wait_for_url("**/bins/accounting")


def fail_for(product, span):
    """Let the webhook have begun to fail so long ago: nobody waits for days."""
    engine = create_engine(f"sqlite:///{product.folder / 'data' / 'sender.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(update(Webhook).values(failing_since=datetime.now(UTC) - span))
    engine.dispose()


def test_a_webhook_in_trouble_is_warned_about_rests_and_recovers(product, operator, inbox):
    page = operator.page
    answer_with(inbox, "Always the same", Status="500")
    fail_for(product, timedelta(days=3))
    publish(product, operator, 12)
    health = page.locator("#webhook-health")
    expect(health).to_contain_text("This webhook has been failing for long")
    expect(health).to_contain_text("Its first failure since it last succeeded was 3 d ago")
    expect(health).to_contain_text("This webhook rests: the circuit breaker is open")
    expect(health).to_contain_text(re.compile(r"One delivery probes in \d+ s"))
    expect(health.get_by_text("Resting", exact=True)).to_be_visible()
    expect(health.locator(".stat").filter(has_text="Owed")).to_contain_text("12")
    expect(health.locator(".stat").filter(has_text="Failures in a row")).to_contain_text("the endpoint answered 500")
    operator.photograph("webhook-resting")
    listed = operator.open(f"{product.sender}/webhooks", turn=False)
    expect(listed.get_by_text("Accounting has been failing for long")).to_be_visible()
    answer_with(inbox, "Default")
    operator.press("Send Test Event")
    expect(page.get_by_role("dialog")).to_contain_text("Delivered: 200")
    page.keyboard.press("Escape")
    expect(health).not_to_contain_text("failing for long")  # without a reload
    expect(health).not_to_contain_text("rests")
    expect(health.locator(".stat").filter(has_text="Delivered")).to_contain_text("12")
    expect(health.locator(".stat").filter(has_text="Owed")).to_contain_text("0")


def test_a_replay_counts_first_shows_its_progress_and_can_be_stopped(product, operator, inbox):
    page = operator.page
    health = page.locator("#webhook-health")
    health.get_by_role("button", name="Pause").click()
    expect(health.get_by_text("Paused", exact=True)).to_be_visible()
    publish(product, operator, 40)
    health.get_by_role("button", name="Activate").click()
    expect(health.get_by_text("Active", exact=True)).to_be_visible()
    operator.follow("Replay")
    page.get_by_label("Deliveries a second").fill("4")
    operator.press("Count")
    expect(page.get_by_text("40 deliveries would be made")).to_be_visible()
    expect(page.get_by_text("At 4 a second that takes about 10 seconds.")).to_be_visible()
    operator.photograph("replay-counted")
    operator.press("Start the replay")
    expect(page).to_have_title(re.compile("^Replay of what did not arrive"))
    progress = page.locator("#replay-progress")
    expect(progress).to_contain_text(re.compile(r"\b(1\d|20) of 40.* left at 4 a second"))
    expect(page.locator("#replay-state")).to_contain_text("Running")
    operator.photograph("replay")
    operator.press("Stop")
    expect(page.locator("#replay-state")).to_contain_text("Stopped")
    rest = progress.locator(".progress-words > span").last.inner_text().removesuffix(" not made")
    operator.follow("Ask again")
    page.get_by_label("Deliveries a second").fill("1000")
    operator.press("Count")
    expect(page.get_by_text(re.compile(f"^{rest} deliver(y|ies) would be made"))).to_be_visible()
    expect(page.get_by_text("At 1,000 a second that takes about 1 second.")).to_be_visible()
    operator.press("Start the replay")
    expect(page.locator("#replay-state")).to_contain_text("Finished")
    expect(progress).to_contain_text(f"{rest} of {rest}")
    expect(progress.locator(".stat").filter(has_text="Succeeded")).to_contain_text(rest)
    page.go_back()
    expect(page.get_by_role("heading", name="New replay")).to_be_visible()  # the browser need not send a form again
    expect(inbox.locator("#captures > .item")).to_have_count(40)  # each once, without a reload
