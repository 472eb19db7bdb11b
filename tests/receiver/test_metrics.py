from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def figures(app):
    answer = app.test_client().get("/metrics", headers={"Host": "bin.example", "Authorization": "Bearer test-token"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_bins_and_captures_are_counted(app, api, send):
    before = figures(app)
    assert before[("hookloop_bins",)] == before[("hookloop_captures_total",)] == 0
    api("POST", "/bins", {"slug": "a", "max_requests": 2})
    api("POST", "/bins", {"slug": "b"})
    for slug in ("a", "a", "a", "b", "none"):
        send(slug)
    told = figures(app)
    assert told[("hookloop_bins",)] == 2
    assert told[("hookloop_captures_stored",)] == 3
    assert told[("hookloop_captures_total",)] == 4
    assert told[("hookloop_receiver_streams",)] == 0
    assert told[("hookloop_receiver_inbox_answers_total", "captured")] == 4
    assert told[("hookloop_receiver_inbox_answers_total", "not_found")] == 1
