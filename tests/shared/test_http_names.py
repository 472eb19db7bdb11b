"""A name is judged and looked up once for each request, and its connections lead to the judged address only."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.http import Door
from shared.netguard import AllowedTargets
from tests.shared.doors import LOCAL, PATIENT, post, resolving
from tests.shared.endpoints import listening, resetting, serving


def test_a_connection_for_one_name_is_not_used_for_another_at_the_same_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    door = Door(LOCAL, PATIENT)
    with listening(serving()) as endpoint:
        for host in ("one.test", "two.test", "one.test"):
            assert door.send(post(endpoint.url(host=host))).outcome.kind == "succeeded"
        assert (endpoint.connections, len(endpoint.requests)) == (2, 3)
        door.close()


def test_the_next_address_is_tried_when_one_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["::1", "127.0.0.1"])
    with listening(serving()) as endpoint:
        assert Door(LOCAL, PATIENT).send(post(endpoint.url(host="two.test"))).outcome.kind == "succeeded"


def test_an_address_that_took_the_request_is_the_only_one_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens at the other one: it would be refused."""
    resolving(monkeypatch, ["127.0.0.1", "127.0.0.2"])
    allowed = AllowedTargets.parse("127.0.0.0/30")
    with listening(resetting()) as endpoint:
        assert Door(allowed, PATIENT).send(post(endpoint.url(host="two.test"))).outcome.kind == "reset"
        assert len(endpoint.requests) == 1


def test_one_forbidden_address_among_the_answers_refuses_all(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    with listening(serving()) as endpoint:
        outcome = Door(LOCAL, PATIENT).send(post(endpoint.url(host="mixed.test"))).outcome
        assert endpoint.connections == 0
    assert outcome.kind == "blocked"
    assert outcome.detail.startswith("mixed.test resolves to a private address")


def test_a_name_is_looked_up_once_so_that_a_second_answer_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    with listening(serving()) as endpoint:
        door = Door(LOCAL, PATIENT)
        assert door.send(post(endpoint.url(host="rebound.test"))).outcome.kind == "succeeded"
        assert asked == ["rebound.test"]
        outcome = door.send(post(endpoint.url(host="rebound.test"))).outcome
        assert (outcome.kind, len(endpoint.requests)) == ("blocked", 1)  # judged anew: a kept connection is no way in
        door.close()


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["169.254.169.254"])
    outcome = Door(AllowedTargets(), PATIENT).send(post("http://metadata.test/")).outcome
    assert outcome.kind == "blocked"
    assert "169.254" not in outcome.detail


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It would connect to an address that nobody has judged."""
    with listening(serving()) as proxy, listening(serving()) as endpoint:
        monkeypatch.setenv(variable, proxy.url())
        door = Door(LOCAL, PATIENT)
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        door.close()
        assert (proxy.connections, len(endpoint.requests)) == (0, 1)


def test_no_password_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password horse\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with listening(serving()) as endpoint:
        door = Door(LOCAL, PATIENT)
        assert door.send(post(endpoint.url())).outcome.kind == "succeeded"
        door.close()
        assert b"authorization" not in endpoint.requests[0].lower()
