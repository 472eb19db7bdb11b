"""Remember since when a disabled webhook has missed events

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# For the webhooks that are disabled already: the oldest event that failed at the end or was cancelled by it.
MISSED = sa.text(
    "UPDATE webhooks SET missed_since = coalesce("
    "(SELECT min(e.created_at) FROM deliveries d JOIN events e ON e.id = d.event_id"
    " WHERE d.webhook_id = webhooks.id AND NOT d.test AND (d.state = 'failed' OR d.state = 'cancelled')"
    " AND (d.finished_at >= coalesce(webhooks.failing_since, webhooks.updated_at)"
    " OR d.reason LIKE 'The webhook was disabled%')),"
    " webhooks.failing_since, webhooks.updated_at)"
    " WHERE disabled_reason IS NOT NULL AND deleted_at IS NULL"
)


def upgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('missed_since', shared.database.Instant(), nullable=True))
    op.execute(MISSED)


def downgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('missed_since')
