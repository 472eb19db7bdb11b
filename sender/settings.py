"""The sender's settings; the only place that names its environment variables."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from shared.exchange import Limits
from shared.netguard import AllowedTargets
from shared.settings import CommonSettings, keep_secret, password_of, read_secret_file


class SenderSettings(CommonSettings):
    """Settings of the sender's web process and of its delivery worker."""

    database_url: str = Field(
        "",
        validation_alias="SENDER_DATABASE_URL",
        description="`postgresql+psycopg://…` to scale out. Default: `sender.sqlite3` in the data folder.",
    )
    allowed_targets_text: str = Field(
        "",
        validation_alias="SENDER_ALLOWED_TARGETS",
        description="Comma list of `CIDR[:port]` or `host[:port]` that deliveries may reach although the address "
        "is private. `make run` allows the companion receiver.",
    )
    retry_schedule_text: str = Field(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        validation_alias="SENDER_RETRY_SCHEDULE",
        description="Comma list of seconds to wait before each retry (± 20 % jitter). After the last one the "
        "delivery has failed.",
    )
    encryption_key_file: Path | None = Field(
        None,
        validation_alias="SENDER_ENCRYPTION_KEY_FILE",
        description="File with the key (Fernet, 32 bytes in URL-safe base64) that encrypts webhook secrets and headers "
        "at rest. Made in the data folder when not given.",
    )
    encryption_key: str | None = Field(
        None, validation_alias="SENDER_ENCRYPTION_KEY", description="The same key, given directly."
    )
    connect_timeout: float = Field(
        5, gt=0, le=60, validation_alias="SENDER_CONNECT_TIMEOUT", description="Seconds to connect (TCP and TLS)."
    )
    read_timeout: float = Field(
        15, gt=0, le=300, validation_alias="SENDER_READ_TIMEOUT", description="Seconds without a byte of the answer."
    )
    total_timeout: float = Field(
        20, gt=0, le=600, validation_alias="SENDER_TOTAL_TIMEOUT", description="Seconds for a whole attempt."
    )
    response_limit: int = Field(
        65536,
        ge=0,
        le=1_048_576,
        validation_alias="SENDER_RESPONSE_LIMIT",
        description="Bytes of an answer's body that are read and kept; longer ones are cut and marked.",
    )
    max_payload: int = Field(
        1_048_576,
        ge=1024,
        le=16_777_216,
        validation_alias="SENDER_MAX_PAYLOAD",
        description="Bytes of the largest payload that is accepted.",
    )
    worker_threads: int = Field(
        64,
        ge=1,
        le=512,
        validation_alias="SENDER_WORKER_THREADS",
        description="Attempts at once per worker, and up to three times as many more that have taken over a second.",
    )
    disable_after: float = Field(
        5,
        ge=0,
        le=365,
        validation_alias="SENDER_DISABLE_AFTER",
        description="Days of failing without a success after which a webhook is disabled, given ten failures in a row; "
        "at half of them it is warned about, however few failures there were. 0 never warns or disables.",
    )
    retention_days: float = Field(
        30,
        ge=0,
        le=36500,
        validation_alias="SENDER_RETENTION_DAYS",
        description="Days after which finished deliveries, their attempts and their events are deleted; what is still "
        "owed stays. 0 keeps everything.",
    )
    mail_to: str = Field(
        "",
        validation_alias="SENDER_MAIL_TO",
        description="Comma list of addresses that are told when a webhook fails for long, is disabled or recovers.",
    )
    mail_from: str = Field(
        "hookloop@localhost", validation_alias="SENDER_MAIL_FROM", description="The address that these mails are from."
    )
    smtp_host: str = Field(
        "", validation_alias="SENDER_SMTP_HOST", description="The mail server; without it no mail is sent."
    )
    smtp_port: int = Field(
        587, ge=1, le=65535, validation_alias="SENDER_SMTP_PORT", description="The port of the mail server."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", validation_alias="SENDER_SMTP_SECURITY", description="`starttls`, `tls` (from the start) or `none`."
    )
    smtp_user: str = Field("", validation_alias="SENDER_SMTP_USER", description="The name to log in with, if any.")
    smtp_password: str = Field("", validation_alias="SENDER_SMTP_PASSWORD", description="The password of that name.")
    lease: float | None = Field(
        None,
        ge=1,
        le=3600,
        validation_alias="SENDER_LEASE",
        description="Seconds after which a delivery that a worker took, and of which it was not heard again, is made "
        "by another. Longer than an attempt may last. Default: twice the total timeout and 20 s.",
    )
    shutdown_grace: float = Field(
        3,
        ge=0,
        le=600,
        validation_alias="SENDER_SHUTDOWN_GRACE",
        description="Seconds that a stopping worker waits for attempts under way; the rest is given back.",
    )
    web_threads: int = Field(
        32, ge=4, le=512, validation_alias="SENDER_WEB_THREADS", description="Threads of the web process."
    )

    @field_validator("retry_schedule_text")
    @classmethod
    def _check_schedule(cls, value: str) -> str:
        parse_schedule(value)
        return value

    @field_validator("allowed_targets_text")
    @classmethod
    def _check_targets(cls, value: str) -> str:
        AllowedTargets.parse(value)
        return value

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if self.lease is not None and self.lease <= self.total_timeout:
            raise ValueError("SENDER_LEASE: must be longer than SENDER_TOTAL_TIMEOUT")
        return self

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or self.database_file_url("sender.sqlite3")

    @property
    def allowed_targets(self) -> AllowedTargets:
        """The private targets that deliveries may reach."""
        return AllowedTargets.parse(self.allowed_targets_text)

    @property
    def retry_schedule(self) -> tuple[float, ...]:
        """Seconds to wait before each retry."""
        return parse_schedule(self.retry_schedule_text)

    @property
    def disable_after_span(self) -> timedelta | None:
        """How long a webhook may fail before it is disabled; None: for ever."""
        return timedelta(days=self.disable_after) if self.disable_after else None

    @property
    def retention_span(self) -> timedelta | None:
        """How long finished deliveries are kept; None: for ever."""
        return timedelta(days=self.retention_days) if self.retention_days else None

    @property
    def streams(self) -> int:
        """How many live pages the web process streams to at once; further ones ask every few seconds instead."""
        return self.web_threads // 2

    @property
    def mails(self) -> bool:
        """Whether operators are told by e-mail."""
        return bool(self.smtp_host and self.mail_to)

    @property
    def limits(self) -> Limits:
        """The deadlines and the size limit of one attempt."""
        return Limits(
            connect=self.connect_timeout,
            read=self.read_timeout,
            total=self.total_timeout,
            response_bytes=self.response_limit,
        )

    @property
    def lease_seconds(self) -> float:
        """How long a claim lasts: as set, or a full attempt, twice, and time to record it."""
        return self.lease or 2 * self.total_timeout + 20

    @property
    def begin_within(self) -> float:
        """Within how many seconds of its claim an attempt has to begin: half of what the longest leaves of its lease.

        One that begins later could outlast it, and another worker would make it a second time; the other half is for
        being recorded.
        """
        return (self.lease_seconds - self.total_timeout) / 2

    def secrets(self) -> list[str]:
        """Return the secret values that the settings hold, none of which may get into a log line."""
        return [*super().secrets(), self.read_encryption_key(), *password_of(self.database_url), self.smtp_password]

    def read_encryption_key(self) -> str:
        """Return the key for secrets at rest: given, from its file, or the one kept in the data folder."""
        if self.encryption_key:
            return self.encryption_key
        if self.encryption_key_file:
            return read_secret_file(self.encryption_key_file, "SENDER_ENCRYPTION_KEY_FILE")
        from cryptography.fernet import Fernet  # noqa: PLC0415  # slow to import, and only needed here at a first start

        return keep_secret(self.prepare_data_folder() / "encryption-key", Fernet.generate_key().decode())


def parse_schedule(text: str) -> tuple[float, ...]:
    """Return the seconds of a comma list; an empty list means that nothing is retried. Raise ValueError."""
    seconds = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            value = float(part)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 30 * 86400:
            raise ValueError(f"{part!r} is not a number of seconds between 0 and {30 * 86400}")
        seconds.append(value)
    if len(seconds) > 100:
        raise ValueError("at most 100 retries can be scheduled")
    return tuple(seconds)
