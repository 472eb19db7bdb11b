"""What forms do in a real browser while their answer is awaited."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.shared.conftest import Site

# No answer comes: a page that is left would take the count with it.
COUNT = """() => {
  window.sent = 0;
  addEventListener("submit", (event) => { if (!event.defaultPrevented) sent += 1; event.preventDefault(); });
  window.fetch = () => { sent += 1; return new Promise(() => {}); };
}"""


def sent_by_pressing_twice(button: Locator) -> int:
    """Press a button's key twice before there is an answer; return how often its form was sent."""
    button.page.evaluate(COUNT)
    button.focus()
    for _ in range(2):
        button.page.keyboard.press("Enter")
        expect(button).to_have_attribute("aria-busy", "true")
    return int(button.page.evaluate("sent"))


def test_a_form_is_sent_once_although_its_key_is_pressed_twice(site: Site) -> None:
    assert sent_by_pressing_twice(site.open("/form").get_by_role("button", name="Save webhook")) == 1


def test_a_result_is_asked_for_once_although_the_key_is_pressed_twice(site: Site) -> None:
    button = site.open("/").locator("form[data-result-dialog] button").first  # its name changes meanwhile
    assert sent_by_pressing_twice(button) == 1


def test_a_form_that_comes_back_from_the_cache_of_the_browser_can_be_sent_again(site: Site) -> None:
    button = site.open("/form").get_by_role("button", name="Save webhook")
    sent_by_pressing_twice(button)
    button.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(button).not_to_have_attribute("aria-busy", "true")
    button.page.keyboard.press("Enter")
    assert button.page.evaluate("sent") == 2
