"""`make run` from an empty folder: what it prints, that it works, and that it ends as a whole."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import urllib.request

from tests.run.product import PATIENCE, Product, answers, await_, make_run


def ask(product: Product, url: str, body: object = None):
    """The answer to a call with the admin token of the printed link."""
    token = product.sign_in_links[0].partition("token=")[2]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=PATIENCE)


def call(product: Product, url: str, body: object = None) -> dict:
    with ask(product, url, body) as answer:
        return json.loads(answer.read())


def test_it_prints_both_addresses_and_one_link_that_signs_in_to_both(tmp_path):
    with make_run(tmp_path) as product:
        product.wait_until_ready()
        assert product.sender in product.output
        assert product.receiver in product.output
        assert len(product.sign_in_links) == 1
        assert answers(f"{product.sender}/healthz")
        assert answers(f"{product.receiver}/healthz")
        assert (tmp_path / "data" / "admin-token").stat().st_mode & 0o777 == 0o600
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        with browser.open(product.sign_in_links[0]) as page:
            assert page.url == f"{product.sender}/webhooks"
        with browser.open(f"{product.receiver}/bins") as page:
            assert page.url == f"{product.receiver}/bins"
        product.terminate()
        assert product.wait() != 0
        await_(lambda: not product.left_over())
        assert "SIGKILL" not in product.output
        assert "Traceback" not in product.output


def test_an_interrupt_ends_all_with_work_under_way_and_the_next_start_finds_it(tmp_path):
    """An attempt hangs at an endpoint that never answers, and a live page is open."""
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        endpoint.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{endpoint.getsockname()[1]}/"
        with make_run(tmp_path, SENDER_ALLOWED_TARGETS="127.0.0.1") as product:
            product.wait_until_ready()
            bin_ = call(product, f"{product.receiver}/api/v1/bins", {})
            webhook = {"name": "Hanging", "url": url, "event_types": ["*"]}
            webhook = call(product, f"{product.sender}/api/v1/webhooks", webhook)
            call(product, f"{product.sender}/api/v1/events", {"type": "payment_received", "payload": {}})
            attempt, _ = endpoint.accept()
            with attempt, ask(product, f"{product.receiver}/api/v1/bins/{bin_['id']}/stream") as page:
                assert page.readline().startswith(b"retry:")
                product.interrupt()
                assert product.wait() != 0
            await_(lambda: not product.left_over())
            assert "worker stopped" in product.output
            assert "Traceback" not in product.output
            assert "SIGKILL" not in product.output
        with make_run(tmp_path, SENDER_ALLOWED_TARGETS="127.0.0.1") as product:
            product.wait_until_ready()
            assert call(product, f"{product.receiver}/api/v1/bins")["items"][0]["id"] == bin_["id"]
            assert call(product, f"{product.sender}/api/v1/webhooks")["items"][0]["id"] == webhook["id"]
            endpoint.accept()[0].close()  # what was given back is tried again
            os.kill(int(re.findall(r"worker\.1 started \(pid=(\d+)\)", product.output)[0]), signal.SIGKILL)
            assert product.wait() != 0, "one of the three is gone: the others must not go on as if nothing were"
            await_(lambda: not product.left_over())
