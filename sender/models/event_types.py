"""What operators changed in the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sender.models.base import Base


class CustomEventType(Base):
    """An event type that an operator added; the built-in ones are data in `sender.catalogue`."""

    __tablename__ = "event_types"

    slug: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    example: Mapped[str] = mapped_column(Text)  # JSON text, so that numbers keep their spelling
    schema: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RetiredEventType(Base):
    """The mark that an event type, built-in or custom, is no longer offered or published."""

    __tablename__ = "retired_event_types"

    slug: Mapped[str] = mapped_column(String(100), primary_key=True)
    retired_at: Mapped[datetime]
