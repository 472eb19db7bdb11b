"""Which claims a worker's threads begin with, and which they leave to be claimed anew."""

from __future__ import annotations

import resource
import threading
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from sender import sending
from sender.revisions import Revisions
from sender.sending import Senders
from shared import clock

PATIENCE = 30  # seconds after which waiting is a hang

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


class Bench:
    """One sending thread before an endpoint that hangs until it is let go, and a clock that the test moves."""

    def __init__(self, context, deliverer, threads=1):
        self.news = threading.Event()
        context = replace(context, settings=context.settings.model_copy(update={"worker_threads": threads}))
        self.senders = Senders(context, Revisions(), self.news.set)
        self.senders.start()
        self.claims = {claimed.webhook_id: claimed for claimed in deliverer.claim()}

    def send(self, *hooks, paced=(), commit=0.0):
        claims = [replace(self.claims[hook], paced=hook in paced) for hook in hooks]
        self.senders.send(claims, leased_at=clock.monotonic() - commit, more=True)

    def lapsed(self):
        return [claimed.webhook_id for claimed, _ in self.senders.lapsed()]

    def sent(self, count):
        """The webhooks of the next results."""
        found = []
        while len(found) < count:
            assert self.news.wait(PATIENCE)
            self.news.clear()
            found += [result.claimed.webhook_id for result in self.senders.results()]
        return found


@pytest.fixture
def passed(monkeypatch):
    """The seconds that the clock is ahead, to be added to."""
    passed, real = [0.0], clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: real() + sum(passed))
    return passed


@pytest.fixture
def hooks(api, sink):
    hooks = [api.webhook(sink.url())["id"] for _ in range(4)]
    assert api("POST", "/api/v1/events", {"type": "payment_received", "payload": {}})[0] == 202
    return hooks


@pytest.fixture
def bench(context, hooks, passed, deliverer):
    return Bench(context, deliverer)


def test_a_claim_under_a_rate_limit_lapses_when_no_thread_is_free_and_others_wait(bench, hooks, sink, gate, passed):
    hanging, paced, other, _ = hooks
    bench.send(hanging)
    sink.wait_for(1)
    bench.send(other, paced, paced={paced})
    passed.append(0.03)
    assert bench.lapsed() == []
    passed.append(0.02)
    assert bench.lapsed() == [paced]
    gate.open()
    assert bench.sent(2) == [hanging, other]


def test_what_is_under_a_rate_limit_begins_first_and_not_when_it_is_late(bench, hooks, sink, gate, passed):
    hanging, late, other, paced = hooks
    bench.send(hanging)
    sink.wait_for(1)
    bench.send(other, late, paced={late})
    passed.append(0.05)
    bench.send(paced, paced={paced})
    gate.open()
    assert bench.sent(3) == [hanging, paced, other]
    assert bench.lapsed() == [late]


def test_after_a_commit_that_took_long_the_next_is_foreseen_to(bench, hooks, sink, gate, passed):
    hanging, paced, another, _ = hooks
    bench.send(hanging)
    sink.wait_for(1)
    bench.send(paced, paced={paced}, commit=1.0)
    assert bench.lapsed() == [paced], "its rate limit did not foresee it"
    assert 1 < bench.senders.paced_delay.total_seconds() < 2, "there is to be time to begin the next time"
    bench.send(paced, paced={paced}, commit=1.0)
    assert bench.lapsed() == []
    bench.send(another, paced={another})
    assert bench.senders.paced_delay.total_seconds() == 0
    passed.append(0.3)
    assert bench.lapsed() == []
    gate.open()
    assert bench.sent(3) == [hanging, paced, another]


def test_results_are_news_when_there_are_two_of_each_thread(context, bench, hooks):
    told = []
    settings = context.settings.model_copy(update={"worker_threads": 1})
    second, fourth = threading.Event(), threading.Event()

    def tell():
        told.append(senders.results())
        (fourth if second.is_set() else second).set()

    senders = Senders(replace(context, settings=settings), Revisions(), tell)
    senders.start()
    for pair, heard in ((hooks[:2], second), (hooks[2:], fourth)):
        senders.send([bench.claims[hook] for hook in pair], leased_at=clock.monotonic(), more=False)
        assert heard.wait(PATIENCE)
    assert [[result.claimed.webhook_id for result in results] for results in told] == [hooks[:2], hooks[2:]]


def test_taking_back_returns_all_that_no_thread_has_begun_with(bench, hooks, sink, gate):
    hanging, paced, *others = hooks
    bench.send(hanging)
    sink.wait_for(1)
    bench.send(*others, paced, paced={paced})
    assert sorted(claimed.webhook_id for claimed, _ in bench.senders.take_back()) == sorted([paced, *others])
    gate.open()
    assert bench.sent(1) == [hanging]


