"""How many threads are at work: few when jobs are short, all when they are long, and always enough to get on."""

from __future__ import annotations

import threading

import pytest

from sender.crew import Crew

PATIENCE = 30  # seconds after which waiting is a hang
A_WHILE = 0.1  # seconds: that a job does not begin cannot be awaited; one that may begins within a thousandth of that


class Work:
    """Jobs that begin when they are given to a thread, and end when the test says so."""

    def __init__(self, size):
        self.crew = Crew(size, self._work, spare=4)
        self.crew.start()
        self._changed = threading.Condition()
        self._begun = []
        self._may_end = threading.Semaphore(0)

    def _work(self, job):
        with self._changed:
            self._begun.append(job)
            self._changed.notify_all()
        self._may_end.acquire()

    def has_begun(self, count):
        """Whether so many jobs begin, and no more."""
        with self._changed:
            is_reached = self._changed.wait_for(lambda: len(self._begun) >= count, PATIENCE)
            return is_reached and not self._changed.wait_for(lambda: len(self._begun) > count, A_WHILE)

    def end(self, count):
        for _ in range(count):
            self._may_end.release()


@pytest.fixture
def work():
    work = Work(8)
    yield work
    work.crew.take_back()
    work.end(100)


def test_short_jobs_are_done_by_one_thread(work):
    work.crew.suit([0.3, 0.4])
    work.crew.put(range(5))
    assert work.has_begun(1)
    work.end(3)
    assert work.has_begun(4)
    assert work.crew.has_jobs_left


def test_long_jobs_are_done_by_as_many_threads_as_they_need(work):
    work.crew.suit([0.5, 5.5])
    work.crew.put(range(20))
    assert work.has_begun(3)
    work.crew.suit([100.0])
    work.crew.put([])
    assert work.has_begun(8)


def test_one_job_that_hangs_for_long_counts_no_more_than_one_that_is_slow(work):
    work.crew.suit([15_000.0] + [0.1] * 99)
    work.crew.put(range(20))
    assert work.has_begun(2)


def test_a_job_that_hangs_holds_up_none_behind_it(work):
    work.crew.put(range(20))
    assert work.has_begun(1)
    for begun in (2, 4, 8):  # none has ended: twice as many threads each time
        work.crew.hurry()
        assert work.has_begun(begun)
    work.crew.hurry()
    assert work.has_begun(8)


def test_jobs_that_hang_give_their_places_to_others_up_to_a_bound(work):
    work.crew.suit([100.0])
    work.crew.put(range(30))
    assert work.has_begun(8)
    work.crew.hurry(3)
    assert work.has_begun(11)
    work.crew.hurry(11)
    assert work.has_begun(12)
    assert work.crew.reach == 8 + 4 + 8, "claims are worth having for those too"
    work.end(12)
    assert work.has_begun(20 + 4), "those that came back make no difference until it is known that none hangs"
    work.crew.hurry(0)
    work.end(2)
    assert work.has_begun(26)


def test_jobs_that_get_on_need_no_more_threads(work):
    work.crew.put(range(20))
    assert work.has_begun(1)
    work.end(1)
    assert work.has_begun(2)
    work.crew.hurry()
    assert work.has_begun(2)


def test_new_jobs_are_begun_with_though_all_at_work_hang(work):
    work.crew.put([0])
    assert work.has_begun(1)
    work.crew.put([1])
    assert work.has_begun(2)


def test_none_begins_while_the_crew_rests(work):
    with work.crew.resting():
        work.crew.put([0])
        assert work.has_begun(0)
    assert work.has_begun(1)


@pytest.mark.parametrize(
    ("milliseconds", "reach"), [(0.0, 32), (0.1, 32), (2.5, 32), (50.0, 24), (100.0, 16), (9e9, 16)]
)
def test_the_shorter_jobs_are_the_more_of_them_are_worth_having_but_no_endless_number(work, milliseconds, reach):
    work.crew.suit([milliseconds])
    assert work.crew.reach == reach


def test_jobs_get_on_with_the_threads_that_there_are_when_no_more_can_be_made(work, most_threads):
    work.crew.suit([100.0])
    work.crew.put(range(12))
    assert work.has_begun(8)
    most_threads(1)
    work.crew.hurry(4)
    assert work.has_begun(9)
    work.end(3)
    assert work.has_begun(12)


def test_a_crew_that_can_have_no_thread_at_all_says_so(most_threads):
    most_threads(0)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Crew(2, print).start()


def test_a_job_that_fails_ends_no_thread():
    done = threading.Event()
    crew = Crew(1, lambda job: done.set() if job else 1 / job)
    crew.start()
    crew.put([0, 0, 1])
    assert done.wait(PATIENCE)


def test_jobs_that_nobody_has_begun_with_can_be_taken_back(work):
    work.crew.put([0, 1, 2])
    assert work.has_begun(1)
    assert work.crew.take_back() == [1, 2]
    assert not work.crew.has_jobs_left
