"""List the deliveries of a replay in order from their index

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

REPLAYED = sa.text('replay_id IS NOT NULL')


def upgrade() -> None:
    _index(['replay_id', 'id'])


def downgrade() -> None:
    _index(['replay_id'])


def _index(columns: list[str]) -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_replay')
        batch_op.create_index('ix_deliveries_replay', columns, unique=False, sqlite_where=REPLAYED, postgresql_where=REPLAYED)
