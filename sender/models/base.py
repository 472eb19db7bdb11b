"""The base of the sender's tables, and the one `SQLAlchemy` object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON
from sqlalchemy.orm import DeclarativeBase, registry

from shared.database import Instant, named_metadata


class Base(DeclarativeBase):
    """Base of the sender's tables."""

    registry = registry(
        metadata=named_metadata(),
        type_annotation_map={datetime: Instant, dict[str, Any]: JSON, list[str]: JSON, list[list[str]]: JSON},
    )


db = SQLAlchemy(model_class=Base)
