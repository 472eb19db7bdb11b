"""The settings that both services read, and how a wrong one is reported in one line."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.netguard.hosts import in_url, is_host_name, literal_address


class SettingsError(Exception):
    """A setting or the data folder is unusable; the message is one line for the operator."""


class CommonSettings(BaseSettings):
    """Settings with the same name and meaning in both services."""

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore", frozen=True)

    data: Path = Field(
        Path("data"),
        validation_alias="HOOKLOOP_DATA",
        description="Folder of the embedded databases, the generated admin token and the generated key.",
    )
    admin_token: str | None = Field(
        None,
        validation_alias="HOOKLOOP_ADMIN_TOKEN",
        description="The token that signs a person in and authenticates the API. Made at the first start and "
        "kept in the data folder (mode 0600) when not given.",
    )
    admin_token_file: Path | None = Field(
        None,
        validation_alias="HOOKLOOP_ADMIN_TOKEN_FILE",
        description="A file that holds the admin token, for secrets mounted by an orchestrator.",
    )
    allowed_hosts: str = Field(
        "",
        validation_alias="HOOKLOOP_ALLOWED_HOSTS",
        description="Comma list of further host names under which the pages and the API may be asked for. "
        "Loopback names, IP addresses and the host of the public URL are always accepted.",
    )
    trusted_proxy_count: int = Field(
        0,
        ge=0,
        le=10,
        validation_alias="TRUSTED_PROXY_COUNT",
        description="Number of reverse proxies in front whose `X-Forwarded-*` headers are believed.",
    )
    sender_public_url: str = Field(
        "",
        validation_alias="SENDER_PUBLIC_URL",
        description="URL of the sender as a browser sees it. Default: its host and port.",
    )
    receiver_public_url: str = Field(
        "",
        validation_alias="RECEIVER_PUBLIC_URL",
        description="URL of the receiver as senders and browsers see it; capture URLs start with it. "
        "Default: its host and port.",
    )
    sender_host: str = Field("127.0.0.1", validation_alias="SENDER_HOST", description="Address the sender binds.")
    sender_port: int = Field(8000, ge=1, le=65535, validation_alias="SENDER_PORT", description="Port the sender binds.")
    receiver_host: str = Field("127.0.0.1", validation_alias="RECEIVER_HOST", description="Address the receiver binds.")
    receiver_port: int = Field(
        8001, ge=1, le=65535, validation_alias="RECEIVER_PORT", description="Port the receiver binds."
    )
    log_format: Literal["console", "json"] = Field(
        "console",
        validation_alias="HOOKLOOP_LOG_FORMAT",
        description="`console` for people, `json` for machines.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="HOOKLOOP_LOG_LEVEL", description="The lowest level that is logged."
    )

    @field_validator("sender_public_url", "receiver_public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        if value and not _names_host(value):
            raise ValueError("must name a host")
        return value.rstrip("/")

    @model_validator(mode="before")
    @classmethod
    def _treat_empty_as_unset(cls, values: Any) -> Any:
        """A variable set to nothing (`SENDER_PORT=`) means the default, as compose files write it."""
        return {key: value for key, value in values.items() if value != ""}

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Return the settings of the environment; raise SettingsError with all that is wrong in one line."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError("; ".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())) from None

    @property
    def sender_url(self) -> str:
        """The sender's base URL without a slash at its end."""
        return self.sender_public_url or f"http://{_reached_at(self.sender_host)}:{self.sender_port}"

    @property
    def receiver_url(self) -> str:
        """The receiver's base URL without a slash at its end."""
        return self.receiver_public_url or f"http://{_reached_at(self.receiver_host)}:{self.receiver_port}"

    def secrets(self) -> list[str]:
        """Return the secret values that the settings hold, none of which may get into a log line."""
        return [self.read_admin_token()]

    def prepare_data_folder(self) -> Path:
        """Make the data folder, for its owner alone, if it is missing, and return it.

        Raise SettingsError when it can't be written.
        """
        folder = self.data.absolute()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError as error:
            raise SettingsError(f"HOOKLOOP_DATA: cannot write to {folder}: {error.strerror}") from None

    def read_admin_token(self) -> str:
        """Return the admin token: given, from its file, or the one kept in the data folder (made if missing)."""
        if self.admin_token and self.admin_token.strip():
            return self.admin_token.strip()
        if self.admin_token_file:
            return read_secret_file(self.admin_token_file, "HOOKLOOP_ADMIN_TOKEN_FILE")
        return keep_secret(self.prepare_data_folder() / "admin-token", secrets.token_urlsafe(32))

    def database_file_url(self, name: str) -> str:
        """Return the URL of the embedded database `name` in the data folder."""
        return f"sqlite:///{self.prepare_data_folder() / name}"


def password_of(url: str) -> list[str]:
    """Return the password in a URL as it is written there and as it is meant; nothing when there is none."""
    userinfo = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
    password = userinfo.partition(":")[2]
    return [password, unquote(password)] if password else []


def read_secret_file(path: Path, variable: str) -> str:
    """Return the secret in `path` without surrounding blanks; raise SettingsError naming `variable`."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: cannot read {path}: {error}") from None
    if not text:
        raise SettingsError(f"{variable}: {path} is empty")
    return text


def keep_secret(path: Path, fresh: str) -> str:
    """Return the secret kept in `path`, first writing `fresh` there with mode 0600 if there is none.

    Safe against several processes starting at once: the file appears complete or not at all.
    """
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
                file.write(fresh + "\n")
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret counts
        finally:
            Path(draft).unlink()
    return read_secret_file(path, path.name)


def _fault(location: tuple[int | str, ...], message: str) -> str:
    """Return what is wrong with a setting in one line: all of it, if no single variable is to blame."""
    message = message.removeprefix("Value error, ")
    return f"{location[0]}: {message}" if location else message


def _names_host(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # half of a pair of brackets
        return False
    return literal_address(host) is not None or is_host_name(host)


def _reached_at(host: str) -> str:
    """Return a bind address as a browser on the same machine would write it in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return in_url(host)
