"""Alembic's entry point for the sender's schema."""

from sender.models import db
from shared import migrations

migrations.run(db)
