"""E-mails to the operators (RFC 5321), sent from the table in which they are owed."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import Any

import structlog
from sqlalchemy import Engine

from sender.core import lines
from sender.services import mails
from sender.settings import SenderSettings
from shared import clock

_log = structlog.get_logger("sender.mail")

_TIMEOUT = 10.0  # seconds for each step of the conversation
# What these say is about one mail; with any other failure the server takes none.
_OF_ONE_MAIL = (ValueError, smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


def send_due(engine: Engine, settings: SenderSettings) -> int:
    """Send the mails that are due and return how many went out; what fails is tried again later.

    It may take long, and ends when the server takes no mail: then the others wait as the first does.
    """
    if not settings.mails:
        return 0
    sent = 0
    while row := mails.take(engine, clock.now()):
        error = _send(settings, row)
        mails.record(engine, row, error, clock.now())
        if error and not isinstance(error, _OF_ONE_MAIL):
            mails.put_off(engine, clock.now())
            break
        sent += error is None
    return sent


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
