"""`make run` from an empty folder: what it prints, that it works, and that it ends as a whole."""

from __future__ import annotations

import http.cookiejar
import json
import os
import signal
import socket
import urllib.request

import pytest

from tests.run.product import Product, answers, await_, make_run


def call(product: Product, origin: str, method: str, path: str, body: object = None) -> dict:
    token = product.sign_in_links[0].partition("token=")[2]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(origin + path, data, headers, method=method)) as answer:
        return json.loads(answer.read())


def test_it_prints_both_addresses_and_one_link_that_signs_in_to_both(tmp_path):
    with make_run(tmp_path) as product:
        product.wait_until_ready()
        assert product.sender in product.output
        assert product.receiver in product.output
        assert len(product.sign_in_links) == 1
        assert answers(f"{product.sender}/healthz")
        assert answers(f"{product.receiver}/healthz")
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        with browser.open(product.sign_in_links[0]) as page:
            assert page.url == f"{product.sender}/webhooks"
        with browser.open(f"{product.receiver}/bins") as page:
            assert page.url == f"{product.receiver}/bins"
        (token_file,) = (tmp_path / "data").glob("admin-token")
        assert token_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("end", [Product.interrupt, Product.terminate])
def test_it_ends_as_a_whole_with_work_under_way_and_keeps_what_it_had(tmp_path, end):
    """An attempt hangs at an endpoint that never answers, and a live page is open."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        with make_run(tmp_path, SENDER_ALLOWED_TARGETS="127.0.0.1") as product:
            product.wait_until_ready()
            bin_ = call(product, product.receiver, "POST", "/api/v1/bins", {})
            webhook = {"name": "Hanging", "url": url, "event_types": ["*"]}
            webhook = call(product, product.sender, "POST", "/api/v1/webhooks", webhook)
            call(product, product.sender, "POST", "/api/v1/events", {"type": "payment_received", "payload": {}})
            hanging.settimeout(60)
            attempt, _ = hanging.accept()
            token = product.sign_in_links[0].partition("token=")[2]
            stream = f"{product.receiver}/api/v1/bins/{bin_['id']}/stream"
            live = urllib.request.Request(stream, headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(live) as page, attempt:
                assert page.readline().startswith(b"retry:")
                import time; t0=time.monotonic()
                end(product)
                assert product.wait() != 0
            import time; print("ENDED AFTER", time.monotonic()-t0)
            await_(lambda: not product.left_over())
            assert "stopped" in product.output
            assert "Traceback" not in product.output
            assert "SIGKILL" not in product.output
        with make_run(tmp_path, SENDER_ALLOWED_TARGETS="127.0.0.1") as product:
            product.wait_until_ready()
            assert call(product, product.receiver, "GET", "/api/v1/bins")["items"][0]["id"] == bin_["id"]
            assert call(product, product.sender, "GET", "/api/v1/webhooks")["items"][0]["id"] == webhook["id"]
            hanging.accept()[0].close()  # the attempt that was cut off is made again


def test_it_ends_when_one_of_the_three_does(tmp_path):
    with make_run(tmp_path, SENDER_WORKER_THREADS="1") as product:
        product.wait_until_ready()
        worker = next(line for line in product.output.splitlines() if "worker.1 started" in line)
        kill_worker = int(worker.partition("pid=")[2].rstrip(")"))
        os.kill(kill_worker, signal.SIGKILL)
        assert product.wait() != 0
        await_(lambda: not product.left_over())
