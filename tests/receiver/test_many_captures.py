"""Many captures at once, from many connections, into several processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import update

from receiver.models import Bin
from shared import database
from tests.receiver.rawserver import read_message

CONNECTIONS = 50
REQUESTS = 40


def send_all(served, number):
    """Send one connection's requests one after the other and return the ids that were answered."""
    ids = []
    with served.server.connect() as connection:
        for turn in range(REQUESTS):
            body = f"{number}.{turn}".encode()
            head = f"POST /b/{served.slug}/{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            answer = read_message(connection)
            assert b" 200 OK" in answer
            ids.append(json.loads(answer.partition(b"\r\n\r\n")[2])["id"])
    return ids


def test_two_thousand_captures_from_fifty_connections_are_all_there_in_order(served):
    with database.writing_connection(served.engine) as connection:
        connection.execute(update(Bin).values(max_requests=CONNECTIONS * REQUESTS))
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answered = list(pool.map(lambda number: send_all(served, number), range(CONNECTIONS)))

    rows = served.captures()
    assert [row.position for row in rows] == list(range(1, CONNECTIONS * REQUESTS + 1))
    assert {row.body for row in rows} == {b"%d.%d" % (n, t) for n in range(CONNECTIONS) for t in range(REQUESTS)}
    by_body = {row.body: row for row in rows}
    for number, ids in enumerate(answered):
        sent = [by_body[b"%d.%d" % (number, turn)] for turn in range(REQUESTS)]
        assert [row.id for row in sent] == ids
        assert sorted(row.position for row in sent) == [row.position for row in sent]
    assert served.bin().captured_count == served.bin().stored_count == CONNECTIONS * REQUESTS


def test_a_full_bin_keeps_its_newest_while_many_write(served):
    with database.writing_connection(served.engine) as connection:
        connection.execute(update(Bin).values(max_requests=100))
    with ThreadPoolExecutor(10) as pool:
        answered = list(pool.map(lambda number: send_all(served, number), range(10)))
    rows = served.captures()
    assert [row.position for row in rows] == list(range(301, 401))
    assert {row.id for row in rows} <= {one for ids in answered for one in ids}
    assert (served.bin().captured_count, served.bin().stored_count) == (400, 100)
