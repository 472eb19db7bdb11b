"""Serve the gallery for a look at it."""

from __future__ import annotations

from tests.shared.gallery import create_app

create_app().run(port=8099, threaded=True)
