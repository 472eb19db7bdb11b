"""A webhook's own headers lie encrypted, also those of before; with another key they stay, and can be set anew."""

from __future__ import annotations

import json
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from sender.models import Webhook, db
from sender.services.vault import Vault
from shared import migrations
from tests.sender.pages.webhook_forms import settings
from tests.sender.secrets.test_lost_keys import path_of, run, store, stored

OWN = {"Authorization": "Bearer correct-horse-battery", "X-Menu": "caf\xe9 au lait", "X-Tenant": "tenant-0815"}
TRACES = [b"correct-horse-battery", b"au lait", b"tenant-0815"]
OLD = sa.table("webhooks", sa.column("id", sa.String), sa.column("headers", sa.JSON))


def files(app):
    """The bytes of all files in which the database keeps its tables."""
    settings = app.extensions["hookloop_sender"].settings
    with app.app_context(), db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return b"".join(path.read_bytes() for path in Path(settings.data).glob("*.sqlite3*"))
        connection.execute(sa.text("CHECKPOINT"))
        folder = Path(connection.scalar(sa.text("SHOW data_directory")))
        table = connection.scalar(sa.text("SELECT pg_relation_filepath('webhooks')"))
        toast = connection.scalar(
            sa.text("SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'webhooks'::regclass")
        )
        return b"".join((folder / name).read_bytes() for name in (table, toast))


def traces(app):
    held = files(app)
    return [trace for trace in TRACES if trace in held]


def lose(app, hook):
    """Let a webhook's headers be of another installation; return them as they are stored."""
    locked = Vault(Fernet.generate_key().decode()).lock(json.dumps(OWN))
    store(app, hook, encrypted_headers=locked)
    return locked


def before(app):
    """Go back to the tables in which headers were in clear."""
    with app.app_context():
        flask_migrate.downgrade(revision="0012")


def clear(app):
    """The headers of each webhook as they were stored before."""
    with app.app_context(), db.engine.connect() as connection:
        return dict(connection.execute(sa.select(OLD.c.id, OLD.c.headers)).all())


