"""Index what lists of deliveries ask for

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

GAVE_UP = sa.text("state = 'failed' OR state = 'cancelled'")


def upgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_webhook_event_type', ['webhook_id', 'event_type', 'id'], unique=False)
        batch_op.create_index('ix_deliveries_webhook_gave_up', ['webhook_id', 'state', 'id'], unique=False, sqlite_where=GAVE_UP, postgresql_where=GAVE_UP)
        batch_op.create_index('ix_deliveries_event_type_gave_up', ['event_type', 'state', 'id'], unique=False, sqlite_where=GAVE_UP, postgresql_where=GAVE_UP)


def downgrade() -> None:
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_event_type_gave_up')
        batch_op.drop_index('ix_deliveries_webhook_gave_up')
        batch_op.drop_index('ix_deliveries_webhook_event_type')
