"""Who may come in: the admin token signs a person in (cookie session) and authenticates the API (bearer)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from shared.errors import HookloopError

SIGN_IN_LIMIT = "10 per minute"

# Endpoints that need no token, with the reason. A test walks every route against this list.
PUBLIC_ENDPOINTS = {
    "access.sign_in": "the way in",
    "access.try_sign_in": "the way in",
    "health.live": "asked by orchestrators",
    "health.ready": "asked by orchestrators",
    "static": "styles and scripts of the sign-in page",
    "ui.static": "styles and scripts of the sign-in page",
}

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

blueprint = Blueprint("access", __name__)
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)


class SignInNeeded(HookloopError):
    """The request carries neither a valid token nor a signed-in session."""

    status = 401
    title = "Sign-in needed"


class FormOutOfDate(HookloopError):
    """A form came without a valid CSRF token."""

    status = 400
    title = "The form is out of date"


class _Session(SecureCookieSessionInterface):
    """A session cookie that is Secure exactly when the browser came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        """Return whether this request came over https (behind trusted proxies: as they say)."""
        return request.is_secure


def install(app: Flask, token: str, *, home: str) -> None:
    """Make every endpoint of `app` but PUBLIC_ENDPOINTS need `token`; `home` is where a sign-in leads."""
    key = hmac.new(token.encode(), b"hookloop session", hashlib.sha256).hexdigest()
    app.config.update(
        HOOKLOOP_TOKEN_DIGEST=_digest(token),
        HOOKLOOP_HOME=home,
        SECRET_KEY=key,
        # Both services of one token share the session on one host; two installations never overwrite each other's.
        SESSION_COOKIE_NAME=cookie_name(token),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard below decides: a bearer token needs no CSRF token
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our Referrer-Policy withholds
        WTF_CSRF_TIME_LIMIT=None,  # a form left open overnight still works while the session does
    )
    app.session_interface = _Session()
    csrf.init_app(app)
    limiter.init_app(app)
    app.register_blueprint(blueprint)
    app.before_request(_guard)
    app.context_processor(lambda: {"signed_in": is_signed_in()})


def cookie_name(token: str) -> str:
    """Return the name of the session cookie that belongs to `token`."""
    return "hookloop_" + hashlib.sha256(b"hookloop cookie " + token.encode()).hexdigest()[:8]


def is_signed_in() -> bool:
    """Return whether the request belongs to a signed-in browser session."""
    return session.get("signed_in") is True


def has_token() -> bool:
    """Return whether the request carries the admin token as `Authorization: Bearer` (RFC 6750), in constant time."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _is_token(given.strip())


def _guard() -> None:
    if has_token() or request.endpoint in PUBLIC_ENDPOINTS:
        return
    if not is_signed_in():
        raise SignInNeeded("Send the admin token as `Authorization: Bearer <token>`, or sign in with a browser.")
    if request.method not in _SAFE_METHODS:
        _check_form()


@blueprint.get("/sign-in")
@limiter.limit(SIGN_IN_LIMIT, deduct_when=lambda response: response.status_code == 401)
def sign_in() -> BaseResponse | tuple[str, int]:
    """Show the sign-in form; with `?token=` (the printed link) sign in at once and drop it from the address."""
    if given := request.args.get("token"):
        return _enter(given)
    if is_signed_in():
        return redirect(_next_page())
    return render_template("ui/sign_in.html", error=None, next=request.args.get("next", "")), 200


@blueprint.post("/sign-in")
@limiter.limit(SIGN_IN_LIMIT, deduct_when=lambda response: response.status_code == 401)
def try_sign_in() -> BaseResponse | tuple[str, int]:
    """Sign in with the token of the form."""
    _check_form()
    return _enter(request.form.get("token", ""))


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """End the session of this browser."""
    session.clear()
    flash("You are signed out.", "info")
    return redirect(url_for("access.sign_in"))


def _check_form() -> None:
    """Raise FormOutOfDate for a form without a valid token. (Flask answers no error raised by an error handler.)"""
    try:
        csrf.protect()
    except CSRFError as error:
        raise FormOutOfDate(f"{error.description} Reload the page and send the form again.") from None


def _enter(given: str) -> BaseResponse | tuple[str, int]:
    if not _is_token(given.strip()):
        message = "That is not the admin token." if given.strip() else "Enter the admin token."
        return render_template("ui/sign_in.html", error=message, next=_wanted_page()), 401
    session.clear()
    session.permanent = True
    session["signed_in"] = True
    g.pop("csrf_token", None)
    return redirect(_next_page())


def _wanted_page() -> str:
    return request.values.get("next", "")


def _next_page() -> str:
    """Return the page asked for before sign-in if it is one of ours, else the home page."""
    try:
        wanted = urlsplit(_wanted_page())
    except ValueError:
        wanted = urlsplit("")
    is_ours = not wanted.scheme and not wanted.netloc and wanted.path.startswith("/")
    if is_ours and not wanted.path.startswith(("//", "/\\")):
        return wanted.path + (f"?{wanted.query}" if wanted.query else "")
    return url_for(current_app.config["HOOKLOOP_HOME"])


def _is_token(given: str) -> bool:
    digest: bytes = current_app.config["HOOKLOOP_TOKEN_DIGEST"]
    return hmac.compare_digest(_digest(given), digest)


def _digest(text: str) -> bytes:
    """Return a digest of fixed length, so that comparing says nothing about the token's length."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
