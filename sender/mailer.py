"""E-mails to the operators (RFC 5321), sent from the table in which they are owed."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import structlog
from sqlalchemy import Engine, bindparam, select, update

from sender.core import lines, mails
from sender.models import Mail
from sender.settings import SenderSettings
from shared import clock
from shared.database import writing_connection

_log = structlog.get_logger("sender.mail")

_TIMEOUT = 10.0  # seconds for each step of the conversation
_LEASE = timedelta(minutes=5)  # after which a mail whose sender was not heard of again is sent by another worker
# What these say is about one mail; with any other failure the server takes none.
_OF_ONE_MAIL = (ValueError, smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
_DUE = select(Mail).where(Mail.next_attempt_at <= bindparam("now")).order_by(Mail.next_attempt_at).limit(1)


def send_due(engine: Engine, settings: SenderSettings) -> int:
    """Send the mails that are due and return how many went out; what fails is tried again later.

    It may take long, and ends when the server takes no mail: then the others wait as the first does.
    """
    if not settings.mails:
        return 0
    sent = 0
    while row := _take(engine, clock.now()):
        error = _send(settings, row)
        _record(engine, row, error, clock.now())
        if error and not isinstance(error, _OF_ONE_MAIL):
            _put_off(engine, clock.now())
            break
        sent += error is None
    return sent


def _take(engine: Engine, now: datetime) -> Any:
    """Return a due mail, put off first, so that no other worker sends it too while this one does; None without any."""
    with engine.connect() as connection:
        if not connection.execute(_DUE, {"now": now}).first():
            return None
    with writing_connection(engine) as connection:
        if row := connection.execute(_DUE.with_for_update(skip_locked=True), {"now": now}).first():
            connection.execute(update(Mail).where(Mail.id == row.id).values(next_attempt_at=now + _LEASE))
    return row


def _record(engine: Engine, row: Any, error: Exception | None, now: datetime) -> None:
    """Write down what became of a mail; a failure only if no other worker, after the lease, came to an end before."""
    fence = (Mail.attempt_count == row.attempt_count, Mail.sent_at.is_(None)) if error else ()
    count = row.attempt_count + 1
    wait = mails.wait_after(count) if error else None
    with writing_connection(engine) as connection:
        connection.execute(
            update(Mail)
            .where(Mail.id == row.id, *fence)
            .values(
                attempt_count=count,
                error=f"{type(error).__name__}: {error}"[:500] if error else None,
                next_attempt_at=now + wait if wait else None,
                sent_at=None if error else now,
            )
        )


def _put_off(engine: Engine, now: datetime) -> None:
    """Have all that is due wait as after a first failure, without counting it as one."""
    with writing_connection(engine) as connection:
        connection.execute(
            update(Mail).where(Mail.next_attempt_at <= now).values(next_attempt_at=now + mails.FIRST_WAIT)
        )


def _send(settings: SenderSettings, row: Any) -> Exception | None:
    """Send one mail; return what went wrong, or None."""
    try:
        message = _message(settings, row)
        with _connect(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: an address that can't be one
        _log.warning("a mail could not be sent", mail_id=row.id, error=type(error).__name__)
        return error
    return None


def _message(settings: SenderSettings, row: Any) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = lines.in_one(f"[Hookloop] {row.subject}")
    message["From"] = settings.mail_from
    message["To"] = settings.mail_to
    message["Date"] = row.created_at
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
