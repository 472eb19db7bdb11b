"""What is wrong at the start is said in one line, before anything runs, and the exit code tells."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from tests.run.product import ROOT, make_run
from tests.shared.services import BEARER, application


def complaint(tmp_path, **environment) -> str:
    """The one line that `make run` ends with."""
    with make_run(tmp_path, **environment) as product:
        assert product.wait() != 0
        assert product.sign_in_links == []
        (line,) = product.complaints
        return line


def prepare(tmp_path, service, **environment) -> str:
    """The one line that the first step of `make run` ends with."""
    command = [sys.executable, "-m", f"{service}.cli", "prepare"]
    given = {"PATH": os.environ["PATH"], "HOOKLOOP_DATA": str(tmp_path / "data"), **environment}
    ended = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize("variable", ["SENDER_PORT", "RECEIVER_PORT"])
def test_a_taken_port(tmp_path, variable):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"{variable}: cannot listen on 127.0.0.1:{port}" in complaint(tmp_path, **{variable: port})


def test_the_same_port_twice(tmp_path):
    line = complaint(tmp_path, SENDER_PORT="18000", RECEIVER_PORT="18000")
    assert "SENDER_PORT and RECEIVER_PORT are both 18000" in line


def test_a_data_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = complaint(tmp_path, HOOKLOOP_DATA=str(tmp_path / "file" / "data"))
    assert line.startswith("hookloop: HOOKLOOP_DATA: cannot write to ")


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("SENDER_PORT", "abc", "integer"),
        ("RECEIVER_BODY_LIMIT", "much", "integer"),
        ("SENDER_RETRY_SCHEDULE", "5,soon", "'soon'"),
        ("SENDER_ALLOWED_TARGETS", "10.0.0.0/33", "10.0.0.0/33"),
        ("SENDER_LEASE", "5", "SENDER_TOTAL_TIMEOUT"),
        ("SENDER_ENCRYPTION_KEY", "hunter2", "not a Fernet key"),
        ("HOOKLOOP_ADMIN_TOKEN_FILE", "/nowhere/token", "/nowhere/token"),
        ("SENDER_DATABASE_URL", "mysql://user:hunter2@127.0.0.1/x", "postgresql+psycopg://"),
        ("SENDER_DATABASE_URL", "hunter2", "not a database URL"),
        ("RECEIVER_DATABASE_URL", "postgresql+psycopg://user:hunter2@127.0.0.1:1/x", "127.0.0.1"),
        ("SENDER_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3", "/nowhere/at/all.sqlite3"),
    ],
)
def test_a_bad_setting_is_named_and_no_secret_is(tmp_path, variable, value, word):
    line = prepare(tmp_path, "receiver" if variable.startswith("RECEIVER") else "sender", **{variable: value})
    assert line.startswith(f"hookloop: {variable}: ")
    assert word in line
    assert "hunter2" not in line


def test_a_database_file_that_is_none(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sender.sqlite3").write_text("no database" * 100)
    assert "SENDER_DATABASE_URL: file is not a database" in prepare(tmp_path, "sender")


def test_another_key_than_the_secrets_were_stored_with(tmp_path):
    with application("sender", tmp_path / "data") as app:
        webhook = {"name": "Any", "url": "https://hooks.example/", "event_types": ["*"]}
        assert app.test_client().post("/api/v1/webhooks", json=webhook, headers=BEARER).status_code == 201
    line = prepare(tmp_path, "sender", SENDER_ENCRYPTION_KEY=Fernet.generate_key().decode())
    assert "the encryption key does not fit" in line
