"""A webhook whose secret was encrypted with another key can be changed, and mended by another secret."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from sender.models import Webhook, db
from sender.services.vault import Vault
from shared.database import writing_connection

GIVEN = "whsec_" + "QUJD" * 12


def path_of(hook):
    return f"/api/v1/webhooks/{hook['id']}"


def stored(app, hook):
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(Webhook.__table__).where(Webhook.id == hook["id"])).one()


def store(app, hook, **values):
    with app.app_context(), writing_connection(db.engine) as connection:
        connection.execute(update(Webhook).where(Webhook.id == hook["id"]).values(**values))


def lose(app, hook):
    """Let a webhook's secret be one of another installation; return it as it is stored."""
    locked = Vault(Fernet.generate_key().decode()).lock("whsec_" + "WFla" * 12)
    store(app, hook, encrypted_secret=locked)
    return locked


@pytest.fixture
def hook(app, api, sink):
    hook = api.webhook(sink.url())
    lose(app, hook)
    return hook


def verifies(api, sink, hook):
    """Whether a delivery verifies with the secret that the API shows."""
    assert api("POST", f"{path_of(hook)}/test", {})[1]["state"] == "succeeded"
    headers, body = sink.requests[-1]
    secret = api("GET", f"{path_of(hook)}/secret")[1]["secret"]
    standardwebhooks.Webhook(secret).verify(body, {name.lower(): value for name, value in headers})
    return secret


def test_it_is_not_shown_and_the_answer_says_why(api, visitor, hook):
    status, problem = api("GET", f"{path_of(hook)}/secret")
    assert status == 409
    assert "encrypted with another key" in problem["detail"]
    page = visitor.post(f"/webhooks/{hook['id']}/secret")
    assert page.status_code == 409
    assert "encrypted with another key" in page.text


@pytest.mark.parametrize("body", [{}, {"overlap_seconds": 0}, {"secret": GIVEN}])
def test_rotating_mends_it_and_what_cannot_be_read_does_not_sign_on(api, sink, hook, body):
    status, rotated = api("POST", f"{path_of(hook)}/secret/rotate", body)
    assert (status, rotated["old_secrets"]) == (200, [])
    assert verifies(api, sink, hook) == rotated["secret"]


def test_its_page_rotates_it(api, visitor, sink, hook):
    assert visitor.post(f"/webhooks/{hook['id']}/secret/rotate").status_code == 200
    assert verifies(api, sink, hook)


def test_a_secret_given_with_a_change_mends_it(api, sink, hook):
    assert api("PATCH", path_of(hook), {"secret": GIVEN})[0] == 200
    assert verifies(api, sink, hook) == GIVEN


@pytest.mark.parametrize("change", [{"name": "Another"}, {"active": False}, {"headers": {"X-Tenant": "7"}}])
def test_other_changes_go_through_and_keep_it_for_its_key_may_come_back(app, api, hook, change):
    before = stored(app, hook).encrypted_secret
    status, changed = api("PATCH", path_of(hook), change)
    assert (status, changed["warnings"], changed["secret"]) == (200, [], None)
    assert {name: changed[name] for name in change} == change
    assert stored(app, hook).encrypted_secret == before


def test_a_public_key_stays_with_it(app, api, sink):
    hook = api.webhook(sink.url(), signature={"scheme": "standard-ed25519"})
    lose(app, hook)
    assert api("PATCH", path_of(hook), {"name": "Another"})[1]["signature"] == hook["signature"]


@pytest.mark.parametrize("scheme", ["svix", "github", "standard-ed25519"])
def test_another_scheme_makes_another_secret(api, sink, hook, scheme):
    status, changed = api("PATCH", path_of(hook), {"signature": {"scheme": scheme}})
    assert status == 200
    assert changed["secret"] == api("GET", f"{path_of(hook)}/secret")[1]["secret"]
    assert api("POST", f"{path_of(hook)}/test", {})[1]["state"] == "succeeded"


def test_an_old_one_that_cannot_be_read_keeps_the_present_one_from_nothing(app, api, sink):
    hook = api.webhook(sink.url())
    present = stored(app, hook).encrypted_secret
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    store(app, hook, old_secrets=[[lose(app, hook), end]], encrypted_secret=present)
    assert verifies(api, sink, hook) == hook["secret"]
    assert api("PATCH", path_of(hook), {"signature": {"scheme": "svix"}})[0] == 200
    rotated = api("POST", f"{path_of(hook)}/secret/rotate", {})[1]
    assert len(rotated["old_secrets"]) == 1, "the one before, and not the one that cannot be read"


def test_what_is_stored_is_read_with_the_key_alone(app, api, sink):
    hook = api.webhook(sink.url())
    locked = stored(app, hook).encrypted_secret
    settings = app.extensions["hookloop_sender"].settings
    assert Fernet(settings.read_encryption_key()).decrypt(locked).decode() == hook["secret"]
    assert Vault(Fernet.generate_key().decode()).unlock(locked) is None
    assert Vault(settings.read_encryption_key()).lock(hook["secret"]) != locked, "the same secret looks otherwise"


def run(app, command, *, module="sender.cli", **environment):
    settings = app.extensions["hookloop_sender"].settings
    given = {"PATH": os.environ["PATH"], "SENDER_DATABASE_URL": settings.url, "HOOKLOOP_DATA": str(settings.data)}
    line = [sys.executable, "-m", module, *command.split()]
    return subprocess.run(line, env=given | environment, capture_output=True, text=True, timeout=30)


def test_a_start_names_the_webhooks_whose_secrets_do_not_fit_a_key_that_fits_others(app, api, sink, hook):
    api.webhook(sink.url())
    ended = run(app, "migrate")
    assert ended.returncode == 0
    assert ended.stderr == f"hookloop: secrets of another encryption key, to be rotated: {hook['id']}\n"
    assert api("POST", f"{path_of(hook)}/secret/rotate", {})[0] == 200
    assert run(app, "migrate").stderr == ""


def test_a_deleted_webhook_is_not_asked_for_its_secret(app, api, sink, hook):
    assert api("DELETE", path_of(hook))[0] == 204
    assert (run(app, "migrate").returncode, run(app, "migrate").stderr) == (0, "")


def test_a_key_that_fits_nothing_is_refused_until_new_secrets_are_made(app, api, sink):
    hooks = [api.webhook(sink.url()) for _ in range(2)]
    key = {"SENDER_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    refused = run(app, "migrate", **key)
    assert refused.returncode == 2
    assert "does not fit the stored webhook secrets" in refused.stderr
    made = run(app, "new-secrets", **key).stdout.splitlines()
    assert [line for line in made if line.startswith("whk_")] == [hook["id"] for hook in hooks]
    assert (run(app, "migrate", **key).returncode, run(app, "new-secrets", **key).stdout) == (0, "")
    assert Vault(key["SENDER_ENCRYPTION_KEY"]).unlock(stored(app, hooks[0]).encrypted_secret)


def test_no_process_begins_with_a_key_that_fits_nothing(app, api, sink, tmp_path):
    """As on a second host whose data folder made a key of its own: it would fail what the first one delivers."""
    api.webhook(sink.url())
    other = {"HOOKLOOP_DATA": str(tmp_path / "another host")}
    web = run(app, "-c sender/gunicorn.conf.py", module="gunicorn", **other)
    for refused in (run(app, "worker", **other), web):
        assert refused.returncode == 2
        assert "does not fit the stored webhook secrets" in refused.stderr
