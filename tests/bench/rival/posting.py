"""What every rival does for an event: one POST of 1 KB with `requests`, over connections that are kept.

The environment says how much: `RIVAL_URL` and `RIVAL_COUNT`.
"""

from __future__ import annotations

import os
import threading

import requests

URL = os.environ["RIVAL_URL"]
COUNT = int(os.environ["RIVAL_COUNT"])
BODY = b'{"type":"payment_received","data":{"payment_id":118,"note":"' + b"x" * 980 + b'"}}'

_own = threading.local()  # a session belongs to one thread; without it each POST would open a connection


def post(number: int) -> None:
    """Make the request of one event; raise what `requests` raises when it does not succeed."""
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
        _own.session.trust_env = False  # or it would look for proxies and for .netrc at each POST
    headers = {"content-type": "application/json", "webhook-id": f"evt_{number}"}
    answer = _own.session.post(f"{URL}{number % 10}", data=BODY, headers=headers, timeout=(5, 15))
    answer.raise_for_status()
