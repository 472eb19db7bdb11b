"""Add health, pace, replays, mails and workers

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('mails',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('created_at', shared.database.Instant(), nullable=False),
    sa.Column('next_attempt_at', shared.database.Instant(), nullable=True),
    sa.Column('attempt_count', sa.Integer(), nullable=False),
    sa.Column('sent_at', shared.database.Instant(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mails'))
    )
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.create_index('ix_mails_due', ['next_attempt_at'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.create_table('workers',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('started_at', shared.database.Instant(), nullable=False),
    sa.Column('seen_at', shared.database.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workers'))
    )
    op.create_table('replays',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('webhook_id', sa.String(length=32), nullable=True),
    sa.Column('event_type', sa.String(length=100), nullable=True),
    sa.Column('delivery_state', sa.String(length=12), nullable=True),
    sa.Column('since', shared.database.Instant(), nullable=False),
    sa.Column('until', shared.database.Instant(), nullable=False),
    sa.Column('rate', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('cursor', sa.Text(), nullable=True),
    sa.Column('created_at', shared.database.Instant(), nullable=False),
    sa.Column('next_step_at', shared.database.Instant(), nullable=False),
    sa.Column('finished_at', shared.database.Instant(), nullable=True),
    sa.CheckConstraint("state IN ('running', 'stopped', 'finished')", name=op.f('ck_replays_state')),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_replays_webhook_id_webhooks')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replays'))
    )
    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.create_index('ix_replays_running', ['id'], unique=False, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('replay_id', sa.String(length=32), nullable=True))
        batch_op.create_index('ix_deliveries_held', ['webhook_id', 'id'], unique=False, sqlite_where=sa.text("state = 'pending' AND next_attempt_at IS NULL"), postgresql_where=sa.text("state = 'pending' AND next_attempt_at IS NULL"))
        batch_op.create_index('ix_deliveries_lane', ['webhook_id', 'next_attempt_at'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
        batch_op.create_index('ix_deliveries_replay', ['replay_id'], unique=False, sqlite_where=sa.text('replay_id IS NOT NULL'), postgresql_where=sa.text('replay_id IS NOT NULL'))
        batch_op.create_index('ix_deliveries_sending', ['webhook_id'], unique=False, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))

    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('derived_from', sa.String(length=64), nullable=True))

    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('old_secrets', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('max_in_flight', sa.Integer(), server_default='10', nullable=False))
        batch_op.add_column(sa.Column('rate_limit', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('rate_period', sa.String(length=10), server_default='second', nullable=False))
        batch_op.add_column(sa.Column('paced_until', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('failure_count', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('failing_since', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('warned_at', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('trip_count', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('blocked_until', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('blocked_reason', sa.String(length=20), nullable=True))




def downgrade() -> None:

    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('blocked_reason')
        batch_op.drop_column('blocked_until')
        batch_op.drop_column('trip_count')
        batch_op.drop_column('warned_at')
        batch_op.drop_column('failing_since')
        batch_op.drop_column('failure_count')
        batch_op.drop_column('paced_until')
        batch_op.drop_column('rate_period')
        batch_op.drop_column('rate_limit')
        batch_op.drop_column('max_in_flight')
        batch_op.drop_column('old_secrets')

    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.drop_column('derived_from')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index('ix_deliveries_sending', sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.drop_index('ix_deliveries_replay', sqlite_where=sa.text('replay_id IS NOT NULL'), postgresql_where=sa.text('replay_id IS NOT NULL'))
        batch_op.drop_index('ix_deliveries_lane', sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
        batch_op.drop_index('ix_deliveries_held', sqlite_where=sa.text("state = 'pending' AND next_attempt_at IS NULL"), postgresql_where=sa.text("state = 'pending' AND next_attempt_at IS NULL"))
        batch_op.drop_column('replay_id')

    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.drop_index('ix_replays_running', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.drop_table('replays')
    op.drop_table('workers')
    with op.batch_alter_table('mails', schema=None) as batch_op:
        batch_op.drop_index('ix_mails_due', sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.drop_table('mails')

