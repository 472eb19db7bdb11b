"""Where captures arrive: one small WSGI application in front of Flask, for any method and path below `/b`."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter

from receiver import wire
from receiver.core import capture
from receiver.core.capture import Arrival, OwnCredentials
from receiver.core.responses import Answer
from receiver.services.intake import Intake
from receiver.views import reply, request_body
from receiver.views.reply import Reply
from shared import clock
from shared.errors import Busy, HookloopError, NotFound, TooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the inbox takes: bytes of a body, proxies that it believes, delayed answers that wait at once."""

    body: int
    trusted_proxies: int
    delayed: int


class Inbox:
    """The WSGI application of all bins; the environ's SCRIPT_NAME is where it is mounted."""

    def __init__(self, intake: Intake, limits: Limits, own: OwnCredentials, stopping: threading.Event) -> None:
        self._intake = intake
        self._limits = limits
        self._own = own
        self._stopping = stopping
        self._delays = threading.BoundedSemaphore(limits.delayed)
        self.answers = Counter(
            "hookloop_receiver_inbox_answers", "Requests to bins, by what became of them.", ["outcome"], registry=None
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Capture the request and answer as the bin's rule says, once the capture is committed."""
        try:
            answer = self._take(environ)
        except HookloopError as error:
            self.answers.labels(error.title.lower().replace(" ", "_")).inc()
            headers = [("Retry-After", "2")] if error.status == Busy.status else []
            body = reply.problem(error, headers).send(environ, start_response)
            # These two may come before the body was read to its end.
            return request_body.Lingering(body, environ) if isinstance(error, NotFound | TooLarge) else body
        except Exception as error:  # noqa: BLE001  # a sender gets an answer, whatever went wrong
            _log.exception("capture failed", error=type(error).__name__)
            self.answers.labels("internal_error").inc()
            return reply.problem(HookloopError("The request was not stored.")).send(environ, start_response)
        self.answers.labels("captured").inc()
        return answer.send(environ, start_response)

    def _take(self, environ: WSGIEnvironment) -> Reply:
        received_at = clock.now()
        slug = environ["PATH_INFO"][1:].partition("/")[0]
        if not self._intake.knows(slug):
            raise NotFound("There is no such bin.")
        captured = capture.read(
            self._read_arrival(environ, slug), trusted_proxies=self._limits.trusted_proxies, own=self._own
        )
        stored = self._intake.store(slug, captured, received_at)
        _log.debug("captured", bin=slug, capture_id=stored.id)  # not told by default: there may be thousands a second
        if stored.answer is None:
            return reply.default(stored.id)
        self._wait(stored.answer)
        return reply.ruled(stored.answer)

    def _read_arrival(self, environ: WSGIEnvironment, slug: str) -> Arrival:
        headers, fidelity = wire.headers(environ)
        return Arrival(
            method=environ["REQUEST_METHOD"],
            target=capture.target_of_environ(environ),
            mount=f"{environ['SCRIPT_NAME']}/{slug}",
            headers=headers,
            fidelity=fidelity,
            peer=environ.get("REMOTE_ADDR", ""),
            body=request_body.read(environ, self._limits.body),
        )

    def _wait(self, answer: Answer) -> None:
        """Wait as long as the rule says, or until the process stops; raise Busy when too many wait already."""
        if not answer.delay_ms:
            return
        if not self._delays.acquire(blocking=False):
            raise Busy("The request was stored, but too many delayed answers are waiting.")
        try:
            self._stopping.wait(answer.delay_ms / 1000)
        finally:
            self._delays.release()
