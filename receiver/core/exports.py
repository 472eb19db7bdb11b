"""A capture as something to run elsewhere: a curl command that sends the same request again."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from receiver.core.capture import Header

INLINE_LIMIT = 64 * 1024  # bytes of a body that a command carries itself; larger ones it reads from a file
_LONGEST_WORD = 100_000  # Linux takes no argument over 128 KiB

# curl tidies these away unless told not to: dot segments, globs, fragments, a path without its slash.
_UNTIDY = re.compile(r"^[^/]|#|/\.{1,2}(?=[/?]|$)|[\[\]{}\\]")
_ADDED_BY_CURL = ("Host", "User-Agent", "Accept")
_PLAIN_CONTROLS = "\n\t"
_SHELL_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def curl(origin: str, method: str, target: str, headers: Sequence[Header], body: bytes, *, body_url: str) -> str:
    """Return a POSIX shell command that sends the request to `origin` (scheme and host), header for header.

    curl puts Host first; all else goes in the captured order, with no header added. Text bodies stand in the
    command, bytes pass through base64, and one over INLINE_LIMIT is fetched from `body_url` by hand first.
    """
    names = [name.lower() for name, _ in headers]
    sends_body = bool(body) or "content-length" in names or "transfer-encoding" in names
    words = [["curl", *_method(method, sends_body=sends_body), *_url(origin, target)]]
    words += [["-H", _header(name, value)] for name, value in headers if not _is_implied(name, value, origin, body)]
    words += [["-H", f"'{name}:'"] for name in _unwanted(names, body, sends_body=sends_body)]
    before, data = _body(body, body_url) if sends_body else ("", [])
    words += [data] if data else []
    return before + " \\\n  ".join(" ".join(group) for group in words)


def quote(text: str) -> str:
    """Return `text` as one word of a POSIX shell."""
    if _SHELL_SAFE.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def _method(method: str, *, sends_body: bool) -> list[str]:
    if method == "HEAD" and not sends_body:
        return ["--head"]  # with -X HEAD curl would wait for a body
    if method == "HEAD":
        return ["--max-time", "10", "-X", "HEAD"]
    return [] if method == ("POST" if sends_body else "GET") else ["-X", quote(method)]


def _url(origin: str, target: str) -> list[str]:
    if not _UNTIDY.search(target):
        return [quote(origin + target)]
    return ["--globoff", "--request-target", quote(target), quote(f"{origin}/")]


def _is_implied(name: str, value: str, origin: str, body: bytes) -> bool:
    """Return whether curl sends this header by itself, at this place or as good as there."""
    if name == "Host":
        return value == urlsplit(origin).netloc
    return name == "Content-Length" and value == str(len(body))


def _unwanted(names: Sequence[str], body: bytes, *, sends_body: bool) -> list[str]:
    """Return the headers that curl would add although the request had none of them."""
    added = [*_ADDED_BY_CURL, *(["Content-Type"] if sends_body else []), *(["Expect"] if len(body) > 2**20 else [])]
    return [name for name in added if name.lower() not in names]


def _header(name: str, value: str) -> str:
    """Return the word of a header. Its characters are latin-1 bytes, which need not be UTF-8."""
    if not value:
        return quote(f"{name};")  # curl's way to say a header without a value
    raw = value.encode("latin-1")
    try:
        return quote(f"{name}: {raw.decode()}")
    except UnicodeDecodeError:
        return f"{quote(f'{name}: ')}\"$(printf '{_octal(raw)}')\""


def _body(body: bytes, body_url: str) -> tuple[str, list[str]]:
    """Return what comes before the command, and the words that give it the body."""
    if len(body) > INLINE_LIMIT:
        fetch = f'curl -o body.bin -H "Authorization: Bearer $HOOKLOOP_ADMIN_TOKEN" {quote(body_url)}'
        return f"# The body is large; fetch it first:\n{fetch}\n", ["--data-binary", "@body.bin"]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    word = quote(text)
    is_plain = all(" " <= character != "\x7f" or character in _PLAIN_CONTROLS for character in text)
    if is_plain and len(word.encode()) <= _LONGEST_WORD:
        return "", ["--data-raw", word]
    encoded = base64.b64encode(body).decode()
    return f"printf %s {encoded} | base64 -d | ", ["--data-binary", "@-"]


def _octal(raw: bytes) -> str:
    """Return bytes as an argument for printf: everything but plain letters and digits as octal escapes."""
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\{byte:03o}" for byte in raw)
