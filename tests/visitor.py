"""A signed-in person whose browser runs no scripts, and what a page says to them."""

from __future__ import annotations

import html
import re


class Visitor:
    """A signed-in person with a browser that runs no scripts; a service says where, and which page has a form."""

    HOST = "localhost"
    TOKEN: str
    FORM_AT: str

    def __init__(self, app):
        self.client = app.test_client()
        self.get(f"/sign-in?token={self.TOKEN}")

    def get(self, path):
        return self.client.get(path, headers={"Host": self.HOST})

    def post(self, path, follow=False, **fields):
        """Send a form to `path` and return the answer, or the page to which it leads."""
        data = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', self.get(self.FORM_AT).text)[1], **fields}
        return self.client.post(path, data=data, headers={"Host": self.HOST}, follow_redirects=follow)

    def read(self, path):
        """Return a page's text as a person reads it."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return text_of(answer)


def text_of(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))
