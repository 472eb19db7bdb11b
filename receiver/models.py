"""The receiver's tables: bins, and the requests that they captured."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, CheckConstraint, Dialect, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from receiver.core import headerlines
from shared.database import Instant, named_metadata

Headers = tuple[tuple[str, str], ...]


class HeaderLines(TypeDecorator[Headers]):
    """Header fields as text, one `name: value` a line: exact, small, and searchable as people write them."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Headers | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the lines of `value`."""
        return None if value is None else headerlines.write(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Headers | None:  # noqa: ARG002
        """Return the fields of the stored lines."""
        return None if value is None else headerlines.read(value)


class Base(DeclarativeBase):
    """Base of the receiver's tables."""

    registry = registry(metadata=named_metadata(), type_annotation_map={datetime: Instant, Headers: HeaderLines})


db = SQLAlchemy(model_class=Base)


class Bin(Base):
    """A capture URL with its settings and its counts."""

    __tablename__ = "bins"
    __table_args__ = (
        CheckConstraint("stored_count >= 0 AND stored_count <= captured_count", name="counts"),
        CheckConstraint("max_requests > 0", name="max_requests"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    max_requests: Mapped[int]
    captured_count: Mapped[int] = mapped_column(BigInteger, default=0)  # ever; also the newest position
    stored_count: Mapped[int] = mapped_column(default=0)
    last_captured_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]  # by a person: settings, or captures deleted
    response: Mapped[str | None] = mapped_column(Text)  # the response rule as JSON text; null is the default answer
    response_since: Mapped[int] = mapped_column(BigInteger, default=0)  # captured_count when the rule was set


class Capture(Base):
    """One request that arrived at a bin; never changed. The body is last, so that lists never read over it."""

    __tablename__ = "captures"
    __table_args__ = (UniqueConstraint("bin_id", "position"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    bin_id: Mapped[str] = mapped_column(ForeignKey("bins.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    headers: Mapped[Headers]
    header_fidelity: Mapped[str] = mapped_column(String(8))
    peer: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(Text)
    body_size: Mapped[int]
    body_sha256: Mapped[str] = mapped_column(String(64))
    response: Mapped[str | None] = mapped_column(Text)  # what a rule answered, as JSON text; null is the default answer
    body: Mapped[bytes] = mapped_column(LargeBinary)
