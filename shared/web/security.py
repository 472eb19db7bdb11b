"""Security headers on every answer, and the Host allow-list that ends DNS rebinding."""

from __future__ import annotations

import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from shared.errors import HookloopError
from shared.settings import CommonSettings


class WrongHost(HookloopError):
    """The Host header names a host that this service was not told about."""

    status = 421
    title = "Misdirected request"


def install(app: Flask, settings: CommonSettings, public_url: str) -> None:
    """Check the Host of every request to `app` and put the security headers on every answer."""
    allowed = allowed_hosts(settings, public_url)

    @app.before_request
    def check_host() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)
        host = host_name(request.host)
        if not is_allowed_host(host, allowed):
            raise WrongHost(
                f"This service does not answer under the name {host!r}. "
                "Set HOOKLOOP_ALLOWED_HOSTS or the public URL if it should."
            )

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers(g.get("csp_nonce", "")).items():
            response.headers.setdefault(name, value)
        if response.status_code >= 400 or not request.path.startswith(("/static/", "/ui/")):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.context_processor
    def give_nonce() -> dict[str, str]:
        return {"csp_nonce": g.get("csp_nonce", "")}


def headers(nonce: str) -> dict[str, str]:
    """Return the security headers of a page whose scripts carry `nonce` (CSP level 3)."""
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def allowed_hosts(settings: CommonSettings, public_url: str) -> frozenset[str]:
    """Return the host names (lower case, no port) under which a service answers besides loopback and IPs."""
    extra = {name.strip().lower() for name in settings.allowed_hosts.split(",") if name.strip()}
    return frozenset(extra | {urlsplit(public_url).hostname or ""})


def is_allowed_host(host: str, allowed: frozenset[str]) -> bool:
    """Return whether a Host header's name is ours.

    An IP address is always fine: a page can only be rebound to us through a name that its owner controls.
    """
    if host == "localhost" or host.endswith(".localhost") or host in allowed:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_name(host_header: str) -> str:
    """Return the name in a Host header: no port, no brackets, lower case; empty when it makes no sense."""
    try:
        return (urlsplit(f"//{host_header}").hostname or "").lower()
    except ValueError:
        return ""
