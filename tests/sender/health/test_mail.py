"""E-mails to the operators, taken by a real SMTP server on a real socket."""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.policy
import socketserver
import threading
from datetime import timedelta
from unittest import mock

import pytest
from sqlalchemy import func, select, update

from sender import mailer
from sender.models import Mail, Webhook, WorkerProcess
from sender.services import mails
from sender.worker import Worker
from shared import clock
from shared.database import writing_connection
from tests.ports import free_port
from tests.shared import endpoints
from tests.shared.certificates import Authority


class Conversation(socketserver.StreamRequestHandler):
    """One SMTP conversation (RFC 5321), without extensions."""

    def handle(self):
        self.wfile.write(b"220 test\r\n")
        self.converse()

    def converse(self):
        for line in self.rfile:
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text.removeprefix(b"."))
                self.server.messages.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


class Secured(Conversation):
    """The same over TLS, from the beginning or after STARTTLS (RFC 3207)."""

    def handle(self):
        if self.server.security == "starttls":
            self.wfile.write(b"220 test\r\n")
            for line in self.rfile:
                if line.strip().upper() == b"STARTTLS":
                    self.wfile.write(b"220 go on\r\n")
                    break
                self.wfile.write(b"250-test\r\n250 STARTTLS\r\n")
        with contextlib.suppress(OSError), self.server.tls.wrap_socket(self.request, server_side=True) as sock:
            self.rfile, self.wfile = sock.makefile("rb"), sock.makefile("wb", buffering=0)
            if self.server.security == "tls":
                super().handle()
            else:
                self.converse()


@contextlib.contextmanager
def mail_server(conversation=Conversation):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), conversation) as server:
        server.daemon_threads, server.messages = True, []
        threading.Thread(target=server.serve_forever).start()
        try:
            yield server
        finally:
            server.shutdown()  # else a test that fails would never end


def settings_for(app, port, **changes):
    fields = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "mail_to": "ops@example.com"}
    return app.extensions["hookloop_sender"].settings.model_copy(update=fields | changes)


def owe(engine, subject="Webhook Billing was disabled"):
    with writing_connection(engine) as connection:
        mails.owe(connection, subject, "It was failing for 5 days. Größe ✓", clock.now())


def stored(engine):
    with engine.connect() as connection:
        return connection.execute(select(Mail.__table__)).one()


def test_what_is_owed_is_sent_once(app, engine):
    with mail_server() as server:
        settings = settings_for(app, server.server_address[1])
        owe(engine)
        assert mailer.send_due(engine, settings) == 1
        assert mailer.send_due(engine, settings) == 0
    (message,) = server.messages
    assert message["Subject"] == "[Hookloop] Webhook Billing was disabled"
    assert message["To"] == "ops@example.com"
    assert message["Message-ID"] == f"<{stored(engine).id}@hookloop>"
    assert "It was failing for 5 days. Größe ✓" in message.get_content()
    assert settings.sender_url in message.get_content()
    assert stored(engine).sent_at is not None


def test_a_mail_says_when_it_was_written(app, engine):
    with mail_server() as server:
        owe(engine)
        assert mailer.send_due(engine, settings_for(app, server.server_address[1])) == 1
    assert server.messages[0]["Date"].datetime == stored(engine).created_at.replace(microsecond=0)


def test_whatever_the_name_of_a_webhook_its_mail_is_sent(app, engine):
    odd = [*map(chr, [*range(1, 32), *range(127, 160), 0x2028, 0x2029]), "\r\n", "\r\nBcc: x@y.z"]
    with mail_server() as server:
        for text in odd:
            owe(engine, f"Webhook Bil{text}ling was disabled")
        assert mailer.send_due(engine, settings_for(app, server.server_address[1])) == len(odd)
    for message in server.messages:
        assert str(message["Subject"]).split()[:3] == ["[Hookloop]", "Webhook", "Bil"]
        assert message["Bcc"] is None


def test_a_server_that_is_down_is_tried_again_later(app, engine):
    owe(engine)
    assert mailer.send_due(engine, settings_for(app, free_port())) == 0
    row = stored(engine)
    assert (row.attempt_count, row.sent_at) == (1, None)
    assert "refused" in row.error
    assert row.next_attempt_at > clock.now() + timedelta(seconds=50)


def test_when_the_server_takes_none_the_others_are_put_off_without_a_try(app, engine):
    for _ in range(3):
        owe(engine)
    with endpoints.listening(lambda peer: peer.reset()) as endpoint:
        assert mailer.send_due(engine, settings_for(app, endpoint.port)) == 0
        assert mailer.send_due(engine, settings_for(app, endpoint.port)) == 0
        assert endpoint.connections == 1
    with engine.connect() as connection:
        rows = list(connection.execute(select(Mail.attempt_count, Mail.next_attempt_at).order_by(Mail.id)))
    assert sorted(row.attempt_count for row in rows) == [0, 0, 1]
    assert all(row.next_attempt_at > clock.now() + timedelta(seconds=50) for row in rows)


