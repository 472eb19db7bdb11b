"""The list of bins, and what is done to a whole bin: make, rename, empty, delete."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from receiver.models import Bin
from receiver.services import bins, context
from receiver.services.bins import BinDraft
from receiver.views import asking, links
from receiver.views.pages.base import blueprint
from shared.counts import counted
from shared.errors import Conflict, InvalidInput
from shared.web.confirming import confirm, is_confirmed

PER_PAGE = 50


@blueprint.get("/")
def home() -> Response:
    """Lead to the bins."""
    return redirect(url_for("pages.bins"))


@blueprint.get("/bins", endpoint="bins")
def list_bins() -> str:
    """Show the bins, newest first, and the way to a new one."""
    return _list_page()


@blueprint.post("/bins")
def create_bin() -> Response | tuple[str, int]:
    """Make a bin, its slug chosen or random, and go there."""
    slug = request.form.get("slug", "").strip()
    try:
        made = bins.create(context.current(), BinDraft(), slug or None)
    except (InvalidInput, Conflict) as error:
        return _list_page(slug, error.detail), error.status
    return redirect(links.page(made), 303)


@blueprint.get("/bins/<slug>/settings")
def edit_bin(slug: str) -> str:
    """Show a bin's settings."""
    owner = bins.get(slug)
    return _settings_page(owner, {"name": owner.name, "max_requests": owner.max_requests}, {})


@blueprint.post("/bins/<slug>/settings")
def change_bin(slug: str) -> Response | tuple[str, int]:
    """Change a bin's name and how much it keeps."""
    owner = bins.get(slug)
    try:
        bins.change(owner.id, _draft_of_form())
    except InvalidInput as error:
        return _settings_page(owner, request.form, error.by_field()), error.status
    flash("The settings are saved.", "success")
    return redirect(links.page(owner), 303)


@blueprint.post("/bins/<slug>/delete")
def delete_bin(slug: str) -> Response | str:
    """Delete a bin with its captures."""
    owner = bins.get(slug)
    if not is_confirmed():
        return confirm(f"Delete the bin {owner.name}?", asking.what_goes(owner), "Delete bin", links.page(owner))
    bins.remove(owner.id)
    flash(f"The bin {owner.name} is deleted.", "success")
    return redirect(url_for("pages.bins"), 303)


@blueprint.post("/bins/<slug>/clear")
def clear_bin(slug: str) -> Response | str:
    """Delete all captures of a bin."""
    owner = bins.get(slug)
    if not is_confirmed():
        return confirm(asking.to_clear(owner), "The bin and its URL stay.", "Delete captures", links.page(owner))
    removed = bins.clear(owner.id)
    flash(f"{counted(removed, 'capture is', 'captures are')} deleted.", "success")
    return redirect(links.page(owner), 303)


def _list_page(slug: str = "", error: str | None = None) -> str:
    q = request.args.get("q", "").strip()
    cursor = request.args.get("cursor")
    page = bins.list_bins(q, PER_PAGE, cursor)
    return render_template(
        "bins.html",
        bins=page.items,
        cursor=cursor,
        older=page.next_cursor,
        total=bins.count(),
        q=q,
        slug=slug,
        error=error,
        capture_url=links.capture_url,
        asking=asking,
        default_max=context.current().settings.max_requests,
    )


def _settings_page(owner: Bin, values: object, errors: dict[str, str]) -> str:
    url = links.capture_url(owner)
    return render_template("settings.html", bin=owner, url=url, values=values, errors=errors, asking=asking)


def _draft_of_form() -> BinDraft:
    most = request.form.get("max_requests", "").strip()
    return BinDraft(
        name=request.form.get("name", "").strip(),
        max_requests=int(most) if most.isascii() and most.isdigit() and len(most) < 10 else 0,  # 0 is refused in words
    )
