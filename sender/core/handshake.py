"""The handshake by which an endpoint permits a sender to bring it events, and how many of them.

CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery" 1.0, section 4 (abuse protection). The headers of the answer count,
whatever its status is: many servers answer OPTIONS in a way of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sender.core import pace
from sender.core.drafts import MAX_RATE
from sender.core.pace import Pace
from sender.core.payload import REQUEST_ORIGIN, USER_AGENT
from shared import headers
from shared.counts import counted
from shared.exchange import Exchange, Request, Response

_REQUEST_RATE = "webhook-request-rate"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Permission:
    """What an endpoint answered: whether it permits deliveries, at most how many a minute (None: any), in words too."""

    granted: bool
    rate: int | None
    detail: str


def ask(url: str, origin: str, limit: Pace | None) -> Request:
    """Return the request that asks `url` for permission to send from `origin`, a host name, at the pace of `limit`."""
    fields = [("user-agent", USER_AGENT), (REQUEST_ORIGIN, origin)]
    if limit is not None:
        fields.append((_REQUEST_RATE, str(_per_minute(limit))))
    return Request("OPTIONS", url, tuple(fields), b"")


def read(exchange: Exchange, origin: str) -> Permission:
    """Return what the endpoint said to `ask`; without an answer, or without a word on `origin`, nothing is granted."""
    if exchange.response is None:
        return Permission(False, None, exchange.outcome.detail)
    allowed, rate = _said(exchange.response, "webhook-allowed-origin"), _said(exchange.response, "webhook-allowed-rate")
    if not allowed:
        status = exchange.response.status
        return Permission(False, None, f"The endpoint answered {status} without WebHook-Allowed-Origin.")
    if allowed != "*" and allowed.lower() != origin.lower():
        return Permission(False, None, f"The endpoint permits {allowed[:100]}, not {origin}.")
    if rate is None or rate == "*":
        return Permission(True, None, "The endpoint permits deliveries at any rate.")
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", rate):
        return Permission(False, None, f"The endpoint permits a rate that is none: {rate[:100]}.")
    return Permission(True, int(rate), f"The endpoint permits {counted(int(rate), 'request')} a minute.")


def _said(response: Response, name: str) -> str | None:
    """Return the value of a header; fields that differ are one list (RFC 9110, section 5.3), which grants nothing."""
    values = dict.fromkeys(value.strip() for value in headers.get_all(response.headers, name))
    return ", ".join(values) if values else None


def limit_within(rate: int, limit: int | None, period: str) -> tuple[int, str]:
    """Return the rate limit and its period that keep to `rate` a minute; the present one when that is as slow."""
    present = pace.of(limit, period)
    if limit is not None and present is not None and _per_minute(present) <= rate:
        return limit, period
    return (rate, "minute") if rate <= MAX_RATE else (min(rate // 60, MAX_RATE), "second")


def _per_minute(limit: Pace) -> int:
    """Return how many requests a minute a pace comes to; its period is a minute or a part of one."""
    return limit.rate * (_MINUTE // limit.period)
