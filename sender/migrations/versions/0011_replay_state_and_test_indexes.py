"""List tests, and the deliveries of a replay by state, in order from an index

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

REPLAYED = sa.text('replay_id IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_replay_state', ['replay_id', 'state', 'id'], unique=False, sqlite_where=REPLAYED, postgresql_where=REPLAYED)
        batch_op.create_index('ix_deliveries_test', ['test', 'id'], unique=False, sqlite_where=sa.text('test = 1'), postgresql_where=sa.text('test'))


def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_test')
        batch_op.drop_index('ix_deliveries_replay_state')
