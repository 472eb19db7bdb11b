"""Every route of both services: closed to strangers, or on the short list; and no change without a CSRF token."""

from __future__ import annotations

import pytest

from shared.web.access import PUBLIC_ENDPOINTS, cookie_name
from tests.shared.services import BEARER, SERVICES, TOKEN, application, csrf_token, routes, sign_in

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module", params=SERVICES)
def app(request, tmp_path_factory):
    with application(request.param, tmp_path_factory.mktemp(request.param)) as app:
        yield app


def is_for_programs(path):
    return path.startswith(("/api/", "/openapi.json", "/metrics"))


def is_refused(answer, path):
    """Whether the answer lets nobody in: 401 as a problem document for programs, the way to sign in for people."""
    if is_for_programs(path):
        return (
            answer.status_code == 401
            and answer.content_type == "application/problem+json"
            and answer.headers["WWW-Authenticate"].startswith("Bearer")
        )
    return answer.status_code == 302 and answer.location.partition("?")[0] == "/sign-in"


def test_the_list_of_open_endpoints_names_only_what_exists(app):
    assert set(PUBLIC_ENDPOINTS) <= set(app.view_functions)


STRANGERS = {
    "nobody": {},
    "a wrong token": {"Authorization": "Bearer test-token-of-the-service"},
    "the token with more behind it": {"Authorization": f"Bearer {TOKEN}x"},
    "an empty token": {"Authorization": "Bearer "},
    "the token in another scheme": {"Authorization": f"Basic {TOKEN}"},
    "a cookie signed by somebody else": {
        "Cookie": f"{cookie_name(TOKEN)}=eyJzaWduZWRfaW4iOnRydWV9.aRZ0Zw.5Yx3J0mU2r0b5dB1Xb3bJ6bG2mI"
    },
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
def test_every_route_is_closed_to_strangers_or_on_the_list(app, headers):
    walked = list(routes(app))
    assert len(walked) > 60, "these can't be all"
    for endpoint, method, path in walked:
        answer = app.test_client().open(path, method=method, headers=headers)
        assert is_refused(answer, path) != (endpoint in PUBLIC_ENDPOINTS), (method, path, answer.status)


def test_every_route_opens_with_the_token(app):
    for endpoint, method, path in routes(app):
        if endpoint != "access.sign_out":  # it leads to the sign-in page whoever asks
            answer = app.test_client().open(path, method=method, headers=BEARER)
            assert not is_refused(answer, path), (method, path)
            assert answer.status_code < 500, (method, path)


def test_what_does_not_exist_is_closed_too(app):
    assert app.test_client().get("/api/v1/no-such-thing").status_code == 401
    assert app.test_client().get("/no-such-page").status_code == 302
    assert app.test_client().put("/sign-in").status_code == 302


def test_no_session_changes_anything_without_a_csrf_token(app):
    """Forms of pages, and the API asked with the cookie alone, as another site could make a browser do."""
    client = app.test_client()
    sign_in(client)
    walked = [(e, m, p) for e, m, p in routes(app) if m in UNSAFE]
    assert len(walked) > 15, "these can't be all"
    for _, method, path in walked:
        for form in ({}, {"csrf_token": "forged"}):
            answer = client.open(path, method=method, data=form, headers={"Origin": "http://evil.example"})
            assert answer.status_code == 400, (method, path)
            assert "form is out of date" in answer.text, (method, path)
        answer = client.open(path, method=method, json={}, headers={"X-CSRFToken": "forged"})
        assert answer.status_code == 400, (method, path)
        assert "form is out of date" in answer.text, (method, path)


def test_with_a_csrf_token_every_form_is_looked_at(app):
    client = app.test_client()
    for _, method, path in routes(app):
        if method in UNSAFE:
            sign_in(client)  # again each time: one of the forms signs out
            answer = client.open(path, method=method, data={"csrf_token": csrf_token(client)})
            assert "form is out of date" not in answer.text, (method, path)


def test_the_token_of_one_browser_is_worth_nothing_in_another(app):
    mine, other = app.test_client(), app.test_client()
    sign_in(mine)
    sign_in(other)
    assert mine.post("/sign-out", data={"csrf_token": csrf_token(other)}).status_code == 400
    assert mine.post("/sign-out", data={"csrf_token": csrf_token(mine)}).status_code == 302


def test_every_answer_carries_the_security_headers(app):
    signed_in, stranger = app.test_client(), app.test_client()
    for _, method, path in routes(app):
        for client, headers in ((stranger, {}), (signed_in, BEARER)):
            answer = client.open(path, method=method, headers=headers)
            where = (method, path, answer.status)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy or "sandbox" in policy, where
            assert "frame-ancestors 'none'" in policy or "sandbox" in policy, where
            assert answer.headers["X-Content-Type-Options"] == "nosniff", where
            assert answer.headers["Referrer-Policy"] == "no-referrer", where
            assert answer.headers.get("Cache-Control") or method == "OPTIONS", where
