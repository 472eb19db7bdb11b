"""Remember since when a disabled webhook has missed events, and what a replay skipped

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

WEBHOOKS = sa.table('webhooks', sa.column('id'), sa.column('active', sa.Boolean), sa.column('deleted_at'))
REPLAYS = sa.table('replays', sa.column('state'), sa.column('webhook_id'), sa.column('webhook_ids', sa.JSON))


def upgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('missed_since', shared.database.Instant(), nullable=True))
    op.execute(MISSED)

    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.add_column(sa.Column('skipped', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('reason', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('webhook_ids', sa.JSON(), server_default='[]', nullable=False))
    _keep_running_replays_going()


def _keep_running_replays_going() -> None:
    """Say whom the replays that run send to: the named webhook, or all that are active."""
    connection = op.get_bind()
    active = sa.select(WEBHOOKS.c.id).where(WEBHOOKS.c.active, WEBHOOKS.c.deleted_at.is_(None))
    webhook_ids = list(connection.scalars(active.order_by(WEBHOOKS.c.id)))
    running = REPLAYS.update().where(REPLAYS.c.state == 'running')
    op.execute(running.where(REPLAYS.c.webhook_id.is_(None)).values(webhook_ids=webhook_ids))
    for (named,) in connection.execute(sa.select(REPLAYS.c.webhook_id).where(REPLAYS.c.webhook_id.is_not(None)).distinct()):
        op.execute(running.where(REPLAYS.c.webhook_id == named).values(webhook_ids=[named]))


def downgrade() -> None:
    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.drop_column('webhook_ids')
        batch_op.drop_column('reason')
        batch_op.drop_column('skipped')

    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('missed_since')
