"""Keep what has succeeded out of the index of states

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

HELD = sa.text("state = 'pending' AND next_attempt_at IS NULL")
SENDING = sa.text("state = 'sending'")
UNSUCCEEDED = sa.text("state = 'pending' OR state = 'sending' OR state = 'failed' OR state = 'cancelled'")


def upgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_sending')
        batch_op.drop_index('ix_deliveries_state')
        batch_op.create_index('ix_deliveries_state', ['state', 'id'], unique=False, sqlite_where=UNSUCCEEDED, postgresql_where=UNSUCCEEDED)
        batch_op.drop_index('ix_deliveries_held')
        batch_op.create_index('ix_deliveries_held', ['state', 'webhook_id', 'id'], unique=False, sqlite_where=HELD, postgresql_where=HELD)


def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_held')
        batch_op.create_index('ix_deliveries_held', ['webhook_id', 'id'], unique=False, sqlite_where=HELD, postgresql_where=HELD)
        batch_op.drop_index('ix_deliveries_state')
        batch_op.create_index('ix_deliveries_state', ['state', 'id'], unique=False)
        batch_op.create_index('ix_deliveries_sending', ['webhook_id'], unique=False, sqlite_where=SENDING, postgresql_where=SENDING)
