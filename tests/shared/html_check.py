"""Reads a page and lists what our pages must not have."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_SHAPES = {"path", "rect", "circle"}  # closed by themselves inside <svg>


class Page(HTMLParser):
    """The parsed page: `faults` in words, and what tests want to ask about."""

    def __init__(self, html: str, nonce: str) -> None:
        super().__init__()
        self.nonce = nonce
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.classes: set[str] = set()
        self.references: set[str] = set()
        self._open: list[str] = []
        self._forms: list[dict[str, bool]] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]
        self.faults += [f"id {name} stands {n} times" for name, n in self.ids.items() if n > 1]
        self.faults += [f"nothing has the id {name}" for name in sorted(self.references - set(self.ids))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.faults += [f"{name}= on <{tag}>" for name in given if name == "style" or name.startswith("on")]
        self.faults += [f"<{tag}> has {name} twice" for name, n in Counter(a for a, _ in attrs).items() if n > 1]
        if given.get("href", "").startswith("javascript:"):
            self.faults.append("javascript: link")
        if "id" in given:
            self.ids[given["id"]] += 1
        self.classes |= set(given.get("class", "").split())
        for name in ("for", "aria-describedby", "aria-labelledby"):
            self.references |= set(given.get(name, "").split())
        self._look_at(tag, given)
        if tag not in _VOID | _SHAPES:
            self._open.append(tag)

    def _look_at(self, tag: str, given: dict[str, str]) -> None:
        if tag == "style":
            self.faults.append("<style>")
        if tag == "script" and (not given.get("src") or given.get("nonce") != self.nonce):
            self.faults.append(f"script without src or nonce: {given}")
        if tag == "form":
            self._forms.append({"post": given.get("method") == "post", "csrf": False})
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value") and self._forms:
            self._forms[-1]["csrf"] = True
        if tag == "button" and "type" not in given and not self._forms:
            self.faults.append("a button outside a form that would submit")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SHAPES:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
            return
        self._open.pop()
        if tag == "form":
            form = self._forms.pop()
            if form["post"] and not form["csrf"]:
                self.faults.append("a POST form without csrf_token")
