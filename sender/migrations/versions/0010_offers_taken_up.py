"""Keep which offers of what was missed a replay took up

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.add_column(sa.Column('made_up', sa.JSON(), server_default='[]', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('replays', schema=None) as batch_op:
        batch_op.drop_column('made_up')
