"""Names are looked up once, in bounded time, and every answer is judged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.netguard import AllowedTargets, ResolutionFailed, TargetRefused, resolve
from shared.netguard.lookup import _Lookups

NONE_ALLOWED = AllowedTargets()


def test_localhost_is_refused_when_it_is_resolved() -> None:
    with pytest.raises(TargetRefused, match=r"localhost resolves to a loopback address"):
        resolve("localhost", 80, NONE_ALLOWED, timeout=10)


def test_localhost_resolves_when_it_is_allowed() -> None:
    assert set(resolve("localhost", 80, AllowedTargets.parse("localhost:80"), timeout=10)) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("spelling", ["127.0.0.1", "2130706433", "0x7f.1", "127.1"])
def test_literal_addresses_are_judged_without_a_lookup(monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answers("8.8.8.8"))
    with pytest.raises(TargetRefused, match="loopback"):
        resolve(spelling, 80, NONE_ALLOWED, timeout=10)
    assert resolve(spelling, 80, AllowedTargets.parse("127.0.0.0/8"), timeout=10) == ["127.0.0.1"]


def test_all_answers_are_judged_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answers("2606:4700::1", "8.8.8.8", "8.8.8.8", "1.1.1.1"))
    assert resolve("good.example", 80, NONE_ALLOWED, timeout=10) == ["2606:4700::1", "8.8.8.8", "1.1.1.1"]


def test_one_bad_answer_among_good_ones_refuses_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answers("8.8.8.8", "127.0.0.1"))
    with pytest.raises(TargetRefused, match="loopback") as caught:
        resolve("mixed.example", 80, NONE_ALLOWED, timeout=10)
    assert "127.0.0.1" not in str(caught.value)


def test_a_failed_lookup_says_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "server 10.0.0.53 says no")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ResolutionFailed, match=r"^The name no\.example could not be resolved\.$"):
        resolve("no.example", 80, NONE_ALLOWED, timeout=10)


def test_without_a_thread_for_it_a_lookup_is_made_by_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(socket, "getaddrinfo", _answers("8.8.8.8"))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(2):
        assert resolve("good.example", 80, NONE_ALLOWED, timeout=10) == ["8.8.8.8"]


def test_hung_lookups_end_in_time_and_share_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def hang(host: str, *_args: Any, **_options: Any) -> Any:
        asked.append(host)
        begun.set()
        go_on.wait(60)
        return _answers("8.8.8.8")(host)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    lookups = _Lookups(most=1)
    for host in ("slow.example", "slow.example", "other.example"):
        with pytest.raises(ResolutionFailed, match=r"could not be resolved within 0\.05 seconds"):
            lookups.find(host, timeout=0.05)
    assert begun.wait(60)
    assert asked == ["slow.example"]
    go_on.set()
    assert lookups.find("other.example", timeout=60) == ["8.8.8.8"]
    assert lookups.find("slow.example", timeout=60) == ["8.8.8.8"]


def test_names_that_hung_leave_lookups_to_others_until_they_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    hanging, may_answer = ["one.slow", "two.slow", "three.slow", "four.slow"], threading.Event()
    begun = threading.Condition()

    def hang(host: str, *_args: Any, **_options: Any) -> Any:
        with begun:
            asked.append(host)
            begun.notify_all()
        assert not host.endswith(".slow") or may_answer.wait(60)
        return _answers("8.8.8.8")(host)

    def ask_in_vain(*hosts: str, places: int) -> set[str]:
        """Ask for names that hang; return which have been looked up once so many are."""
        asked.clear()
        may_answer.clear()
        for host in hosts:
            with pytest.raises(ResolutionFailed, match="within"):
                lookups.find(host, timeout=0.05)
        with begun:
            assert begun.wait_for(lambda: len(asked) >= places, 60)
            return set(asked)

    def let_answer() -> None:
        may_answer.set()
        for thread in threading.enumerate():
            if thread.name.startswith("resolve-"):
                thread.join(60)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    lookups = _Lookups(most=4)
    found = ask_in_vain(*hanging, "other.example", places=4)
    assert found == set(hanging), "there is no place for another before anybody knows that these hang"
    let_answer()
    assert ask_in_vain(*hanging, places=2) == set(hanging[:2]), "half of the places"
    assert lookups.find("other.example", timeout=60) == ["8.8.8.8"]
    let_answer()
    for host in hanging:
        assert lookups.find(host, timeout=60) == ["8.8.8.8"]
    found = ask_in_vain(*hanging, places=4)
    assert found == set(hanging), "they were answered, and are names like all others again"
    let_answer()


def _answers(*addresses: str) -> Callable[..., Any]:
    def getaddrinfo(*_args: Any, **_options: Any) -> Any:
        return [(0, 0, 0, "", (address, 0)) for address in addresses]

    return getaddrinfo
