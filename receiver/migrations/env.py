"""Alembic's entry point for the receiver's schema."""

from receiver.models import db
from shared import migrations

migrations.run(db)
