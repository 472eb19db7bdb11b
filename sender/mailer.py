"""E-mails to the operators (RFC 5321), sent from the table in which they are owed."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import structlog
from sqlalchemy import Engine, select, update

from sender.core import mails
from sender.models import Mail
from sender.settings import SenderSettings
from shared import clock
from shared.database import writing_connection

_log = structlog.get_logger("sender.mail")

_TIMEOUT = 10.0  # seconds for each step of the conversation
_AT_ONCE = 20


def send_due(engine: Engine, settings: SenderSettings) -> int:
    """Send the mails that are due and return how many went out; what fails is tried again later."""
    if not settings.mails:
        return 0
    sent = 0
    for row in _take(engine, clock.now()):
        error = _send(settings, row)
        sent += error is None
        _record(engine, row, error, clock.now())
    return sent


def _take(engine: Engine, now: datetime) -> list[Any]:
    """Return due mails, put off first, so that no other worker sends them too while this one does."""
    due = select(Mail).where(Mail.next_attempt_at <= now).order_by(Mail.next_attempt_at).limit(_AT_ONCE)
    with engine.connect() as connection:
        if not connection.execute(select(Mail.id).where(Mail.next_attempt_at <= now).limit(1)).first():
            return []
    with writing_connection(engine) as connection:
        rows = list(connection.execute(due.with_for_update(skip_locked=True)))
        lease = now + timedelta(seconds=_AT_ONCE * 4 * _TIMEOUT)
        connection.execute(update(Mail).where(Mail.id.in_([row.id for row in rows])).values(next_attempt_at=lease))
    return rows


def _record(engine: Engine, row: Any, error: str | None, now: datetime) -> None:
    count = row.attempt_count + 1
    wait = mails.wait_after(count) if error else None
    with writing_connection(engine) as connection:
        connection.execute(
            update(Mail)
            .where(Mail.id == row.id)
            .values(
                attempt_count=count,
                error=error,
                next_attempt_at=now + wait if wait else None,
                sent_at=None if error else now,
            )
        )


def _send(settings: SenderSettings, row: Any) -> str | None:
    """Send one mail; return what went wrong, or None."""
    try:
        message = _message(settings, row)
        with _connect(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: an address that can't be one
        _log.warning("a mail could not be sent", mail_id=row.id, error=type(error).__name__)
        return f"{type(error).__name__}: {error}"[:500]
    return None


def _message(settings: SenderSettings, row: Any) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"[Hookloop] {row.subject}".replace("\n", " ").replace("\r", " ")
    message["From"] = settings.mail_from
    message["To"] = settings.mail_to
    message["Message-ID"] = f"<{row.id}@hookloop>"
    message.set_content(f"{row.text}\n\n{settings.sender_url}/webhooks\n")
    return message


def _connect(settings: SenderSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT, context=context)
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
