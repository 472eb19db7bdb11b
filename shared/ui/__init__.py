"""The look of both services: base templates, macros, style sheets and the small modules that make pages live."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request, send_from_directory, url_for

from shared import __version__, clock
from shared.counts import counted
from shared.ui import format as words
from shared.ui import prose, reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Flask

_STATIC = Path(__file__).parent / "static"
_YEAR = 31_536_000

blueprint = Blueprint("ui", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the main navigation; `href` is a path such as "/deliveries" (a URL for the companion)."""

    label: str
    href: str


def register(app: Flask, *, service: str, nav: Sequence[NavItem], companion: NavItem | None = None) -> None:
    """Give `app` the shared templates, filters and assets.

    `service` is the name shown in the header, `companion` the other service beside it.
    """
    app.register_blueprint(blueprint)
    app.extensions["ui"] = digest(_STATIC)
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.filters.update(
        relative_time=relative_time,
        exact_time=words.exact_time,
        machine_time=words.machine_time,
        filesize=words.filesize,
        number=words.number,
        counted=counted,
        compact=words.compact,
        duration=words.duration,
        short_id=words.short_id,
        state_tone=words.state_tone,
        method_tone=words.method_tone,
        status_tone=words.status_tone,
        status_word=words.status_word,
        prose=prose.prose,
        prose_line=prose.line,
        api_reference=reference.groups,
    )

    @app.context_processor
    def _navigation() -> dict[str, Any]:
        return {
            "service": service,
            "version": __version__,
            "companion": companion,
            "rendered_at": words.machine_time(clock.now()),
            "nav": links(nav, request.path, request.script_root),
        }


def asset(filename: str) -> str:
    """The URL of a shared static file. The digest in its path lets browsers keep it for a year.

    It stands in the path and not in a query so that modules importing one another by `./name.js` carry it on.
    """
    return url_for("ui.static", version=current_app.extensions["ui"], filename=filename)


def relative_time(moment: datetime, coming: bool = False) -> str:
    """`moment` as words relative to now."""
    return words.relative_time(moment, clock.now(), coming)


@blueprint.get("/ui/<version>/<path:filename>", endpoint="static")
def static_file(version: str, filename: str) -> Response:
    """A shared asset; cached for good under its present digest, not at all under another."""
    response = send_from_directory(_STATIC, filename)
    if version == current_app.extensions["ui"]:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response


def digest(folder: Path) -> str:
    """Ten hex digits that change when any file in `folder` changes."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:10]


def links(nav: Sequence[NavItem], path: str, root: str) -> list[dict[str, Any]]:
    """Navigation entries with `active` set on the one whose path is the longest prefix of `path`."""
    best = max((n.href for n in nav if _covers(n.href, path)), key=len, default=None)
    return [{"label": n.label, "href": root + n.href, "active": n.href == best} for n in nav]


def _covers(href: str, path: str) -> bool:
    return path == href or (href != "/" and path.startswith(href.rstrip("/") + "/"))
