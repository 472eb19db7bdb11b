"""The receiver's settings; the only place that names its environment variables."""

from __future__ import annotations

from pydantic import Field, field_validator

from shared.netguard import AllowedTargets
from shared.settings import CommonSettings, password_of


class ReceiverSettings(CommonSettings):
    """Settings of the receiver's web processes."""

    database_url: str = Field(
        "",
        validation_alias="RECEIVER_DATABASE_URL",
        description="`postgresql+psycopg://…` to scale out. Default: `receiver.sqlite3` in the data folder.",
    )
    body_limit: int = Field(
        10 * 1024 * 1024,
        ge=0,
        le=256 * 1024 * 1024,
        validation_alias="RECEIVER_BODY_LIMIT",
        description="Bytes of the largest body that is captured; a larger one is answered with 413 and not kept.",
    )
    max_requests: int = Field(
        1000,
        ge=1,
        le=100_000,
        validation_alias="RECEIVER_MAX_REQUESTS",
        description="How many captures a new bin keeps, unless it is told otherwise; the oldest give way.",
    )
    workers: int = Field(
        2, ge=1, le=64, validation_alias="RECEIVER_WORKERS", description="Web processes of the receiver."
    )
    threads: int = Field(
        64,
        ge=8,
        le=1024,
        validation_alias="RECEIVER_THREADS",
        description="Threads of each web process: requests and open live pages at once.",
    )
    max_streams: int = Field(
        32,
        ge=0,
        le=1000,
        validation_alias="RECEIVER_MAX_STREAMS",
        description="Live pages that each web process streams to at once (at most its threads less four); "
        "further ones ask every few seconds instead.",
    )

    allowed_targets_text: str = Field(
        "",
        validation_alias="RECEIVER_ALLOWED_TARGETS",
        description="Comma list of `CIDR[:port]` or `host[:port]` that captures may be forwarded to although the "
        "address is private, for example `127.0.0.1:3000`.",
    )

    @field_validator("allowed_targets_text")
    @classmethod
    def _check_targets(cls, value: str) -> str:
        AllowedTargets.parse(value)
        return value

    @property
    def allowed_targets(self) -> AllowedTargets:
        """The private targets that captures may be forwarded to."""
        return AllowedTargets.parse(self.allowed_targets_text)

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or self.database_file_url("receiver.sqlite3")

    @property
    def streams(self) -> int:
        """How many streams a process holds open: some threads always stay free for captures."""
        return min(self.max_streams, self.threads - 4)

    def secrets(self) -> list[str]:
        """Return the secret values that the settings hold, none of which may get into a log line."""
        return [*super().secrets(), *password_of(self.database_url)]
