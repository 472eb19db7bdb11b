"""Requests to a bin as bytes, as they go over the wire."""

from __future__ import annotations


def request(served, headers="", below="", method="POST"):
    """Return the head of a request to the test's bin."""
    return f"{method} /b/{served.slug}{below} HTTP/1.1\r\nHost: a\r\n{headers}".encode()


def post(served, body, headers="", **parts):
    """Return a whole request that closes its connection."""
    length = f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return request(served, headers + length, **parts) + body
