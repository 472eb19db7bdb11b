"""Every shared page and macro renders, and holds to the rules that the content security policy relies on."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from shared import clock, ui
from tests.shared.gallery import NONCE, asset_url, create_app, samples
from tests.shared.html_check import Page

STATIC = Path(ui.__file__).parent / "static"
PAGES = ["/", "/list", "/empty", "/form", "/split", "/split?id=req_1", "/live", "/docs", "/error", "/confirm"]
PAGES += ["/sign-in?out", "/sign-in-failed?out", "/error?out"]


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


def render(app: Flask, source: str, **context: object) -> str:
    with app.test_request_context("/"):
        return render_template_string('{% import "ui/macros.html" as ui %}' + source, **context)


@pytest.mark.parametrize("path", PAGES)
def test_pages_keep_the_rules(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    page = Page(answer.text, NONCE)
    assert page.faults == []
    assert page.ids["main"] == 1


def test_every_class_used_is_styled_or_meant_for_scripts(app: Flask) -> None:
    styled = set(re.findall(r"\.(-?[a-z][\w-]*)", "".join(p.read_text("utf-8") for p in STATIC.glob("*.css"))))
    used = set[str]().union(*(Page(app.test_client().get(path).text, NONCE).classes for path in PAGES))
    unstyled = {"layout-page", "hl", "depth-0", "theme-auto", "badge-quiet", "notice-info", "stack", "tone-quiet"}
    assert used - styled - unstyled == set()


def test_macros_escape_what_they_show(app: Flask) -> None:
    evil = '"><script>alert(1)</script>'
    source = """
      {{ ui.copy_button(e) }}{{ ui.copy_field(e, e) }}{{ ui.id_chip(e, e) }}{{ ui.method_badge(e) }}{{ ui.tag(e) }}
      {{ ui.state_badge(e) }}{{ ui.badge(e) }}{{ ui.field(e, e, e, help=e, error=e) }}
      {{ ui.textarea(e, e, e) }}{{ ui.select(e, e, [(e, e)], e) }}{{ ui.checkbox(e, e) }}
      {{ ui.checklist(e, e, [(e, e, e)]) }}{{ ui.radio_cards(e, e, [(e, e, e)]) }}{{ ui.search_input(e) }}
      {{ ui.confirm_button(e, e, e, e, fields={e: e}) }}{{ ui.headers_table([(e, e)]) }}{{ ui.code_block(e, label=e) }}
      {{ ui.code_block(tokens=[("s", e), ("", e)]) }}{{ ui.facts([(e, e)]) }}{{ ui.stat(e, e, e, href=e) }}
      {{ ui.tab_links([(e, e, True)]) }}{{ ui.pager(e, e, e) }}{{ ui.page_head(e, e, e, e) }}{{ ui.notice("bad", e) }}
      {{ ui.empty_state(e, e) }}{{ ui.live_dot(e, e, e, e) }}{{ ui.timeline_item(e, note=e) }}"""
    text = render(app, source, e=evil)
    assert text.count("&lt;script&gt;") > 40
    assert "<script" not in text


def test_a_leading_line_break_of_a_textarea_survives(app: Flask) -> None:
    assert ">\n\nsecond line</textarea>" in render(app, '{{ ui.textarea("a", "A", "\\nsecond line") }}')


def test_an_error_is_tied_to_its_field(app: Flask) -> None:
    text = render(app, '{{ ui.field("url", "URL", error=["Too long.", "Bad scheme."], help="Where to.") }}')
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="f-url-error f-url-help"' in text
    assert '<p class="error" id="f-url-error">' in text
    assert "Too long. Bad scheme." in text


def test_repeated_headers_are_counted_whatever_their_case(app: Flask) -> None:
    text = render(app, "{{ ui.headers_table(headers, dim=['x-forwarded-for']) }}", headers=samples.HEADERS)
    assert re.findall(r"X-Trace.*?(\d/\d)", text, re.IGNORECASE) == ["1/2", "2/2"]
    assert text.count("/2</span>") == 2
    assert text.count("is-dim") == 1


def test_times_show_words_and_the_exact_moment(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now().replace(2026, 3, 9, 14, 5, 31, 0)
    monkeypatch.setattr(clock, "now", lambda: now)
    text = render(app, "{{ ui.time(t) }}{{ ui.time(none, 'not yet') }}", t=now - timedelta(minutes=3))
    assert 'datetime="2026-03-09T14:02:31.000Z" title="2026-03-09 14:02:31 UTC"' in text
    assert ">3 min ago</time>" in text
    assert "not yet" in text


def test_states_are_colour_shape_and_word(app: Flask) -> None:
    states = ["pending", "sending", "succeeded", "failed", "cancelled", "active", "paused", "disabled"]
    badges = [render(app, "{{ ui.state_badge(s) }}", s=state) for state in states]
    assert all(f"<span>{state.capitalize()}</span>" in badge for state, badge in zip(states, badges, strict=True))
    shapes = {re.search(r"<svg.*?</svg>", badge).group() for badge in badges}  # type: ignore[union-attr]
    assert len(shapes) == len(states)


@pytest.mark.parametrize(
    ("path", "active"),
    [("/", "Webhooks"), ("/list", "Deliveries"), ("/list/dlv_1", "Deliveries"), ("/listing", None), ("/docs", None)],
)
def test_navigation_marks_where_you_are(path: str, active: str | None) -> None:
    links = ui.links([ui.NavItem(*pair) for pair in samples.NAV], path, "/prefix")
    assert [link["label"] for link in links if link["active"]] == ([active] if active else [])
    assert links[2]["href"] == "/prefix/list"


def test_the_sender_stands_first_in_both_services() -> None:
    for service in ("Sender", "Inspector"):
        text = create_app(service).test_client().get("/list").text
        switch = re.search(r'<nav class="services".*?</nav>', text, re.DOTALL)
        assert switch is not None
        assert switch.group().index("Sender") < switch.group().index("Inspector")
        assert f'aria-current="true">{service}<' in switch.group()


def test_who_is_signed_out_sees_no_navigation(app: Flask) -> None:
    text = app.test_client().get("/sign-in?out").text
    assert "Deliveries" not in text
    assert "/sign-out" not in text
    assert "admin-token" in text


def test_assets_are_kept_for_a_year_under_their_digest_only(app: Flask) -> None:
    client = app.test_client()
    with client.get(asset_url(app, "main.js")) as kept:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert kept.mimetype in ("text/javascript", "application/javascript")
    with client.get("/ui/0000000000/main.js") as stale:
        assert (stale.status_code, stale.headers["Cache-Control"]) == (200, "no-cache")
    assert client.get("/ui/0000000000/../__init__.py").status_code == 404
    assert client.get("/ui/0000000000/none.js").status_code == 404


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    (tmp_path / "b.css").write_text("b")
    before = ui.digest(tmp_path)
    (tmp_path / "b.css").write_text("c")
    assert ui.digest(tmp_path) != before
    (tmp_path / "b.css").write_text("b")
    assert ui.digest(tmp_path) == before


def test_styles_are_small_and_ask_nobody() -> None:
    styles = [path.read_text("utf-8") for path in STATIC.glob("*.css")]
    assert sum(len(text.encode()) for text in styles) < 45_000
    assert not re.search(r"url\(|@import|@font-face|https?:", "".join(styles))


def test_modules_import_one_another_only_and_all_are_used() -> None:
    modules = {path.name: path.read_text("utf-8") for path in STATIC.glob("*.js")}
    imports = {name: set(re.findall(r'(?:import|from) "([^"]+)"', text)) for name, text in modules.items()}
    assert set[str]().union(*imports.values()) == {f"./{name}" for name in modules.keys() - {"main.js", "theme.js"}}
    assert not any(re.search(r"https?:|\beval\(|new Function|\.style\b", text) for text in modules.values())