@pytest.fixture
def capped(context, hooks, passed, deliverer):
    """Sending threads with three claims of one webhook, of which one may be under way at once, and one of another."""
    bench = Bench(context, deliverer, threads=4)
    bench.hook, bench.other, *_ = hooks
    first = replace(bench.claims[bench.hook], max_in_flight=1)
    claims = [*(replace(first, claim_id=name) for name in "abc"), bench.claims[bench.other]]
    bench.senders.send(claims, leased_at=clock.monotonic(), more=True)
    return bench


def begin(bench, gate, count):
    """Have threads come until so many attempts are under way, as the worker does every few milliseconds."""
    until = clock.monotonic() + PATIENCE
    while count:
        assert clock.monotonic() < until
        bench.senders.hurry()
        count -= gate.is_anyone_waiting()


def test_claims_above_the_cap_of_their_webhook_wait_and_hold_up_no_other(capped, gate):
    begin(capped, gate, 2)
    assert [claimed.webhook_id for claimed, _ in capped.senders.take_back()] == [capped.hook] * 2
    gate.open()
    assert sorted(capped.sent(2)) == sorted([capped.hook, capped.other])


def test_claims_above_the_cap_begin_one_by_one_as_others_end(capped, gate):
    begin(capped, gate, 2)
    gate.open()
    assert sorted(capped.sent(4)) == sorted([capped.hook] * 3 + [capped.other])
    assert capped.senders.take_back() == []


def test_claims_above_the_cap_lapse_when_their_webhook_turns_out_to_hang(capped, gate):
    begin(capped, gate, 2)
    capped.senders.give_up({capped.hook})
    assert capped.lapsed() == [capped.hook] * 2
    gate.open()
    assert sorted(capped.sent(2)) == sorted([capped.hook, capped.other])


@pytest.mark.parametrize(("retry_after", "failures"), [("", 5), ("60", 1)])
def test_claims_taken_ahead_lapse_once_their_webhook_calls_for_a_rest(
    context, api, sink, passed, deliverer, retry_after, failures
):
    hook = api.webhook(sink.url(503, retry_after))["id"]
    api.publish()
    bench = Bench(context, deliverer)
    ahead = [replace(bench.claims[hook], claim_id=str(number), ahead=True) for number in range(8)]
    bench.senders.send(ahead, leased_at=clock.monotonic(), more=True)
    assert bench.sent(failures) == [hook] * failures
    lapsed = []
    until = clock.monotonic() + PATIENCE
    while len(lapsed) < len(ahead) - failures:
        assert clock.monotonic() < until
        lapsed += bench.lapsed()
    assert lapsed == [hook] * (len(ahead) - failures)
    bench.senders.send([ahead[0]], leased_at=clock.monotonic(), more=True)
    assert bench.sent(1) == [hook], "it was claimed with the failures in view"
    bench.senders.send([replace(ahead[0], ahead=False)], leased_at=clock.monotonic() - 0.001, more=True)
    assert bench.sent(1) == [hook], "its cap alone let it be taken"
    assert len(sink.requests) == failures + 2


def test_no_attempt_begins_that_could_outlast_its_lease(context, bench, hooks, sink):
    settings = context.settings
    latest = clock.monotonic() - settings.lease_seconds + settings.total_timeout
    bench.senders.send([bench.claims[hooks[0]]], leased_at=latest, more=True)
    assert bench.news.wait(PATIENCE)
    assert bench.lapsed() == [hooks[0]]
    assert bench.senders.results() == sink.requests == []


def test_a_claim_whose_result_cannot_be_written_down_at_all_is_let_go(bench, hooks, sink, monkeypatch):
    poison, other, *_ = hooks
    real = sending.Result.of.__func__

    def of(cls, claimed, exchange):
        if claimed.webhook_id == poison:
            raise ZeroDivisionError
        return real(cls, claimed, exchange)

    monkeypatch.setattr(sending.Result, "of", classmethod(of))
    bench.send(poison, other)
    assert bench.sent(1) == [other]
    assert [claimed.webhook_id for claimed in bench.senders.lost()] == [poison]
    assert bench.senders.lost() == bench.senders.hanging() == bench.lapsed() == []


def test_attempts_are_made_with_the_threads_that_there_are(context, deliverer, hooks, sink, most_threads):
    most_threads(3)  # without a word of which is whose: the one that watches deadlines has to be among them
    bench = Bench(context, deliverer, threads=8)
    bench.send(*hooks)
    results = []
    while len(results) < len(hooks):
        assert bench.news.wait(PATIENCE)
        bench.news.clear()
        results += bench.senders.results()
    assert {result.exchange.outcome.kind for result in results} == {"succeeded"}


def test_no_more_attempts_are_made_at_once_than_connections_can_be_open(context, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (64, 64))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, _new: pytest.fail("there is nothing to raise"))
    with capture_logs() as logs:
        senders = Senders(context, Revisions(), threading.Event().set)
    assert (senders.threads, senders._crew._spare) == (8, 0)
    assert (logs[0]["wanted"], logs[0]["most"]) == (context.settings.worker_threads, 8)
