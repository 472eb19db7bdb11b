"""Keep what endpoints granted when they were asked for permission

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.add_column(sa.Column('permitted_at', shared.database.Instant(), nullable=True))
        batch_op.add_column(sa.Column('permitted_origin', sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column('permitted_rate', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('webhooks', schema=None) as batch_op:
        batch_op.drop_column('permitted_rate')
        batch_op.drop_column('permitted_origin')
        batch_op.drop_column('permitted_at')
