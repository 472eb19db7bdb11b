"""What the product logs, at its most talkative, through a story full of secrets: what it must say and must not."""

from __future__ import annotations

import http.cookiejar
import json
import re
import secrets
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from tests.databases import empty_database
from tests.ports import free_port
from tests.run.product import await_, make_run

TOKEN = "admin-token-of-the-story"


class Story:
    """Calls to the product, and all the secrets that went through it."""

    def __init__(self, product):
        self.product = product
        self.secrets = {"admin token": TOKEN, "payload": "payload-of-the-story"}
        self.jar = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def api(self, url, body=None):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def page(self, url, **form):
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self.browser.open(url, data, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def sign_in(self):
        """By a wrong token in the form, a wrong link, and the right link."""
        self.secrets["mistyped token"] = "mistyped-token-of-the-story"
        sign_in = f"{self.product.sender}/sign-in"
        self.page(sign_in, token=self.secrets["mistyped token"], csrf_token=csrf(self.page(sign_in)))
        self.page(f"{sign_in}?token={self.secrets['mistyped token']}")
        self.page(f"{sign_in}?token={TOKEN}")
        (cookie,) = list(self.jar)
        self.secrets["session cookie"] = cookie.value

    def webhook(self, url):
        self.secrets["authorization header"] = "Zm9yLXRoZS1lbmRwb2ludC1hbG9uZQ"
        self.secrets["other header"] = "key-for-the-endpoint-alone"
        headers = {
            "Authorization": f"Token {self.secrets['authorization header']}",
            "X-Api-Key": self.secrets["other header"],
        }
        body = {"name": "Story", "url": url, "event_types": ["payment_received"], "headers": headers}
        webhook = self.api(f"{self.product.sender}/api/v1/webhooks", body)
        secret = self.api(f"{self.product.sender}/api/v1/webhooks/{webhook['id']}/secret")["secret"]
        self.secrets[f"secret of {webhook['id']}"] = secret.removeprefix("whsec_")
        form = {"csrf_token": csrf(self.page(f"{self.product.sender}/webhooks"))}
        assert secret in self.page(f"{self.product.sender}/webhooks/{webhook['id']}/secret", **form)
        return webhook

    def finished(self):
        items = self.api(f"{self.product.sender}/api/v1/deliveries")["items"]
        return [item for item in items if item["finished_at"]]

    def tell(self):
        product = self.product
        self.sign_in()
        bin_ = self.api(f"{product.receiver}/api/v1/bins", {})
        good = self.webhook(bin_["url"])
        self.webhook(bin_["url"] + "-unknown")
        self.webhook(f"http://127.0.0.1:{free_port()}/")
        payload = {"number": self.secrets["payload"]}
        self.api(f"{product.sender}/api/v1/events", {"type": "payment_received", "payload": payload})
        await_(lambda: len(self.finished()) == 3)
        self.api(f"{product.sender}/api/v1/webhooks/{good['id']}/test", {})
        captures = self.api(f"{product.receiver}/api/v1/bins/{bin_['id']}/requests")["items"]
        self.secrets["signature"] = dict(captures[0]["headers"])["webhook-signature"].partition(",")[2]
        self.page(f"{product.receiver}/bins/{bin_['slug']}")


def csrf(page):
    return re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]


def lines_of(product):
    """What each process logged: its name and the line, without honcho's column."""
    split = (line.partition(" | ") for line in product.output.splitlines() if " | " in line)
    return [(name.split()[1].partition(".")[0], line) for name, _, line in split if "system" not in name]


@pytest.mark.parametrize(("form", "kind"), [("json", "postgresql"), ("console", "sqlite")])
def test_no_secret_gets_into_any_line_and_each_line_says_what_it_is_about(tmp_path, request, form, kind):
    key, password = Fernet.generate_key().decode(), f"password-{secrets.token_hex(8)}"
    with empty_database(kind, request, tmp_path) as empty:
        url = re.sub("postgres:?@", f"postgres:{password}@", empty)
        environment = {
            "HOOKLOOP_LOG_LEVEL": "debug",
            "HOOKLOOP_LOG_FORMAT": form,
            "HOOKLOOP_ADMIN_TOKEN": TOKEN,
            "SENDER_ENCRYPTION_KEY": key,
            "SENDER_DATABASE_URL": url,
            "SENDER_ALLOWED_TARGETS": "127.0.0.1",
            "SENDER_RETRY_SCHEDULE": "0",
        }
        with make_run(tmp_path, **environment) as product:
            product.wait_until_ready()
            story = Story(product)
            story.secrets |= {"encryption key": key, "database password": password}
            story.tell()
            break_database(url)
            assert "password" not in story.page(f"{product.sender}/webhooks")
            await_(lambda: "request failed" in product.output)
            product.interrupt()
            product.wait()
        lines = lines_of(product)
    assert {service for service, _ in lines} == {"sender", "worker", "receiver"}
    for name, secret in story.secrets.items():
        assert not [line for _, line in lines if secret in line], name
        assert not [line for line in product.complaints if secret in line], name
    check_ids(lines, form)


def break_database(url):
    """Make the sender's next query fail, as a lost table would."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE webhooks RENAME TO webhooks_elsewhere"))
    engine.dispose()


def check_ids(lines, form):
    """Requests are told by their id, attempts by their delivery's."""
    read = read_json if form == "json" else read_console
    told = [(service, read(line)) for service, line in lines]
    requests = [fields for _, fields in told if fields["event"] in ("request", "request failed")]
    attempts = [fields for service, fields in told if service == "worker" and fields["event"] == "attempt"]
    assert len(requests) > 15
    assert all(re.fullmatch("[0-9a-f]{16}", fields["request_id"]) for fields in requests)
    assert {fields["event"] for fields in requests} == {"request", "request failed"}
    assert all(re.fullmatch(r"dlv_\w{26}", fields["delivery_id"]) for fields in attempts)
    assert sorted(fields["outcome"] for fields in attempts) == ["http_status"] * 2 + ["refused"] * 2 + ["succeeded"]


def read_json(line):
    """Every line is one document with what all have in common."""
    fields = json.loads(line)
    assert {"event", "level", "time", "logger"} <= set(fields)
    return fields


def read_console(line):
    """What a line for people says; those of a traceback have no event."""
    found = re.match(r"\[(?P<level>\w+) *\] (?P<event>.*?)  +\[(?P<logger>[\w.]+)\](?P<fields>.*)", line)
    return {"event": None} if found is None else found.groupdict() | dict(re.findall(r"(\w+)=(\S+)", found["fields"]))