def test_a_mail_that_waits_for_longer_is_not_tried_sooner_when_the_server_takes_none(app, engine):
    """It would be given up within minutes of an outage, and not after a day and a half."""
    later = clock.now() + timedelta(hours=2)
    owe(engine)
    with writing_connection(engine) as connection:
        connection.execute(update(Mail).values(next_attempt_at=later))
    owe(engine)
    with endpoints.listening(lambda peer: peer.reset()) as endpoint:
        assert mailer.send_due(engine, settings_for(app, endpoint.port)) == 0
    with engine.connect() as connection:
        assert connection.scalar(select(func.max(Mail.next_attempt_at))) == later


def test_a_mail_whose_worker_died_is_sent_by_another(app, engine, monkeypatch):
    owe(engine)
    with mail_server() as server:
        settings = settings_for(app, server.server_address[1])
        with monkeypatch.context() as dying:
            dying.setattr(mailer, "_send", mock.Mock(side_effect=SystemExit))
            with pytest.raises(SystemExit):
                mailer.send_due(engine, settings)
        assert mailer.send_due(engine, settings) == 0, "it may be under way"
        later = clock.now() + timedelta(minutes=6)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert mailer.send_due(engine, settings) == 1


def test_a_server_that_hangs_holds_up_no_replay_no_sign_of_life_and_no_stop(app, api, sink, engine, past, monkeypatch):
    monkeypatch.setattr(mailer, "_TIMEOUT", 3600)
    api.webhook(sink.url())
    with writing_connection(engine) as connection:
        connection.execute(update(Webhook).values(created_at=past.ago(9)))
    for _ in range(2):
        owe(engine)
    with endpoints.listening(lambda peer: peer.sit()) as endpoint:
        tools = app.extensions["hookloop_sender"]
        worker = Worker(engine, dataclasses.replace(tools, settings=settings_for(app, endpoint.port)))
        thread = threading.Thread(target=worker.run, args=(3,))
        thread.start()
        assert endpoint.connected.wait(30)
        for _ in range(3):
            past.event(5)
        assert api("POST", "/api/v1/replays", {"since": past.ago(8).isoformat(), "rate": 100})[0] == 202
        sink.wait_for(3)
        with engine.connect() as connection:
            assert connection.scalar(select(WorkerProcess.seen_at)) is not None
        worker.stop()
        thread.join(60)
        assert not thread.is_alive()
        (mails,) = [one for one in threading.enumerate() if one.name == "mails"]
    mails.join(60)
    assert not mails.is_alive(), "it ends with the mail that was under way"


def test_it_is_given_up_in_the_end(app, engine, monkeypatch):
    owe(engine)
    start, settings = clock.now(), settings_for(app, free_port())
    for day in range(10):
        monkeypatch.setattr(clock, "now", lambda day=day: start + timedelta(days=2 * day))
        mailer.send_due(engine, settings)
    assert (stored(engine).attempt_count, stored(engine).next_attempt_at) == (7, None)


def test_a_server_without_tls_is_not_told_anything_when_tls_is_asked_for(app, engine):
    with mail_server() as server:
        owe(engine)
        settings = settings_for(app, server.server_address[1], smtp_security="starttls")
        assert mailer.send_due(engine, settings) == 0
    assert server.messages == []
    assert "STARTTLS" in stored(engine).error


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_only_a_server_whose_certificate_is_trusted_is_told_anything(
    app, engine, tmp_path, monkeypatch, security, trusted
):
    authority = Authority(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with mail_server(Secured) as server:
        server.security, server.tls = security, authority.server("127.0.0.1")
        owe(engine)
        assert mailer.send_due(engine, settings_for(app, server.server_address[1], smtp_security=security)) == trusted
    assert len(server.messages) == trusted
    assert trusted or "CERTIFICATE_VERIFY_FAILED" in stored(engine).error


@pytest.mark.parametrize("address", ["ops@exämple.com", "ops@example.com\nBcc: all@example.com"])
def test_an_address_that_is_none_is_recorded_and_does_not_stop_the_others(app, engine, address):
    with mail_server() as server:
        owe(engine)
        assert mailer.send_due(engine, settings_for(app, server.server_address[1], mail_to=address)) == 0
    assert server.messages == []
    assert stored(engine).attempt_count == 1
    assert stored(engine).error


def test_a_name_cannot_add_headers(app, engine):
    with mail_server() as server:
        owe(engine, "Webhook x\r\nBcc: all@example.com was disabled")
        assert mailer.send_due(engine, settings_for(app, server.server_address[1])) == 1
    assert server.messages[0]["Bcc"] is None


def test_without_a_server_or_a_receiver_nothing_is_owed(app):
    assert not settings_for(app, 25, smtp_host="").mails
    assert not settings_for(app, 25, mail_to="").mails


def test_a_failure_that_comes_late_undoes_nothing(app, engine):
    owe(engine)
    one = mails.take(engine, clock.now())
    other = mails.take(engine, clock.now() + timedelta(minutes=6))  # the first was not heard of
    mails.record(engine, other, None, clock.now())
    mails.record(engine, one, TimeoutError(), clock.now())
    row = stored(engine)
    assert row.sent_at is not None
    assert (row.next_attempt_at, row.error) == (None, None)
