"""No signature: the secret itself in a header of choice, as Basic (RFC 7617) or Bearer (RFC 6750), or nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from sender.core.signatures.preset import Headers, Option, Preset, Signable
from sender.core.signatures.secret_formats import ANY, MIN_TEXT, TEXT, TOKEN, USER_AND_PASSWORD
from shared import headers

_BODY_UNSIGNED = "It proves who sends, not what was sent: use https."


def _check_header(name: str) -> str | None:
    return headers.check_custom(name, "")


def _itself(secret: str) -> tuple[str, ...]:
    return (secret,)


def _credentials(secret: str) -> tuple[str, ...]:
    """User and password in base64, in clear, and the password alone unless it is so short that any text holds it."""
    password = secret.partition(":")[2]
    return (_base64(secret), secret, *([password] if len(password) >= MIN_TEXT else []))


def _base64(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def _token(secrets: Sequence[str], _what: Signable, options: Mapping[str, str]) -> Headers:
    return ((options.get("header", TOKEN_HEADER), secrets[0]),)


def _basic(secrets: Sequence[str], _what: Signable, _options: Mapping[str, str]) -> Headers:
    return (("Authorization", f"Basic {_base64(secrets[0])}"),)


def _bearer(secrets: Sequence[str], _what: Signable, _options: Mapping[str, str]) -> Headers:
    return (("Authorization", f"Bearer {secrets[0]}"),)


def _none(_secrets: Sequence[str], _what: Signable, _options: Mapping[str, str]) -> Headers:
    return ()


TOKEN_HEADER = "X-Webhook-Token"  # noqa: S105  # a name, no secret

TOKEN_IN_HEADER = Preset(
    scheme="token",
    title="Token in a header",
    summary="The secret itself in a header whose name you choose.",
    verify=f"Compare the header's value with the secret, in constant time. {_BODY_UNSIGNED}",
    secret=TEXT,
    sign=_token,
    sends=(),
    options=(Option("header", "Token header", "The header that carries the secret.", TOKEN_HEADER, _check_header),),
    bare_option="header",
    clear=_itself,
)

BASIC = Preset(
    scheme="basic",
    title="HTTP Basic",
    summary="Authorization: Basic with a user name and a password.",
    verify=f"Decode the base64 after Basic and compare user and password, in constant time. {_BODY_UNSIGNED}",
    secret=USER_AND_PASSWORD,
    sign=_basic,
    sends=("Authorization",),
    bare=("Authorization",),
    clear=_credentials,
)

BEARER = Preset(
    scheme="bearer",
    title="HTTP Bearer",
    summary="Authorization: Bearer with the secret as the token.",
    verify=f"Compare what follows Bearer with the secret, in constant time. {_BODY_UNSIGNED}",
    secret=TOKEN,
    sign=_bearer,
    sends=("Authorization",),
    bare=("Authorization",),
    clear=_itself,
)

NONE = Preset(
    scheme="none",
    title="Not signed",
    summary="For endpoints that cannot check anything.",
    verify="There is nothing to verify: anybody who knows the URL can send to it.",
    secret=ANY,
    sign=_none,
    sends=(),
)
