"""Secrets lie encrypted, with a key that is made at the first start, kept for all later ones, and never replaced."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from sender.app import create_app
from sender.models import Webhook, db
from sender.settings import SenderSettings
from tests.run.product import ROOT
from tests.sender.conftest import Api
from tests.sender.secrets.known_secrets import register_all, secret_of, traces
from tests.sender.visitor import TOKEN


def start(folder, umask=0o022, **environment):
    """The first step of a start in a process of its own: its exit code and its last word."""
    given = {"PATH": os.environ["PATH"], "HOOKLOOP_DATA": str(folder), **environment}
    command = [sys.executable, "-m", "sender.cli", "migrate"]
    ended = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, umask=umask)
    return ended.returncode, ended.stderr.strip()


@pytest.fixture
def open_app(tmp_path):
    """Open the application on a data folder as a start does; it is closed at the end."""
    apps = []

    def open_app(**settings):
        apps.append(create_app(SenderSettings.load(data=tmp_path / "data", admin_token=TOKEN, **settings)))
        return apps[-1]

    yield open_app
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def test_the_key_is_made_at_the_first_start_for_its_owner_alone_and_used_again(tmp_path, open_app):
    folder = tmp_path / "data"
    assert start(folder) == (0, "")
    key = folder / "encryption-key"
    made = key.read_text()
    Fernet(made.strip())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    hook = Api(open_app()).webhook("https://hooks.example/", secret=secret_of("standard", "present"))
    assert start(folder) == (0, "")
    assert key.read_text() == made
    shown = Api(open_app())("GET", f"/api/v1/webhooks/{hook['id']}/secret")[1]
    assert shown["secret"] == secret_of("standard", "present")


def test_the_key_and_the_folder_are_for_their_owner_alone_whatever_else_new_files_are(tmp_path):
    folder = tmp_path / "data"
    assert start(folder, umask=0) == (0, "")
    assert stat.S_IMODE((folder / "encryption-key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, "its databases hold what was sent and captured"


def test_no_file_of_the_database_holds_a_secret_in_clear(tmp_path, open_app):
    folder = tmp_path / "data"
    start(folder)
    app = open_app()
    hooks = register_all(Api(app), "https://hooks.example/")
    with app.app_context():
        stored = db.session.scalars(select(Webhook.encrypted_secret)).all()
        files = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.startswith("sender.sqlite3")}
    assert {"sender.sqlite3", "sender.sqlite3-wal"} <= files.keys()
    kept = b"".join(files.values())
    assert all(locked.encode() in kept for locked in stored), "the search would find what stands there"
    assert len(stored) == len(hooks)
    hidden = {trace for scheme in hooks for which in ("old", "present") for trace in traces(secret_of(scheme, which))}
    assert {(name, trace) for name, held in files.items() for trace in hidden if trace in held} == set()


FAILURE = (
    "the encryption key does not fit the stored webhook secrets; give back the key they were made with, or, if it is "
    "lost, run `python -m sender.cli new-secrets`"
)


@pytest.mark.parametrize("how", ["given", "in a file", "lost"])
def test_another_key_ends_the_start_and_says_what_to_do(tmp_path, open_app, how):
    folder = tmp_path / "data"
    start(folder)
    Api(open_app()).webhook("https://hooks.example/")
    key = Fernet.generate_key().decode()
    environment = {}
    if how == "given":
        environment = {"SENDER_ENCRYPTION_KEY": key}
    elif how == "in a file":
        (tmp_path / "key").write_text(key)
        environment = {"SENDER_ENCRYPTION_KEY_FILE": str(tmp_path / "key")}
    else:
        (folder / "encryption-key").unlink()
    code, said = start(folder, **environment)
    assert (code, said) == (2, f"hookloop: {FAILURE}")
