"""How long pages and API lists take, over HTTP, with a million deliveries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shared import clock
from tests.bench import client, report, web
from tests.bench.client import Plan
from tests.bench.fill import RARE_TYPE, SPAN, TYPES, Filled
from tests.bench.product import Product

CALLS = 50
WITHIN = 5  # seconds, after which a list that is slow is not asked for again
AIM = 0.15  # seconds, p95
DRY_RUNS = 3

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class Times:
    """How long one list took, in seconds."""

    title: str
    size: int
    p50: float
    p95: float


def measure(name: str, sender: Product, filled: Filled, calls: int = CALLS) -> Iterator[str]:
    """Yield the times of the lists of a filled sender in Markdown: in short, with those of dry runs, and each one."""
    middle = sender.scalar("SELECT id FROM deliveries ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM deliveries)")
    wanted = list(_lists(filled, middle))
    plans = [Plan("GET", path, 1 + calls, within=WITHIN) for _, path in wanted]
    dry = [(f"dry run, {title}", _dry_run(state)) for title, state in (("all that did not arrive", None), *_STATES)]
    plans += [Plan("POST", "/api/v1/replays", 1 + DRY_RUNS, [body], within=WITHIN) for _, body in dry]
    with web.serving(sender) as port:
        found = client.calls(port, plans)
    seen = [_times(title, one) for (title, _), one in zip(wanted, found[: len(wanted)], strict=True)]
    counted = [_times(title, one) for (title, _), one in zip(dry, found[len(wanted) :], strict=True)]
    short = [_summary(kind, [one for one in seen if one.title.startswith(kind)]) for kind in ("page", "API")]
    short += [[one.title, *map(report.milliseconds, (one.p50, one.p95)), "", "", ""] for one in counted]
    head = [f"{name}, lists, {calls} calls each", "median p50", "worst p95", "of", f"p95 ≤ {AIM * 1000:.0f} ms"]
    yield report.table([*head, "those above it"], short)
    every = [[one.title, f"{one.size / 1024:,.0f} KiB", *map(report.milliseconds, (one.p50, one.p95))] for one in seen]
    details = report.table(["List", "answer", "p50", "p95"], every)
    yield f"<details><summary>Each list</summary>\n\n{details}\n\n</details>"


_STATES = (("all that failed", "failed"), ("all that succeeded", "succeeded"))


def _dry_run(state: str | None) -> str:
    since = {"since": _time(clock.now() - SPAN), "dry_run": True}
    return json.dumps(since | ({"state": state} if state else {}))


def _times(title: str, found: client.Calls) -> Times:
    warm = found.durations[1:] or found.durations  # the first call fills caches, unless there was time for no other
    return Times(title, found.size, *(report.percentile(warm, share) for share in (0.5, 0.95)))


def _summary(kind: str, times: list[Times]) -> list[str]:
    worst = max(times, key=lambda one: one.p95)
    middle = report.percentile([one.p50 for one in times], 0.5)
    slow = [f"{one.title} ({report.milliseconds(one.p95)})" for one in times if one.p95 > AIM]
    title = {"page": "pages", "API": "API"}[kind]
    figures = [report.milliseconds(middle), report.milliseconds(worst.p95)]
    kept = f"{len(times) - len(slow)} of {len(times)}"
    return [f"{len(times)} {title}", *figures, worst.title, kept, "; ".join(slow)]


def _lists(filled: Filled, middle: str) -> Iterator[tuple[str, str]]:
    """Yield what each list shows and its path with the query; `middle` is the delivery that half of them follow."""
    both = [*_filters(filled), ("from the middle on", {"cursor": middle})]
    both.append(("failed, from the middle on", {"cursor": middle, "state": "failed"}))
    both.append(("of the replay, from the middle on", {"cursor": middle, "replay_id": filled.replay_id}))
    both += list(_spans())
    for name, query in both:
        yield f"page, {name}", _path("/deliveries", query)
    tests = [("tests", {"test": "true"}), ("no tests", {"test": "false"})]
    tests += [("tests of the busiest", {"test": "true", "webhook_id": filled.webhook_ids[0]})]
    for name, query in [*both, *tests]:
        yield f"API, {name}", _path("/api/v1/deliveries", {"limit": "50", **query})
    yield "page of webhooks", "/webhooks"
    yield "page of a webhook", f"/webhooks/{filled.webhook_ids[0]}"
    yield "page of replays", "/replays"
    yield "page of the replay", f"/replays/{filled.replay_id}"
    yield "API, webhooks", "/api/v1/webhooks"
    yield "API, replays", "/api/v1/replays"
    yield "API, the replay", f"/api/v1/replays/{filled.replay_id}"
    yield "API, events", "/api/v1/events?limit=50"
    for name, slug in _TYPES.items():
        yield f"API, events, {name}", _path("/api/v1/events", {"limit": "50", "event_type": slug})


_TYPES = {"common type": TYPES[0], "rare type": RARE_TYPE, "unused type": "unused.type"}


def _filters(filled: Filled) -> Iterator[tuple[str, Query]]:
    """Yield the filters by state, webhook, event type and replay."""
    yield "all", {}
    for state in ("failed", "succeeded", "pending"):
        yield state, {"state": state}
    ids = filled.webhook_ids
    webhooks = {"one of 50 webhooks": ids[1], "the busiest": ids[0], "never failed": ids[-1]}
    for column, names in (("webhook_id", webhooks), ("event_type", _TYPES)):
        for name, value in names.items():
            yield name, {column: value}
            yield f"{name}, failed", {column: value, "state": "failed"}
            yield f"{name}, succeeded", {column: value, "state": "succeeded"}
    for name, slug in _TYPES.items():
        yield f"the busiest, {name}", {"webhook_id": ids[0], "event_type": slug}
    yield "the busiest, common type, failed", {"webhook_id": ids[0], "event_type": TYPES[0], "state": "failed"}
    replay = {"replay_id": filled.replay_id}
    yield "of the replay", replay
    for state in ("failed", "succeeded", "cancelled", "pending"):
        yield f"of the replay, {state}", {**replay, "state": state}
    yield "of the replay, never failed", {**replay, "webhook_id": ids[-1]}


def _spans() -> Iterator[tuple[str, Query]]:
    """Yield the filters by time."""
    now = clock.now()
    old, middle, new = (_time(now - span) for span in (timedelta(days=28), SPAN / 2, timedelta(minutes=1)))
    spans = {"old": {"until": old}, "of the last minute": {"since": new}, "since the middle": {"since": middle}}
    spans["of a day"] = {"since": middle, "until": _time(now - SPAN / 2 + timedelta(days=1))}
    for name, span in spans.items():
        yield name, span
        yield f"failed, {name}", {"state": "failed", **span}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _path(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}" if query else path
