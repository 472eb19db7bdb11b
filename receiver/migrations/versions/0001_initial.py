"""The first tables: bins and captures.

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op

import shared.database

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bins',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('slug', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('max_requests', sa.Integer(), nullable=False),
    sa.Column('captured_count', sa.BigInteger(), nullable=False),
    sa.Column('stored_count', sa.Integer(), nullable=False),
    sa.Column('last_captured_at', shared.database.Instant(), nullable=True),
    sa.Column('created_at', shared.database.Instant(), nullable=False),
    sa.Column('updated_at', shared.database.Instant(), nullable=False),
    sa.Column('response', sa.Text(), nullable=True),
    sa.Column('response_since', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('max_requests > 0', name=op.f('ck_bins_max_requests')),
    sa.CheckConstraint('stored_count >= 0 AND stored_count <= captured_count', name=op.f('ck_bins_counts')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bins')),
    sa.UniqueConstraint('slug', name=op.f('uq_bins_slug'))
    )
    op.create_table('captures',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('bin_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('received_at', shared.database.Instant(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('headers', sa.Text(), nullable=False),
    sa.Column('header_fidelity', sa.String(length=8), nullable=False),
    sa.Column('peer', sa.Text(), nullable=False),
    sa.Column('client', sa.Text(), nullable=False),
    sa.Column('body_size', sa.Integer(), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('response', sa.Text(), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['bin_id'], ['bins.id'], name=op.f('fk_captures_bin_id_bins'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_captures')),
    sa.UniqueConstraint('bin_id', 'position', name=op.f('uq_captures_bin_id'))
    )


def downgrade() -> None:
    op.drop_table('captures')
    op.drop_table('bins')
