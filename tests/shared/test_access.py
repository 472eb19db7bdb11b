"""The way in: the sign-in, its cookie, its limits, where it leads; the names we answer under; what pages may run."""

from __future__ import annotations

import hmac
import re

import pytest

from shared.web import access
from tests.shared.services import BEARER, SERVICES, TOKEN, application, csrf_token, sign_in

HOME = {"sender": "/webhooks", "receiver": "/bins"}


@pytest.fixture(params=SERVICES)
def service(request):
    return request.param


@pytest.fixture
def start(service, tmp_path):
    """The application with further settings, closed at the end."""
    opened = []

    def start(**settings):
        context = application(service, tmp_path, **settings)
        opened.append(context)
        return context.__enter__()

    yield start
    for context in opened:
        context.__exit__(None, None, None)


def session_cookie(answer):
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith(access.cookie_name(TOKEN))]
    return cookie.partition(";")[2].lower()


def enter(client, token, **options):
    """Sign in by the form."""
    page = client.get("/sign-in", **options).text
    (csrf,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    return client.post("/sign-in", data={"token": token, "csrf_token": csrf, **options.pop("data", {})}, **options)


def test_the_form_signs_in_and_the_link_does_and_the_token_leaves_the_address(start, service):
    app = start()
    for entered in (sign_in, lambda client: enter(client, TOKEN), lambda client: enter(client, f" {TOKEN}\n")):
        client = app.test_client()
        answer = entered(client)
        assert (answer.status_code, answer.location) == (302, HOME[service])
        assert client.get(HOME[service]).status_code == 200
    client = app.test_client()
    assert enter(client, "wrong").status_code == 401
    assert client.get(HOME[service]).status_code == 302


def test_signing_out_ends_the_session(start, service):
    client = start().test_client()
    sign_in(client)
    assert client.post("/sign-out", data={"csrf_token": csrf_token(client)}).location == "/sign-in"
    assert client.get(HOME[service]).status_code == 302


def test_the_cookie_is_no_script_s_and_no_other_site_s(start):
    app = start()
    cookie = session_cookie(sign_in(app.test_client()))
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain=" not in cookie
    assert "secure" not in cookie
    assert "secure" in session_cookie(sign_in(app.test_client(), base_url="https://localhost"))


def test_https_is_believed_of_a_trusted_proxy_alone(start):
    said = {"headers": {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}}
    assert "secure" not in session_cookie(sign_in(start().test_client(), **said))
    assert "secure" in session_cookie(sign_in(start(trusted_proxy_count=1).test_client(), **said))


def test_wrong_tokens_are_limited_and_the_right_one_is_not(start):
    app = start()
    for _ in range(20):
        assert sign_in(app.test_client()).status_code == 302
    for _ in range(10):
        assert app.test_client().get("/sign-in?token=wrong").status_code == 401
    answer = app.test_client().get("/sign-in?token=wrong")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "Too many attempts" in answer.text


def test_the_form_is_limited_too(start):
    app = start()
    statuses = [enter(app.test_client(), "wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_a_stranger_cannot_get_round_the_limit_by_a_header(start):
    app = start()
    statuses = [
        app.test_client()
        .get(
            "/sign-in?token=wrong",
            headers={
                "X-Forwarded-For": f"192.0.2.{number}",
                "X-Real-Ip": f"192.0.2.{number}",
                "Forwarded": f"for=192.0.2.{number}",
            },
        )
        .status_code
        for number in range(11)
    ]
    assert statuses == [401] * 10 + [429]


def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own(start):
    app = start(trusted_proxy_count=1)

    def try_from(address, claimed="198.51.100.1"):
        headers = {"X-Forwarded-For": f"{claimed}, {address}"}
        return app.test_client().get("/sign-in?token=wrong", headers=headers).status_code

    assert [try_from("192.0.2.1", f"198.51.100.{n}") for n in range(11)] == [401] * 10 + [429]
    assert try_from("192.0.2.2") == 401


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "\n//evil.example/",
    " //evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "http://[",
    "",
)


def test_a_sign_in_leads_nowhere_else(start, service):
    client = start().test_client()
    for wanted in ELSEWHERE:
        for query in ({"token": TOKEN, "next": wanted}, {"next": wanted}):  # signing in, and signed in already
            answer = client.get("/sign-in", query_string=query)
            assert answer.status_code == 302, wanted
            assert answer.location in (HOME[service], "/evil.example/"), (wanted, "is no path of ours")


def test_a_sign_in_leads_to_the_page_that_was_asked_for(start):
    client = start().test_client()
    sent_away = client.get("/docs?x=1")
    assert sent_away.status_code == 302
    answer = client.get(sent_away.location + f"&token={TOKEN}")
    assert answer.location == "/docs?x=1"


def test_tokens_are_compared_in_constant_time(start, monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(access, "hmac", type("hmac", (), {"compare_digest": staticmethod(compare), "new": hmac.new}))
    client = start().test_client()
    for given in ("x", TOKEN, "\udce9" * 100):
        compared.clear()
        client.get("/", headers={"Authorization": f"Bearer {given}"} if given.isascii() else {})
        client.get("/sign-in", query_string={"token": given} if given.isascii() else {"token": "é" * 100})
        assert set(compared) == {(32, 32)}, "both sides are digests, so that time tells nothing, nor does the length"


def test_a_name_that_is_not_ours_gets_no_answer(start):
    client = start().test_client()
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.test", "a..b", "[::1", ""):
        for path in ("/", "/sign-in", f"/sign-in?token={TOKEN}", "/api/v1/webhooks", "/healthz", "/no-such-page"):
            answer = client.get(path, headers={"Host": host, **BEARER})
            assert answer.status_code in (400, 421), (host, path, answer.status)
            assert "Set-Cookie" not in answer.headers, (host, path)


def test_our_names_and_addresses_are_answered(start, service):
    app = start(allowed_hosts="o.example, Own.Example", **{f"{service}_public_url": "https://hooks.example/"})
    names = ("localhost", "LOCALHOST:8000", "127.0.0.1:1", "192.0.2.7", "[::1]:8000", "hooks.example", "own.example:81")
    for host in names:
        assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 200, host


def test_a_forwarded_host_counts_behind_a_proxy_alone(start):
    said = {"Host": "localhost", "X-Forwarded-Host": "evil.example"}
    assert start().test_client().get("/sign-in", headers=said).status_code == 200
    assert start(trusted_proxy_count=1).test_client().get("/sign-in", headers=said).status_code == 421


def test_a_bin_is_there_for_strangers_under_any_name(start, service):
    if service == "sender":
        assert start().test_client().get("/b/orders").status_code == 302
        return
    client = start().test_client()
    bin_ = client.post("/api/v1/bins", json={"slug": "orders"}, headers=BEARER).get_json()
    assert client.post("/b/orders", data=b"x", headers={"Host": "any.example"}).status_code == 200
    assert client.post("/b/other", data=b"x").status_code == 404
    kept = client.get(f"/api/v1/bins/{bin_['id']}/requests", headers=BEARER).get_json()["items"]
    assert len(kept) == 1
    assert client.get(f"/api/v1/bins/{bin_['id']}/requests").status_code == 401


def test_only_scripts_with_the_answer_s_own_nonce_run(start, service):
    client = start().test_client()
    sign_in(client)
    nonces = set()
    for path in ("/sign-in", HOME[service], "/docs"):
        page = client.get(path, follow_redirects=True)
        policy = page.headers["Content-Security-Policy"]
        (nonce,) = re.findall(r"script-src 'self' 'nonce-([A-Za-z0-9_-]{20,})'", policy)
        nonces.add(nonce)
        scripts = re.findall(r"<script\b[^>]*>", page.text)
        assert scripts
        for script in scripts:
            assert f'nonce="{nonce}"' in script or 'src="/' in script, script
        assert not re.search(r"\son\w+=", page.text), "an inline handler would not run"
        assert " style=" not in page.text, "an inline style would not count"
    assert len(nonces) == 3