def test_they_are_stored_encrypted_sent_and_shown(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    assert hook["headers"] == api("GET", path_of(hook))[1]["headers"] == OWN
    assert api("POST", f"{path_of(hook)}/test", {})[1]["state"] == "succeeded"
    sent = dict(sink.requests[-1][0])
    assert {name: sent[name] for name in OWN} == OWN
    assert api("PATCH", path_of(hook), {"name": "Another"})[1]["headers"] == OWN
    assert stored(app, hook).encrypted_headers.encode() in files(app), "the search would find what stands there"
    assert b"correct-horse-battery" not in files(app), "in an attempt neither"


def test_without_any_nothing_is_stored_and_they_can_be_taken_away(app, api, sink):
    hook = api.webhook(sink.url())
    assert (hook["headers"], stored(app, hook).encrypted_headers) == ({}, None)
    assert api("PATCH", path_of(hook), {"headers": OWN})[1]["headers"] == OWN
    first = stored(app, hook).encrypted_headers
    assert api("PATCH", path_of(hook), {"headers": OWN, "name": "Another"})[1]["headers"] == OWN
    assert stored(app, hook).encrypted_headers == first
    assert api("PATCH", path_of(hook), {"headers": {}})[1]["headers"] == {}
    assert stored(app, hook).encrypted_headers is None


def test_those_of_before_are_encrypted_and_nothing_is_left_of_them_in_clear(app, api, sink):
    hooks = [api.webhook(sink.url(), headers=headers) for headers in (OWN, {}, {"X-Tenant": "tenant-0815"})]
    assert api("DELETE", path_of(hooks[2]))[0] == 204
    before(app)
    assert clear(app) == {hook["id"]: hook["headers"] for hook in hooks}
    assert traces(app) == TRACES, "the search would find what stands there"
    migrations.upgrade(app, db)
    assert traces(app) == []
    assert [api("GET", path_of(hook))[1]["headers"] for hook in hooks[:2]] == [OWN, {}]
    key = app.extensions["hookloop_sender"].settings.read_encryption_key()
    kept = [stored(app, hook).encrypted_headers for hook in hooks]
    assert [one and json.loads(Vault(key).unlock(one)) for one in kept] == [OWN, None, {"X-Tenant": "tenant-0815"}]


def test_a_key_that_fits_no_secret_encrypts_none_of_before(app, api, sink):
    """Else they would be lost as soon as the right key is back."""
    hook = api.webhook(sink.url(), headers=OWN)
    before(app)
    refused = run(app, "migrate", SENDER_ENCRYPTION_KEY=Fernet.generate_key().decode())
    assert refused.returncode == 2
    assert "does not fit the stored webhook secrets" in refused.stderr
    assert clear(app) == {hook["id"]: OWN}
    assert (run(app, "migrate").returncode, run(app, "migrate").stderr) == (0, "")
    assert api("GET", path_of(hook))[1]["headers"] == OWN


def test_deleted_webhooks_do_not_say_whether_a_key_is_the_right_one(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    assert api("DELETE", path_of(hook))[0] == 204
    before(app)
    key = {"SENDER_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    assert run(app, "migrate", **key).returncode == 0
    assert json.loads(Vault(key["SENDER_ENCRYPTION_KEY"]).unlock(stored(app, hook).encrypted_headers)) == OWN


def test_with_a_lost_key_those_of_before_are_encrypted_with_the_new_one(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    before(app)
    key = {"SENDER_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    made = run(app, "new-secrets", **key)
    assert (made.returncode, made.stdout.splitlines()[-1:]) == (0, [hook["id"]])
    assert json.loads(Vault(key["SENDER_ENCRYPTION_KEY"]).unlock(stored(app, hook).encrypted_headers)) == OWN


def test_nothing_is_sent_without_those_that_cannot_be_read(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    lose(app, hook)
    (attempt,) = api("POST", f"{path_of(hook)}/test", {})[1]["attempts"]
    assert attempt["outcome"] == "internal"
    assert "headers were encrypted with another key" in attempt["detail"]
    assert sink.requests == []


@pytest.mark.parametrize("change", [{"name": "Another"}, {"active": False}, {"signature": {"scheme": "github"}}])
def test_they_stay_when_something_else_is_changed_for_their_key_may_come_back(app, api, sink, change):
    hook = api.webhook(sink.url(), headers=OWN)
    locked = lose(app, hook)
    status, changed = api("PATCH", path_of(hook), change)
    assert (status, changed["headers"]) == (200, None)
    assert stored(app, hook).encrypted_headers == locked
    assert api("GET", "/api/v1/webhooks")[1]["items"][0]["headers"] is None


@pytest.mark.parametrize("headers", [OWN, {}])
def test_setting_them_anew_mends_it(api, app, sink, headers):
    hook = api.webhook(sink.url(), headers=OWN)
    lose(app, hook)
    assert api("PATCH", path_of(hook), {"headers": headers})[1]["headers"] == headers
    assert api("POST", f"{path_of(hook)}/test", {})[1]["state"] == "succeeded"


def test_the_page_says_so_keeps_them_and_sets_them_anew_or_drops_them(app, api, sink, visitor):
    hook = api.webhook(sink.url(), headers=OWN)
    locked = lose(app, hook)
    page = f"/webhooks/{hook['id']}"
    shown = visitor.get(page).text
    assert 'name="lost_headers"' in shown
    assert "encrypted with another key" in shown
    form = settings(sink.url(), headers="", lost_headers="1")
    assert visitor.post(page, **form | {"name": "Another"}).status_code == 200
    assert (stored(app, hook).name, stored(app, hook).encrypted_headers) == ("Another", locked)
    assert visitor.post(page, **form | {"headers": "X-New: 1"}).status_code == 200
    assert api("GET", path_of(hook))[1]["headers"] == {"X-New": "1"}
    assert "lost_headers" not in visitor.get(page).text
    lose(app, hook)
    assert visitor.post(page, **form | {"drop_headers": "1"}).status_code == 200
    assert api("GET", path_of(hook))[1]["headers"] == {}


def test_a_start_names_the_webhooks_whose_headers_do_not_fit_the_key(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    lose(app, hook)
    ended = run(app, "migrate")
    said = f"hookloop: headers of another encryption key, to be set anew: {hook['id']}\n"
    assert (ended.returncode, ended.stderr) == (0, said)
    assert run(app, "new-secrets").stderr.endswith(said)
    assert api("PATCH", path_of(hook), {"headers": {}})[0] == 200
    assert run(app, "migrate").stderr == ""


def test_the_key_of_a_webhook_that_has_new_secrets_and_old_headers_is_the_right_one(app, api, sink):
    hook = api.webhook(sink.url(), headers=OWN)
    key = {"SENDER_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    assert run(app, "migrate", **key).returncode == 2
    made = run(app, "new-secrets", **key)
    assert f"headers of another encryption key, to be set anew: {hook['id']}" in made.stderr
    assert run(app, "migrate", **key).returncode == 0
    with app.app_context():
        assert db.session.scalar(sa.select(Webhook.encrypted_headers))
