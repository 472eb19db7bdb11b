"""Index the events that are tests or made by editing another

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.create_index(
            'ix_events_odd',
            ['type', 'created_at'],
            unique=False,
            sqlite_where=sa.text('test = 1 OR derived_from IS NOT NULL'),
            postgresql_where=sa.text('test OR derived_from IS NOT NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_index('ix_events_odd')
