"""What the gallery shows."""

from __future__ import annotations

from typing import Any

NAV = [
    ("Webhooks", "/"),
    ("Send an event", "/form"),
    ("Deliveries", "/list"),
    ("Events", "/split"),
    ("Event types", "/event-types"),
]

WEBHOOKS: list[dict[str, Any]] = [
    {
        "id": "whk_01k9p7r2m4x8c0a5",
        "name": "CRM: new customers",
        "url": "https://crm.example.com/hooks/ultimate-multisite?tenant=north",
        "types": ["customer_created", "payment_received", "membership_*", "site_published"],
        "state": "active",
        "sent": 1284,
        "failed": 3,
        "code": 200,
        "ms": 84,
    },
    {
        "id": "whk_01k9p7r2m4x8c0b6",
        "name": "Inspector",
        "url": "http://127.0.0.1:8001/b/quiet-otter",
        "types": ["*"],
        "state": "active",
        "sent": 41,
        "failed": 0,
        "code": 204,
        "ms": 6,
    },
    {
        "id": "whk_01k9p7r2m4x8c0c7",
        "name": "Mailing list",
        "url": "https://hooks.zapier.example/hooks/catch/1482913/b7wqk2d/",
        "types": ["account_created"],
        "state": "paused",
        "sent": 210,
        "failed": 19,
        "code": 500,
        "ms": 1240,
    },
    {
        "id": "whk_01k9p7r2m4x8c0d8",
        "name": "Accounting",
        "url": "https://accounting.example.org/api/inbound",
        "types": ["payment_received"],
        "state": "disabled",
        "sent": 0,
        "failed": 12,
        "code": None,
        "ms": 10000,
    },
]

HEADERS = [
    ("Host", "crm.example.com"),
    ("Content-Type", "application/json"),
    ("User-Agent", "Hookloop/0.1.0"),
    ("webhook-id", "evt_01K9P7R2M4X8C0A5ZQ3W7E"),
    ("webhook-timestamp", "1773065131"),
    ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    ("X-Trace", "a"),
    ("x-trace", "b"),
    ("X-Forwarded-For", "203.0.113.9"),
]

TOKENS = [
    ("p", "{"),
    ("", "\n  "),
    ("nt", '"type"'),
    ("p", ":"),
    ("", " "),
    ("s2", '"payment_received"'),
    ("p", ","),
    ("", "\n  "),
    ("nt", '"timestamp"'),
    ("p", ":"),
    ("", " "),
    ("s2", '"2026-03-09T14:05:31Z"'),
    ("p", ","),
    ("", "\n  "),
    ("nt", '"data"'),
    ("p", ":"),
    ("", " "),
    ("p", "{"),
    ("", "\n    "),
    ("nt", '"payment_id"'),
    ("p", ":"),
    ("", " "),
    ("mi", "9007199254740993"),
    ("p", ","),
    ("", "\n    "),
    ("nt", '"payment_total"'),
    ("p", ":"),
    ("", " "),
    ("mf", "49.90"),
    ("p", ","),
    ("", "\n    "),
    ("nt", '"payment_gateway"'),
    ("p", ":"),
    ("", " "),
    ("s2", '"stripe"'),
    ("p", ","),
    ("", "\n    "),
    ("nt", '"refunded"'),
    ("p", ":"),
    ("", " "),
    ("kc", "false"),
    ("", "\n  "),
    ("p", "}"),
    ("", "\n"),
    ("p", "}"),
]

CURL = """curl -X POST http://127.0.0.1:8001/b/quiet-otter \\
  -H 'content-type: application/json' \\
  -d '{"hello": "world"}'"""

DELIVERIES = [
    {
        "id": "dlv_01k9p7r2m4x8c0a1",
        "state": "sending",
        "type": "payment_received",
        "to": "CRM: new customers",
        "code": None,
        "n": 1,
        "s": 1,
    },
    {
        "id": "dlv_01k9p7r2m4x8c0a2",
        "state": "succeeded",
        "type": "customer_created",
        "to": "CRM: new customers",
        "code": 200,
        "n": 1,
        "s": 8,
    },
    {
        "id": "dlv_01k9p7r2m4x8c0a3",
        "state": "pending",
        "type": "membership_changed",
        "to": "Mailing list",
        "code": 503,
        "n": 2,
        "s": 70,
    },
    {
        "id": "dlv_01k9p7r2m4x8c0a4",
        "state": "failed",
        "type": "payment_received",
        "to": "Accounting",
        "code": None,
        "n": 9,
        "s": 9000,
    },
    {
        "id": "dlv_01k9p7r2m4x8c0a5",
        "state": "cancelled",
        "type": "site_published",
        "to": "Mailing list",
        "code": 404,
        "n": 1,
        "s": 190000,
    },
]

