"""How long pages and API lists take, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shared import clock
from tests.bench import client, report, web
from tests.bench.fill import RARE_TYPE, TYPES
from tests.bench.product import Product

CALLS = 50
AIM = 0.15  # seconds, p95


@dataclass(frozen=True, slots=True)
class Times:
    """How long one list took, in seconds."""

    title: str
    size: int
    p50: float
    p95: float


def measure(sender: Product, webhook_ids: list[str], calls: int = CALLS) -> str:
    """Return the times of the lists of a filled sender in Markdown: in short, and each one."""
    found = []
    with web.serving(sender) as port:
        for title, path in _lists(webhook_ids):
            _, seen = client.calls(port, [client.Plan("GET", path, count) for count in (1, calls)])
            middle, high = (report.percentile(seen.durations, share) for share in (0.5, 0.95))
            found.append(Times(title, seen.size, middle, high))
    short = [_summary(kind, [one for one in found if one.title.startswith(kind)]) for kind in ("page", "API")]
    head = [f"Lists, {calls} calls each", "median p50", "worst p95", "of", f"p95 ≤ {AIM * 1000:.0f} ms"]
    every = [[one.title, f"{one.size / 1024:,.0f} KiB", *map(report.milliseconds, (one.p50, one.p95))] for one in found]
    details = report.table(["List", "answer", "p50", "p95"], every)
    return f"{report.table(head, short)}\n\n<details><summary>Each list</summary>\n\n{details}\n\n</details>"


def _summary(kind: str, times: list[Times]) -> list[str]:
    worst = max(times, key=lambda one: one.p95)
    middle = report.percentile([one.p50 for one in times], 0.5)
    kept = sum(one.p95 <= AIM for one in times)
    title = {"page": "pages", "API": "API"}[kind]
    figures = [report.milliseconds(middle), report.milliseconds(worst.p95)]
    return [f"{len(times)} {title}", *figures, worst.title, f"{kept} of {len(times)}"]


def _lists(webhook_ids: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what each list shows and its path with the query."""
    webhook = {"one of 50 webhooks": webhook_ids[1], "the busiest": webhook_ids[0], "never failed": webhook_ids[-1]}
    filters: list[tuple[str, dict[str, str]]] = [("all", {})]
    filters += [(f"{state}", {"state": state}) for state in ("failed", "succeeded", "pending")]
    filters += [(f"{name}", {"webhook_id": one}) for name, one in webhook.items()]
    filters += [(f"{name}, failed", {"webhook_id": one, "state": "failed"}) for name, one in webhook.items()]
    filters += [(f"{name}, succeeded", {"webhook_id": one, "state": "succeeded"}) for name, one in webhook.items()]
    types = {"common type": TYPES[0], "rare type": RARE_TYPE, "unused type": "unused.type"}
    filters += [(name, {"event_type": slug}) for name, slug in types.items()]
    filters += [(f"{name}, failed", {"event_type": slug, "state": "failed"}) for name, slug in types.items()]
    for name, slug in types.items():
        filters.append((f"the busiest, {name}", {"webhook_id": webhook["the busiest"], "event_type": slug}))
    never = {"webhook_id": webhook["the busiest"], "event_type": TYPES[0], "state": "failed"}
    filters.append(("the busiest, common type, failed", never))
    for name, query in filters:
        yield f"page, {name}", _path("/deliveries", query)
    now = clock.now()
    spans = {"old": ("until", now - timedelta(days=28)), "of the last minute": ("since", now - timedelta(minutes=1))}
    filters += [(name, {side: _time(moment)}) for name, (side, moment) in spans.items()]
    filters += [(f"failed, {name}", {"state": "failed", side: _time(moment)}) for name, (side, moment) in spans.items()]
    for name, query in filters:
        yield f"API, {name}", _path("/api/v1/deliveries", {"limit": "50", **query})
    yield "page of webhooks", "/webhooks"
    yield "page of a webhook", f"/webhooks/{webhook['the busiest']}"
    for name, slug in types.items():
        yield f"API, events, {name}", _path("/api/v1/events", {"limit": "50", "event_type": slug})
    yield "API, events", "/api/v1/events?limit=50"


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _path(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
