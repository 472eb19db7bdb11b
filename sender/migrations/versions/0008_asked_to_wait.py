"""Keep when an endpoint asked to be left alone, and until when

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_at', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('asked_until', shared.database.Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('asked_until')
        batch_op.drop_column('asked_at')
