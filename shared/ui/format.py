"""Words for people: times, sizes, numbers, durations, and the tone of a state. Pure: `now` is an argument."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal

Tone = Literal["ok", "warn", "bad", "accent", "quiet"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = ((1, _MINUTE, "s"), (_MINUTE, _HOUR, "min"), (_HOUR, _DAY, "h"), (_DAY, 30 * _DAY, "d"))
_STATE_TONES: dict[str, Tone] = {
    "pending": "warn",
    "sending": "accent",
    "succeeded": "ok",
    "failed": "bad",
    "cancelled": "quiet",
    "active": "ok",
    "paused": "warn",
    "disabled": "quiet",
}
_METHOD_TONES: dict[str, Tone] = {
    "GET": "accent",
    "HEAD": "accent",
    "POST": "ok",
    "PUT": "warn",
    "PATCH": "warn",
    "DELETE": "bad",
}
_STATUS_TONES: dict[int, Tone] = {2: "ok", 3: "accent", 4: "warn", 5: "bad"}


def relative_time(moment: datetime, now: datetime, coming: bool = False) -> str:
    """How far `moment` is from `now`: "just now", "42 s ago", "in 5 min", "3 h ago", "2 d ago", then the date.

    Of what has passed only whole units count; what is to come is told to the nearest one, so that what was set to end
    in a day is not said a second later to end in 23 h. What is near is "just now", or "in a moment" if it is `coming`:
    the difference alone does not tell, since clocks disagree by as much. `static/time.js` holds the same rules, so that
    a page which stays open says what a reload would say.
    """
    seconds = (_utc(now) - _utc(moment)).total_seconds()
    if abs(seconds) < 5:
        return "in a moment" if coming else "just now"
    for size, most, unit in _UNITS:
        count = int(seconds / size) if seconds > 0 else int(-seconds / size + 0.5)
        if count * size < most:
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return _day(_utc(moment))


def exact_time(moment: datetime) -> str:
    """The moment to the second in UTC, for reading: "2026-03-09 14:05:31 UTC"."""
    return _utc(moment).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine_time(moment: datetime) -> str:
    """The moment as RFC 3339 in UTC with milliseconds, for the `datetime` attribute."""
    return _utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def filesize(size: int) -> str:
    """A number of bytes in at most three digits: "0 B", "847 B", "1.4 kB", "10.5 MB" (powers of 1000)."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{_trim(value)} {unit}"


def number(value: int) -> str:
    """An integer with its thousands set apart: "12,345"."""
    return f"{value:,}"


def compact(value: int) -> str:
    """An integer rounded to what fits a tile: "999", "12.3k", "4M"."""
    if abs(value) < 1000:
        return str(value)
    scaled = float(value)
    for unit in ("k", "M", "G"):
        scaled /= 1000
        if abs(scaled) < 999.5 or unit == "G":
            break
    return f"{_trim(scaled)}{unit}"


def duration(milliseconds: float) -> str:
    """How long something took: "<1 ms", "340 ms", "1.2 s", "2 min 5 s"."""
    if milliseconds < 1:
        return "<1 ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{_trim(seconds)} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def short_id(identifier: str) -> str:
    """A prefixed id cut to its kind and its last six characters, the random ones: "dlv_…9F3K2A"."""
    prefix, mark, rest = identifier.partition("_")
    if not mark or len(rest) <= 8:
        return identifier
    return f"{prefix}_…{rest[-6:]}"


def state_tone(state: str) -> Tone:
    """The colour of a delivery's or webhook's state; the word is always shown beside it."""
    return _STATE_TONES.get(state, "quiet")


def method_tone(method: str) -> Tone:
    """The colour of an HTTP method."""
    return _METHOD_TONES.get(method.upper(), "quiet")


def status_tone(code: int | None) -> Tone:
    """The colour of an HTTP status; `None` means that no answer came."""
    return "bad" if code is None else _STATUS_TONES.get(code // 100, "quiet")


def status_word(code: int | None) -> str:
    """The reason phrase of an HTTP status (RFC 9110), "no answer" for `None`, "" for a code without a name."""
    if code is None:
        return "no answer"
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def _utc(moment: datetime) -> datetime:
    """SQLite gives naive datetimes back; every stored time is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment.strftime('%b %Y')}"


def _trim(value: float) -> str:
    """One decimal below 100, none above, and no ".0"."""
    text = f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
    return text.removesuffix(".0")
