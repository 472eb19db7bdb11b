from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.core import capture, exports
from tests.receiver.rawserver import RawServer, unchunk

TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20)
TARGETS = st.from_regex(r"/[\x21-\x7e]{0,20}", fullmatch=True)
TAKEN = {"host", "content-length", "transfer-encoding", "expect", "connection", "te", "upgrade", "cookie"}


@pytest.fixture(scope="module")
def server():
    with RawServer() as running:
        yield running


def run(server, method, target, headers, body, tmp_path=None):
    """Run the command and return the request line, the headers and the body that reached the server."""
    command = exports.curl(f"http://127.0.0.1:{server.port}", method, target, headers, body, body_url="http://bin/body")
    done = subprocess.run(
        ["sh"],
        input=command.encode(),
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd=tmp_path,
    )
    assert done.returncode == 0, (command, done.stderr)
    head, _, sent = server.requests.pop().partition(b"\r\n\r\n")
    line, _, block = head.partition(b"\r\n")
    return line.decode("latin-1"), list(capture.parse_header_block(block)), sent


def host_of(server):
    return ("Host", f"127.0.0.1:{server.port}")


def test_a_plain_request_gives_a_plain_command():
    headers = (("Host", "bin.example"), ("User-Agent", "a"), ("Accept", "*/*"), ("Content-Type", "application/json"),
               ("Content-Length", "7"))  # fmt: skip
    assert exports.curl("https://bin.example", "POST", "/b/x?y=1", headers, b'{"a":1}', body_url="") == (
        "curl 'https://bin.example/b/x?y=1' \\\n  -H 'User-Agent: a' \\\n  -H 'Accept: */*' \\\n"
        "  -H 'Content-Type: application/json' \\\n  --data-raw '{\"a\":1}'"
    )


def test_headers_arrive_in_order_with_case_and_duplicates(server):
    headers = [
        host_of(server),
        ("x-Dup", "1"),
        ("User-Agent", "b/1"),
        ("X-DUP", "2"),
        ("X_Under", "@f"),
        ("X-None", ""),
    ]
    line, got, body = run(server, "GET", "/b/x", headers, b"")
    assert line == "GET /b/x HTTP/1.1"
    assert got == headers
    assert body == b""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "m-search", "X'Y"])
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_any_method_with_and_without_a_body(server, method, body):
    length = [("Content-Length", str(len(body)))] if body or method == "POST" else []
    line, got, sent = run(server, method, "/b/x", [host_of(server), *length], body)
    assert line == f"{method} /b/x HTTP/1.1"
    assert got == [host_of(server), *length]
    assert sent == body


@pytest.mark.parametrize(
    "target",
    [
        "/b/x//a%2Fb/../c/./d?x=1&x=2",
        "/b/x/..",
        "/b/x?[a]{b,c}=$HOME`id`",
        "/b/x#fragment?a",
        "/b/x?q='\"\\|^<>",
        "http://other.example/b/x?y",
        "//b/x",
    ],
)
def test_the_target_arrives_raw(server, target):
    line, _, _ = run(server, "GET", target, [host_of(server)], b"")
    assert line == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize(
    "body",
    [
        b'it\'s "quoted" $HOME `id` \\ !! \n\ttwo lines\n',
        b"@/etc/passwd",
        "é € 😀".encode(),
        bytes(range(256)),
        b"a\r\nb",
        b"\0",
        b"\x1b[31mred",
        b"x" * exports.INLINE_LIMIT,
        b"'" * exports.INLINE_LIMIT,
        b"\xff" * exports.INLINE_LIMIT,
    ],
    ids=range(10),
)
def test_the_body_arrives_byte_for_byte(server, body):
    headers = [host_of(server), ("Content-Type", "a/b"), ("Content-Length", str(len(body)))]
    _, got, sent = run(server, "POST", "/b/x", headers, body)
    assert got == headers
    assert sent == body


def test_a_chunked_request_is_chunked_again(server):
    headers = [host_of(server), ("Transfer-Encoding", "chunked")]
    _, got, sent = run(server, "POST", "/b/x", headers, b"hello")
    assert got == headers
    assert unchunk(sent) == b"hello"


def test_a_large_body_is_read_from_a_file(server, tmp_path):
    body = b"\xff" * (3 * 2**20)
    headers = [host_of(server), ("Content-Length", str(len(body)))]
    command = exports.curl(
        f"http://127.0.0.1:{server.port}", "PUT", "/b/x", headers, body, body_url="http://bin/r/body"
    )
    comment, fetch, send = command.split("\n", 2)
    assert comment.startswith("#")
    assert fetch.endswith("http://bin/r/body")
    (tmp_path / "body.bin").write_bytes(body)
    subprocess.run(["sh"], input=send.encode(), check=True, capture_output=True, cwd=tmp_path)
    head, _, sent = server.requests.pop().partition(b"\r\n\r\n")
    assert sent == body
    assert b"Expect" not in head


@settings(max_examples=40, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PATCH"]) | TOKENS,
    target=TARGETS,
    headers=st.lists(st.tuples(TOKENS, VALUES.map(str.strip)), max_size=6),
    body=st.binary(max_size=30) | st.text(max_size=30).map(str.encode),
)
def test_anything_that_a_bin_can_hold_is_sent_again(server, method, target, headers, body):
    headers = [pair for pair in headers if pair[0].lower() not in TAKEN]
    length = [("Content-Length", str(len(body)))] if body else []
    line, got, sent = run(server, method, target, [host_of(server), *headers, *length], body)
    assert line == f"{method} {target} HTTP/1.1"
    assert got == [host_of(server), *headers, *length]
    assert sent == body
