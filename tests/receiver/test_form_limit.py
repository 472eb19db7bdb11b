"""Pages and API of the receiver take no more than forms need, signed in or not; captures have a limit of their own."""

from __future__ import annotations

from receiver.app import MAX_FORM_BYTES


def test_a_huge_form_is_refused_before_it_is_read(app):
    answer = app.test_client().post("/sign-in", data=b"x" * (MAX_FORM_BYTES + 1), content_type="text/plain")
    assert answer.status_code == 413


def test_a_huge_api_body_is_refused_as_a_problem(app):
    headers = {"Authorization": "Bearer test-token", "Content-Type": "application/json"}
    answer = app.test_client().post("/api/v1/bins", data=b"1" * (MAX_FORM_BYTES + 1), headers=headers)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