CAPTURES = [
    {"id": f"req_{n}", "method": method, "path": path, "size": size, "type": kind, "code": code, "s": age}
    for n, (method, path, size, kind, code, age) in enumerate(
        [
            ("POST", "/", 412, "payment_received", 200, 2),
            ("POST", "/orders?source=shop", 2841, "order.created", 200, 31),
            ("GET", "/health", 0, "", 200, 240),
            ("PUT", "/customers/8412/addresses/delivery?expand=country&lang=it", 148, "", 503, 4000),
            ("DELETE", "/customers/8412", 0, "", 404, 9000),
            ("PROPFIND", "/dav", 91, "", 200, 90000),
        ]
        + [("POST", "/", 400 + n, "customer_created", 200, 100000 + 5000 * n) for n in range(24)]
    )
]

CONTEXT: dict[str, Any] = {
    "webhooks": WEBHOOKS,
    "headers": HEADERS,
    "tokens": TOKENS,
    "curl": CURL,
    "deliveries": DELIVERIES,
    "captures": CAPTURES,
}

ERROR: dict[str, Any] = {
    "status": 404,
    "title": "Not found",
    "detail": "There is no webhook whk_01k9p7r2m4x8c0a5.",
    "errors": (),
    "help": "The address may be mistyped, or what it named was deleted.",
    "request_id": "6f1c2a9b7d3e",
}

CONFIRM: dict[str, Any] = {
    "title": "Delete this webhook?",
    "text": "It cannot be undone.",
    "confirm_label": "Delete",
    "cancel_href": "/",
    "fields": [("id", "whk_1")],
}

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Hookloop Sender", "version": "0.1.0", "description": "Delivers events to registered webhooks."},
    "security": [{"token": []}],
    "paths": {
        "/api/v1/webhooks": {
            "get": {
                "tags": ["Webhooks"],
                "summary": "List webhooks",
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "default": 50, "minimum": 1.0, "maximum": 200},
                        "description": "How many at most.",
                    },
                    {"name": "cursor", "in": "query", "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                ],
                "responses": {
                    "200": {
                        "description": "One page of webhooks.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Webhook"}},
                                        "next_cursor": {"type": ["string", "null"]},
                                    },
                                }
                            }
                        },
                    }
                },
            },
            "post": {
                "tags": ["Webhooks"],
                "summary": "Register a webhook",
                "description": "The secret is made here and shown once.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewWebhook"}}},
                },
                "responses": {
                    "201": {
                        "description": "Made.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Webhook"}}},
                    },
                    "422": {"description": "A field is wrong.", "content": _PROBLEM},
                },
            },
        },
        "/api/v1/webhooks/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "delete": {
                "tags": ["Webhooks"],
                "summary": "Delete a webhook",
                "responses": {"204": {"description": "Gone."}},
            },
        },
        "/api/v1/events": {
            "post": {
                "tags": ["Events"],
                "summary": "Publish an event",
                "parameters": [
                    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}}
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["type", "payload"],
                                "properties": {
                                    "type": {"type": "string", "examples": ["payment_received"]},
                                    "payload": {"type": "object"},
                                },
                            }
                        }
                    },
                },
                "responses": {"202": {"description": "Accepted, after the commit."}},
            }
        },
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "NewWebhook": {
                "type": "object",
                "required": ["name", "url"],
                "properties": {
                    "name": {
                        "type": "string",
                        "description": "What people call it.",
                        "examples": ["CRM"],
                        "maxLength": 120,
                    },
                    "url": {"type": "string", "format": "uri", "examples": ["https://crm.example.com/hooks"]},
                    "active": {"type": "boolean", "default": True},
                    "body_format": {"enum": ["standard", "flat", "form"], "type": "string", "default": "standard"},
                    "signature": {"$ref": "#/components/schemas/Signature"},
                },
            },
            "Signature": {
                "type": "object",
                "properties": {"scheme": {"type": "string", "description": "How deliveries are signed."}},
            },
            "Webhook": {
                "allOf": [
                    {"$ref": "#/components/schemas/NewWebhook"},
                    {
                        "type": "object",
                        "required": ["id"],
                        "properties": {"id": {"type": "string", "examples": ["whk_01k9p7r2m4"]}},
                    },
                ]
            },
            "Problem": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "parent": {"$ref": "#/components/schemas/Problem"},
                },
            },
        },
    },
}
