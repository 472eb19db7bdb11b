"""What the small modules do, in a real browser, and what is left without them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.shared.conftest import Site
from tests.shared.gallery import asset_url, create_app
from tests.shared.test_ui import PAGES
from tests.shared.test_ui_format import NOW, RELATIVE

OVERFLOWING = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > width && one.getBoundingClientRect().right > width + 1;
}).map((one) => one.outerHTML.slice(0, 80))"""

BROKEN_BUTTONS = """() => [...document.querySelectorAll(".btn")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 46)
  .map((one) => one.outerHTML.slice(0, 80))"""

TOO_SMALL = """() => [...document.querySelectorAll("button, summary, select, input, textarea, .btn, .tab, .item")]
  .filter((one) => one.checkVisibility() && one.type !== "hidden" && !one.closest("label, .check, .sr"))
  .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 24)
  .map((one) => one.outerHTML.slice(0, 80))"""


def test_no_page_is_wider_than_the_window(site: Site) -> None:
    context = site.context()
    for path in PAGES:
        page = site.open(path, context)
        for width in (320, 390, 768, 900, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(OVERFLOWING) == [], (path, width)
            assert page.evaluate(BROKEN_BUTTONS) == [], (path, width)
    assert site.complaints == []  # nor did a page break the content security policy


def test_controls_are_large_enough_for_a_finger(site: Site) -> None:
    context = site.context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    for path in PAGES:
        assert site.open(path, context).evaluate(TOO_SMALL) == [], path


def test_times_read_as_the_server_writes_them(site: Site) -> None:
    page = site.open("/empty")
    now = NOW.timestamp() * 1000
    moments = [(NOW - age).timestamp() * 1000 for age, _ in RELATIVE]
    said = page.evaluate(
        """async ([url, moments, now]) => {
          const { relativeTime } = await import(url);
          return [...moments.map((moment) => relativeTime(moment, now)), relativeTime(now + 4900, now, true)];
        }""",
        [site.origin + asset_url(create_app(), "time.js"), moments, now],
    )
    assert said == [*(text for _, text in RELATIVE), "in a moment"]


def test_times_stay_true_although_the_clock_of_the_browser_is_wrong(site: Site) -> None:
    page = site.context().new_page()
    page.clock.install(time=NOW)  # years away from the server's
    page.goto(site.origin + "/")
    cell = page.locator("#webhooks time").first
    soon = page.locator(".facts time[data-relative=coming]")
    expect(cell).to_have_text("3 h ago")
    expect(soon).to_have_text("in 5 min")
    page.clock.fast_forward("05:00")
    expect(soon).to_have_text("in a moment")
    page.clock.fast_forward("55:00")
    expect(cell).to_have_text("4 h ago")


def test_the_theme_is_kept_and_there_before_the_styles(site: Site) -> None:
    context = site.context(color_scheme="light")
    page = site.open("/empty", context)
    toggle = page.locator("[data-theme-toggle]")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    expect(toggle).to_have_accessible_name("Theme: as the system")
    toggle.click()
    toggle.click()
    expect(toggle).to_have_accessible_name("Theme: dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    again = site.open("/list", context)
    expect(again.locator("html")).to_have_attribute("data-theme", "dark")
    assert again.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    first = again.evaluate("document.querySelector('head script, head link[rel=stylesheet]').outerHTML")
    assert "theme.js" in first
    assert not any(word in first for word in ("defer", "async", "module"))


def test_copying(site: Site) -> None:
    context = site.context(permissions=["clipboard-read", "clipboard-write"])
    page = site.open("/", context)
    page.locator(".chip .copy").first.click()
    expect(page.locator("#toasts")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "dlv_01k9p7r2m4x8c0a4"
    block = page.locator("[data-code]", has_text="Example payload")
    block.get_by_role("button").click()
    expect(block.get_by_role("button")).to_have_text("Copied")
    assert '"payment_id": 9007199254740993,' in page.evaluate("navigator.clipboard.readText()")


def test_copying_without_the_clipboard_api(site: Site) -> None:
    page = site.context(permissions=["clipboard-read"]).new_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page.goto(site.origin + "/")
    page.locator(".chip .copy").first.click()
    expect(page.locator("#toasts")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "dlv_01k9p7r2m4x8c0a4"


def test_a_deletion_asks_first(site: Site) -> None:
    page = site.open("/")
    page.locator("#webhooks summary").first.click()
    page.locator("#webhooks").get_by_role("button", name="Delete").first.click()
    dialog = page.get_by_role("dialog", name="Delete “CRM: new customers”?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert page.url == site.origin + "/"
    page.locator("#webhooks summary").first.click()
    page.locator("#webhooks").get_by_role("button", name="Delete").first.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("body")).to_have_text("done")


def test_a_deletion_asks_first_without_scripts_too(site: Site) -> None:
    page = site.open("/", java_script_enabled=False)
    page.locator("#webhooks summary").first.click()
    page.locator("#webhooks").get_by_role("button", name="Delete").first.click()
    expect(page.get_by_role("heading", name="Delete this webhook?")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("body")).to_have_text("done")


def test_a_result_shows_in_a_dialog_and_without_scripts_on_its_page(site: Site) -> None:
    for scripts in (True, False):
        page = site.open("/", java_script_enabled=scripts)
        page.get_by_role("button", name="Send test event").first.click()
        expect(page.get_by_text("The target answered in 84 ms.")).to_be_visible()
        assert page.url == site.origin + ("/" if scripts else "/act")
        expect(page.get_by_role("dialog", name="Test event sent")).to_have_count(int(scripts))


def test_a_result_says_so_when_the_service_is_gone(site: Site) -> None:
    page = site.open("/")
    page.route("**/act", lambda route: route.abort())
    button = page.get_by_role("button", name="Send test event").first
    button.click()
    expect(page.locator("#toasts")).to_contain_text("No answer came from this service")
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_the_keyboard_walks_searches_and_explains(site: Site) -> None:
    page = site.open("/")
    rows = page.locator("#webhooks .cell-title")
    for keys, at in (("j", 0), ("jj", 2), ("k", 1), ("kkk", 0), ("jjjjjj", 3)):
        for key in keys:
            page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("jn?")  # letters while typing, nothing else
    expect(search).to_have_value("jn?")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("New webhook")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/#")


def test_a_menu_closes_by_escape_and_by_a_click_elsewhere(site: Site) -> None:
    page = site.open("/")
    menu = page.locator("#webhooks details").first
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").click()
    page.get_by_role("heading", name="Webhooks").click()
    expect(menu).not_to_have_attribute("open", "")


def test_tabs(site: Site) -> None:
    page = site.open("/split?id=req_1")
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel")).to_have_count(1)
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Headers")).to_be_visible()
    page.reload()
    expect(page.get_by_role("tabpanel", name="Headers")).to_be_visible()
    plain = site.open("/split?id=req_1", java_script_enabled=False)
    for name in ("Body", "Headers", "Query"):
        expect(plain.get_by_role("region", name=name)).to_be_visible()


def scrolled(page: Page) -> float:
    return float(page.locator("#list").evaluate("(list) => list.scrollTop"))


def test_the_list_keeps_its_place_while_details_change(site: Site) -> None:
    page = site.open("/split")
    expect(page.locator("#detail")).to_contain_text("Choose a capture")
    page.locator("#req_20").scroll_into_view_if_needed()
    place = scrolled(page)
    assert place > 0
    page.locator("#req_20").click()
    expect(page.locator("#detail")).to_contain_text("POST /orders")
    expect(page.locator("#req_20")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(f"{site.origin}/split?id=req_20")
    assert scrolled(page) == place
    page.locator("#req_21").click()
    expect(page).to_have_url(f"{site.origin}/split?id=req_21")
    page.go_back()
    expect(page).to_have_url(f"{site.origin}/split?id=req_20")
    expect(page.locator("#req_20")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#detail")).to_contain_text("Choose a capture")
    expect(page.locator("#list [aria-current]")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#detail")).to_contain_text("POST /orders")


def test_on_a_phone_list_and_detail_take_turns(site: Site) -> None:
    page = site.open("/split", viewport={"width": 390, "height": 800})
    expect(page.locator("#detail")).not_to_be_visible()
    page.locator("#req_2").click()
    expect(page.locator("#detail")).to_contain_text("POST /orders")
    expect(page.locator("#list")).not_to_be_visible()
    page.get_by_role("link", name="Captures").click()
    expect(page.locator("#list")).to_be_visible()


def test_a_filter_sends_itself(site: Site) -> None:
    page = site.open("/")
    page.get_by_label("State").select_option("paused")
    expect(page).to_have_url(f"{site.origin}/?q=&state=paused&type=")
