"""A signed-in person whose browser runs no scripts, and what a page says to them."""

from __future__ import annotations

import html
import re

TOKEN = "test-token-of-the-sender"


class Visitor:
    """A signed-in person with a browser that runs no scripts."""

    def __init__(self, app):
        self.client = app.test_client()
        self.client.get(f"/sign-in?token={TOKEN}")

    def get(self, path):
        return self.client.get(path)

    def post(self, path, follow=True, **fields):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/webhooks").text)[1]
        return self.client.post(path, data={"csrf_token": token, **fields}, follow_redirects=follow)


def text_of(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))
