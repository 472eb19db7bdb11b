"""What the receiver's log says of requests that went wrong, and what it keeps to itself."""

from __future__ import annotations

from sqlalchemy import text

from shared import database
from tests.receiver.raw_requests import post


def test_no_captured_secret_and_no_token_gets_into_the_log(own_server):
    with own_server(HOOKLOOP_LOG_FORMAT="json", RECEIVER_WORKERS="1") as served:
        secret = "Authorization: Bearer test-token\r\nX-Api-Key: key-of-the-sender\r\n"
        assert served.server.send(post(served, b"body-of-the-sender", secret)).status == 200
        served.server.send(b"GET /sign-in?token=test-token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with database.writing_connection(served.engine) as connection:
            connection.execute(text("ALTER TABLE captures RENAME COLUMN body TO other"))
        assert served.server.send(post(served, b"body-of-the-sender", secret)).status in (500, 503)
        served.server.stop()
        log = served.server.log.read_text()
    assert "not stored" in log
    for hidden in ("test-token", "key-of-the-sender", "body-of-the-sender"):
        assert hidden not in log
