"""The receiver's pages; each works without scripts."""

from __future__ import annotations

from flask import Flask

from receiver.views.pages import actions, bins, inspector, response
from receiver.views.pages.base import blueprint

__all__ = ["actions", "bins", "inspector", "response"]  # importing them adds their routes to the blueprint


def install(app: Flask) -> None:
    """Register every page."""
    app.register_blueprint(blueprint)
