from __future__ import annotations

import pytest

from receiver.settings import ReceiverSettings
from shared.settings import SettingsError


def test_the_defaults_keep_ten_mebibytes_and_a_thousand_captures(tmp_path):
    settings = ReceiverSettings.load(data=tmp_path)
    assert (settings.body_limit, settings.max_requests) == (10_485_760, 1000)
    assert settings.url == f"sqlite:///{tmp_path / 'receiver.sqlite3'}"


def test_the_environment_is_obeyed(monkeypatch, tmp_path):
    monkeypatch.setenv("RECEIVER_DATABASE_URL", "postgresql+psycopg://x/y")
    monkeypatch.setenv("RECEIVER_BODY_LIMIT", "5")
    settings = ReceiverSettings.load(data=tmp_path)
    assert (settings.url, settings.body_limit) == ("postgresql+psycopg://x/y", 5)


@pytest.mark.parametrize(("threads", "streams", "held"), [(64, 32, 32), (16, 32, 12), (8, 1000, 4), (64, 0, 0)])
def test_streams_always_leave_threads_for_captures(tmp_path, threads, streams, held):
    assert ReceiverSettings.load(data=tmp_path, threads=threads, max_streams=streams).streams == held


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RECEIVER_BODY_LIMIT", "-1"),
        ("RECEIVER_MAX_REQUESTS", "0"),
        ("RECEIVER_THREADS", "few"),
        ("RECEIVER_WORKERS", "0"),
        ("RECEIVER_PUBLIC_URL", "hooks.example"),
        ("RECEIVER_PUBLIC_URL", "https://"),
        ("RECEIVER_PUBLIC_URL", "https://[::1"),
        ("RECEIVER_PUBLIC_URL", "https://two words.example"),
        ("RECEIVER_PUBLIC_URL", f"https://{'a' * 64}.example"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, tmp_path, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        ReceiverSettings.load(data=tmp_path)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8001", "[::1]:8001", "my_bins", "bücher.example"])
def test_a_public_url_may_have_any_host(tmp_path, host):
    assert ReceiverSettings.load(data=tmp_path, receiver_public_url=f"http://{host}/").receiver_url == f"http://{host}"
