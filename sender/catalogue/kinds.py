"""The kinds of values that event payloads are made of, each with its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

Number = Annotated[int, Field(ge=0)]
"""The number of a record, or a count."""

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]

EmailAddress = Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]

IpAddress = Annotated[
    str, WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"const": ""}]})
]

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$")]
"""A date and time as WordPress writes it: no time zone, a space in the middle."""

MaybeMoment = Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})?$")] | None
"""The same where nothing may be set: null or empty."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""A currency code (ISO 4217)."""

Flag = Literal["true", "false"]
"""Yes or no as text, as domains carry it."""

PaymentStatus = Literal[
    "pending", "completed", "refunded", "partially-refunded", "partially-paid", "failed", "cancelled", "draft"
]

MembershipStatus = Literal["pending", "active", "trialing", "expired", "on-hold", "cancelled"]

EmailVerification = Literal["none", "pending", "verified"]

DomainStage = Literal["failed", "ssl-failed", "checking-dns", "checking-ssl-cert", "done-without-ssl", "done"]
