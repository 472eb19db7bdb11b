"""Live pages: one stream for all windows, resuming without loss, polling where no stream is to be had."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Route, expect

from tests.shared.conftest import Site


def row(name: str, text: str = "") -> str:
    return f'<tr id="{name}"><td><a href="#{name}">{text or name}</a></td><td></td></tr>'


def is_in_state(page: Page, state: str) -> None:
    expect(page.locator(".live")).to_have_attribute("data-state", state)


def first_row(page: Page, name: str) -> None:
    expect(page.locator("#rows > tr").first).to_have_id(name)


def test_rows_come_change_and_go(site: Site) -> None:
    page = site.open("/live")
    is_in_state(page, "live")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    site.feed.send(html=row("a"), counts={"total": 1200})
    first_row(page, "a")
    expect(page.get_by_text("Nothing yet")).not_to_be_visible()
    expect(page.locator("[data-live-count=total]")).to_have_text("1,200")
    site.feed.send(html=row("b"))
    first_row(page, "b")
    site.feed.send(html=row("a", "changed"))
    expect(page.locator("#rows > tr")).to_have_text(["b", "changed"])
    site.feed.send(rows={"ids": ["a"], "down_to": ""})
    expect(page.locator("#rows > tr")).to_have_text(["changed"])
    site.feed.send(html=row("c"), rows={"ids": ["c"], "down_to": "b"})
    expect(page.locator("#rows > tr")).to_have_text(["c", "changed"])  # it is below those that were told
    assert site.complaints == []


def test_what_came_before_the_page_is_not_told_again(site: Site) -> None:
    site.feed.send(html=row("early"))
    page = site.open("/live")
    is_in_state(page, "live")
    site.feed.send(html=row("late"))
    first_row(page, "late")
    expect(page.locator("#rows > tr")).to_have_count(1)


def test_a_cut_stream_resumes_without_loss(site: Site) -> None:
    page = site.open("/live")
    is_in_state(page, "live")
    site.feed.send(html=row("a"))
    first_row(page, "a")
    site.feed.cut()
    site.feed.send(html=row("b"))
    site.feed.send(html=row("c"))
    expect(page.locator("#rows > tr")).to_have_text(["c", "b", "a"])
    assert site.feed.requests[-1]["header"] in ("1", "2", "3")  # the browser's own word, beside ours
    is_in_state(page, "live")


def test_a_refused_stream_is_replaced_by_polling(site: Site) -> None:
    site.feed.refuse = True
    page = site.open("/live")
    is_in_state(page, "polling")
    site.feed.send(html=row("a"))
    site.feed.send(html=row("b"))
    expect(page.locator("#rows > tr")).to_have_text(["b", "a"])
    expect(page.locator(".live")).to_have_text("Polling")


def test_a_service_that_is_gone_is_said_to_be(site: Site) -> None:
    page = site.open("/live")
    is_in_state(page, "live")
    page.route("**/live/*", lambda route: route.abort())
    site.feed.cut()
    is_in_state(page, "reconnecting")
    page.unroute("**/live/*")
    site.feed.send(html=row("a"))
    first_row(page, "a")


def test_pausing_keeps_what_arrives(site: Site) -> None:
    page = site.open("/live")
    is_in_state(page, "live")
    page.get_by_role("button", name="Pause live updates").click()
    is_in_state(page, "paused")
    site.feed.send(html=row("a"))
    site.feed.send(html=row("b"))
    expect(page.locator(".live")).to_have_text("Live paused · 2 new")
    expect(page.locator("#rows > tr")).to_have_count(0)
    page.locator(".live").click()
    expect(page.locator("#rows > tr")).to_have_text(["b", "a"])
    expect(page.locator(".live")).to_have_text("Live")


def test_a_page_whose_form_was_sent_waits_for_the_answer_first(site: Site) -> None:
    context = site.context()
    other = site.open("/split", context)
    page = context.new_page()
    page.clock.install()
    page.goto(f"{site.origin}/split")
    is_in_state(page, "live")
    page.route("**/act", lambda route: route.fulfill(status=204))  # the page stays, as it does for a download
    page.get_by_role("button", name="Send one").click()
    site.feed.send(html='<a class="item" id="fresh" href="#">fresh</a>')
    expect(other.locator("#fresh")).to_be_visible()
    expect(page.locator("#fresh")).to_have_count(0)
    page.clock.fast_forward(3000)
    expect(page.locator("#fresh")).to_be_visible()


def test_many_windows_share_one_stream(site: Site) -> None:
    context = site.context()
    pages = [site.open("/live", context) for _ in range(8)]  # two more than a browser's connections
    for page in pages:
        is_in_state(page, "live")
    assert len(site.feed.requests) == 1
    site.feed.send(html=row("a"))
    for page in pages:
        first_row(page, "a")
    pages[0].close()  # the one that held the stream
    site.feed.send(html=row("b"))
    for page in pages[1:]:
        expect(page.locator("#rows > tr")).to_have_text(["b", "a"])


def test_an_answer_that_is_late_does_not_undo_what_was_heard_meanwhile(site: Site) -> None:
    context = site.context()
    leader = site.open("/live?rows=1", context)
    is_in_state(leader, "live")
    asked: list[Route] = []
    late = context.new_page()
    late.route("**/live/poll*", lambda route: asked.append(route))  # noqa: PLW0108  # a builtin is no handler
    with late.expect_request("**/live/poll*"):
        late.goto(f"{site.origin}/live?rows=1")
    is_in_state(late, "live")
    site.feed.send(html=row("old-0", "newest"))
    expect(leader.locator("#old-0")).to_have_text("newest")
    asked[0].fulfill(json={"items": [{"id": "early", "html": row("old-0", "older") + row("a")}]})
    first_row(late, "a")
    expect(late.locator("#old-0")).to_have_text("newest")


def test_a_list_that_is_again_what_it_was_is_shown(site: Site) -> None:
    context = site.context()
    none = ("none", {"rows": {"ids": [], "down_to": ""}})
    turns = [("one", {"html": row("a")}), none, ("one more", {"html": row("b")}), none, ("last", {"html": row("c")})]
    told = "".join(f"id: {name}\ndata: {json.dumps({'id': name, **item})}\n\n" for name, item in turns)
    context.route("**/live/stream*", lambda route: route.fulfill(content_type="text/event-stream", body=told))
    page = site.open("/live", context)
    first_row(page, "c")
    expect(page.locator("#rows > tr")).to_have_text(["c"])


def test_nothing_jumps_for_a_reader_further_down(site: Site) -> None:
    page = site.open("/live?rows=60", viewport={"width": 1000, "height": 500})
    is_in_state(page, "live")
    page.locator("#old-40").scroll_into_view_if_needed()
    before = page.locator("#old-40").bounding_box()
    for name in "abc":
        site.feed.send(html=row(name))
    expect(page.locator("#rows > tr")).to_have_count(63)
    assert page.locator("#old-40").bounding_box() == before


def test_nothing_jumps_in_a_list_that_scrolls_by_itself(site: Site) -> None:
    page = site.open("/split", viewport={"width": 1000, "height": 500})
    is_in_state(page, "live")
    page.locator("#req_20").scroll_into_view_if_needed()
    before = page.locator("#req_20").bounding_box()
    site.feed.send(html='<a class="item" id="fresh" href="#">fresh</a>')
    expect(page.locator("#list > :first-child")).to_have_id("fresh")
    assert page.locator("#req_20").bounding_box() == before


def test_a_row_in_use_changes_when_it_is_free(site: Site) -> None:
    page = site.open("/live?rows=2")
    is_in_state(page, "live")
    page.locator("#old-1 summary").click()
    site.feed.send(html=row("old-1", "first"))
    site.feed.send(html=row("old-1", "second"))
    site.feed.send(html=row("a"))  # by now the other two have arrived
    first_row(page, "a")
    expect(page.locator("#old-1 details")).to_have_attribute("open", "")
    page.get_by_role("heading", name="Live").click()
    expect(page.locator("#old-1")).to_have_text("second")
