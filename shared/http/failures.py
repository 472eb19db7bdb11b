"""What an error means: the outcome's kind, and words that differ where the causes differ."""

from __future__ import annotations

import errno
import os
import ssl

from urllib3.exceptions import NewConnectionError

from shared.http.answer import Malformed, NoStatusLine, Unanswered
from shared.http.attempt import CUT, Attempt, Phase
from shared.outcome import Outcome, OutcomeKind, name_status

_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}
_LOCAL = {*_NO_DESCRIPTOR, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
_NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
}


class Failed(Exception):
    """An attempt that ended without a complete answer, classified."""

    def __init__(self, kind: OutcomeKind, detail: str) -> None:
        super().__init__(detail)
        self.outcome = Outcome(kind, detail)


def classify(error: BaseException, attempt: Attempt) -> Failed | None:
    """Return what `error` says about the endpoint, None when it can only be a mistake of our own."""
    chain = _chain(error)
    is_timeout = any(isinstance(link, TimeoutError) for link in chain)
    if attempt.expired or (is_timeout and attempt.is_over):  # the socket's own timeout may come before the watchdog
        return Failed("timeout", f"No complete answer within {attempt.limits.total:g} seconds: {_unfinished(attempt)}.")
    if is_timeout:
        return Failed("timeout", _idle(attempt))
    if attempt.phase is Phase.CONNECTING:
        return _unconnected(chain)
    if attempt.phase is not Phase.SECURING and any(isinstance(link, CUT) for link in chain):
        return Failed("reset", _cut(chain, attempt))
    if attempt.phase is Phase.SECURING or any(isinstance(link, ssl.SSLError) for link in chain):
        return Failed("tls", _insecure(chain))
    malformed = next((link for link in chain if isinstance(link, Malformed)), None)
    return None if malformed is None else Failed("protocol", str(malformed))


def is_stale(error: BaseException, attempt: Attempt) -> bool:
    """Return whether the fault may be that of a kept connection: closed in the meantime, or spoilt by what was left."""
    return attempt.may_be_stale and any(isinstance(link, (*CUT, NoStatusLine)) for link in _chain(error))


def is_out_of_descriptors(error: BaseException, attempt: Attempt) -> bool:
    """Return whether no connection could be opened because too many files are open."""
    is_short = any(isinstance(link, OSError) and link.errno in _NO_DESCRIPTOR for link in _chain(error))
    return is_short and attempt.phase is Phase.CONNECTING and not attempt.expired


def _unfinished(attempt: Attempt) -> str:
    match attempt.cut_in or attempt.phase:
        case Phase.CONNECTING:
            return "no connection came about"
        case Phase.SECURING:
            return "the TLS handshake did not end"
        case Phase.SENDING:
            return "the endpoint did not take the whole request"
        case Phase.WAITING if attempt.status:
            return f"the endpoint began to answer {name_status(attempt.status)}, but the head did not end"
        case Phase.WAITING:
            return "the endpoint took the request, but no answer began"
        case Phase.READING:
            return f"the endpoint answered {name_status(attempt.status)}, but the body did not end"


def _idle(attempt: Attempt) -> str:
    limits, status = attempt.limits, name_status(attempt.status)
    match attempt.phase:
        case Phase.CONNECTING:
            return f"No connection within {limits.connect:g} seconds: nothing answers at this address and port."
        case Phase.SECURING:
            return f"The endpoint took the connection, but not the TLS handshake within {limits.connect:g} seconds."
        case Phase.SENDING:
            return f"The endpoint did not take the request within {limits.read:g} seconds."
        case Phase.WAITING if attempt.status:
            return f"The endpoint began to answer {status}, then sent nothing for {limits.read:g} seconds."
        case Phase.WAITING:
            return f"The endpoint took the request, then sent nothing for {limits.read:g} seconds."
        case Phase.READING:
            return f"The endpoint answered {status}, then sent nothing for {limits.read:g} seconds."


def _unconnected(chain: list[BaseException]) -> Failed | None:
    number = next((link.errno for link in chain if isinstance(link, OSError) and link.errno), None)
    if number == errno.ECONNREFUSED:
        return Failed("refused", "Nothing listens at this address and port: the connection was refused.")
    if number in _LOCAL:
        return Failed("internal", f"No connection could be opened: {os.strerror(number or 0)}.")
    if number or any(isinstance(link, NewConnectionError) for link in chain):
        return Failed("refused", f"The address could not be reached: {os.strerror(number or errno.EHOSTUNREACH)}.")
    return None


def _insecure(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"The endpoint's certificate was not accepted: {link.verify_message.rstrip('.')}."
    if any(isinstance(link, CUT) for link in chain):
        return "The endpoint closed the connection during the TLS handshake."
    reason = next((link.reason for link in chain if isinstance(link, ssl.SSLError) and link.reason), "handshake failed")
    if reason in _NOT_TLS:
        return "The endpoint does not speak TLS at this port; should the URL begin with http://?"
    return f"The TLS handshake failed: {reason.replace('_', ' ').lower()}."


def _cut(chain: list[BaseException], attempt: Attempt) -> str:
    if attempt.phase is Phase.READING:
        return f"The endpoint answered {name_status(attempt.status)} and cut the connection within the body."
    if any(isinstance(link, Unanswered) for link in chain):
        return "The endpoint closed the connection without an answer."
    return "The endpoint cut the connection before it answered."


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception with all that it wraps, outermost first."""
    links: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and link not in links:
            links.append(link)
            queue.extend([link.__cause__, link.__context__, getattr(link, "reason", None), *link.args])
    return links
