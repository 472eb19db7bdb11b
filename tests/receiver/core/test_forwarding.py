from __future__ import annotations

from receiver.core import forwarding


def test_the_headers_of_the_old_connection_stay_behind_and_all_else_goes_on_in_order():
    captured = (
        ("Host", "bin.example"),
        ("x-Dup", "1"),
        ("Connection", "keep-alive, X-Hop"),
        ("x-hop", "secret"),
        ("Content-Type", "application/json"),
        ("Content-Length", "2"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
        ("X-DUP", "2"),
        ("Webhook-Signature", "v1,abc"),
        ("Content-Encoding", "gzip"),
        ("x-hookloop-forward", "req_earlier"),
    )
    assert forwarding.headers(captured, "req_1") == (
        ("x-Dup", "1"),
        ("Content-Type", "application/json"),
        ("X-DUP", "2"),
        ("Webhook-Signature", "v1,abc"),
        ("Content-Encoding", "gzip"),
        ("X-Hookloop-Forward", "req_1"),
    )
